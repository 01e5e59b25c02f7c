"""The search space: hyperparameters, their ranges, and the text forms of both."""
