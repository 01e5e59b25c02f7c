"""What is searched: hyperparameters, their ranges, and the text forms of both."""
