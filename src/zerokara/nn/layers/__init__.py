"""Layers: each with its forward pass, and its backward pass directly below."""
