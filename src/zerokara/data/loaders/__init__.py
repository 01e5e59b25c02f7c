"""Loaders of datasets, one file for each kind of source."""
