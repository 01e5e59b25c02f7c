"""The commands gradcheck and inspect: the numbers within a network."""
