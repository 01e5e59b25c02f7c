"""Old pickles of arrays, read without running anything: NumPy arrays, numbers, text and plain containers, no more."""

from zerokara.unpickle.load import load_pickle

__all__ = ["load_pickle"]
