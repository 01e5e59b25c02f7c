"""The parts of the benchmark beside the contestants: each is a function from what was asked to its text."""
