"""The contestants of the benchmark of tables, each of which fits one training part of one table."""
