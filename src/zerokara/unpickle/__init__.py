"""Old pickles of arrays, read without running anything in them."""

from zerokara.unpickle.load import load_pickle, text_keys

__all__ = ["load_pickle", "text_keys"]
