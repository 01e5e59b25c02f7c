"""Datasets: by name, from files, folders, tables and arrays, as one `Dataset`."""

from zerokara.data.columns.encoder import Encoder
from zerokara.data.dataset import Dataset
from zerokara.data.download.fetch import fetch
from zerokara.data.loaders.arrays import from_arrays
from zerokara.data.loaders.catalog import Available, available, load
from zerokara.data.loaders.given import as_dataset
from zerokara.data.loaders.tables import from_table
from zerokara.data.part import Part
from zerokara.data.preprocess import Preprocess
from zerokara.data.targets import Task

__all__ = [
    "Available",
    "Dataset",
    "Encoder",
    "Part",
    "Preprocess",
    "Task",
    "as_dataset",
    "available",
    "fetch",
    "from_arrays",
    "from_table",
    "load",
]
