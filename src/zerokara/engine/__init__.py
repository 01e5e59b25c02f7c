"""Training populations: trials in shards, races at rungs, workers, checkpoints."""
