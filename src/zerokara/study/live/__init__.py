"""How other processes watch a running search, and stop it."""
