"""Samplers: they propose the hyperparameters of the next trials."""
