"""Figures of networks and optimizers, without a study."""
