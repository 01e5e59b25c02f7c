"""Data: named sets, files, folders and arrays, as one `Dataset`."""

from zerokara.data.build import from_arrays
from zerokara.data.catalog import Available, available, load
from zerokara.data.dataset import Dataset
from zerokara.data.fetch import fetch
from zerokara.data.folder import read_image
from zerokara.data.part import Part
from zerokara.data.preprocess import Preprocess
from zerokara.data.targets import Task

__all__ = [
    "Available",
    "Dataset",
    "Part",
    "Preprocess",
    "Task",
    "available",
    "fetch",
    "from_arrays",
    "load",
    "read_image",
]
