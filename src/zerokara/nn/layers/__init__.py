"""Layers: a forward pass with its backward pass right below."""
