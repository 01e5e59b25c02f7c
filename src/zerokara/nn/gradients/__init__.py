"""Gradient checks: each analytic gradient is compared with a central difference of the loss."""
