"""Training: the trainer, the curves it leaves, and early stopping."""

from zerokara.train.history import Epoch, History
from zerokara.train.metrics import evaluate
from zerokara.train.stopping import Patience
from zerokara.train.trainer import Trainer

__all__ = ["Epoch", "History", "Patience", "Trainer", "evaluate"]
