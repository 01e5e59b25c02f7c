"""Training: the trainer, its curves, and early stopping."""

from zerokara.train.history import Epoch, History
from zerokara.train.metrics import evaluate
from zerokara.train.stopping import EarlyStopping
from zerokara.train.trainer import Trainer

__all__ = ["EarlyStopping", "Epoch", "History", "Trainer", "evaluate"]
