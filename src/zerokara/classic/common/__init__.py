"""``common`` of the book "Deep Learning from Scratch": layers, networks, optimizers and the trainer."""
