"""Where data come from, one file for each source."""
