"""Callbacks: objects that a search calls at every generation, rung and end of a trial, and that may end it."""

from zerokara.callbacks.table import CSV as CSV
from zerokara.callbacks.tensorboard import TensorBoard as TensorBoard
from zerokara.callbacks.time_limit import TimeLimit as TimeLimit
from zerokara.study.events import Callback as Callback
from zerokara.study.events import Search as Search

__all__ = ["CSV", "Callback", "Search", "TensorBoard", "TimeLimit"]
