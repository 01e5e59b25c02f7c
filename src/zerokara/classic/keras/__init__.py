"""The parts of Keras that course scripts use, if Keras is not installed."""
