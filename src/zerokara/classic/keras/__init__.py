"""What course scripts use of Keras, where Keras is not installed."""
