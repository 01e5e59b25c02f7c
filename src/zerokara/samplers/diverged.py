"""The value of a diverged trial in Optuna's study."""

DIVERGED = 1e39
"""Above every float32 value, but finite: Optuna's samplers ignore NaN."""
