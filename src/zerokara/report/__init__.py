"""Reports: what a run folder holds, plain plot data, and the figures drawn from it."""
