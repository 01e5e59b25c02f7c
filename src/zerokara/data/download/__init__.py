"""Downloads of named datasets: mirrors, checksums and the cache."""
