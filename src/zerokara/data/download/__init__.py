"""Named datasets from the network: mirrors, checksums, the cache."""
