"""The APIs of the courses "Deep Learning from Scratch" and CS231n, on zerokara's layers; see `install`."""

from zerokara.classic.finder import install

__all__ = ["install"]
