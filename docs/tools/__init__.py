"""What the site is built and checked with."""
