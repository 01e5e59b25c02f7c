"""The compiled epoch: one network at a time through its steps, in C; the NumPy layers define what it computes."""
