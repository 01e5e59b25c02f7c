"""The benchmark: `python -m benchmarks` runs zerokara and its rivals on the same works."""
