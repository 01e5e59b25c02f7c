"""The value that samplers are given for a trial that diverged."""

DIVERGED = 1e39
"""Above every float32, yet finite: Optuna's samplers drop a NaN."""
