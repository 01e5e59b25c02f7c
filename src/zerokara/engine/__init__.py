"""Training populations: trials in shards, schedulers, workers, checkpoints."""
