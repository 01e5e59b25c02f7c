"""``cs231n`` of assignment 1 of CS231n, Convolutional Neural Networks for Visual Recognition."""
