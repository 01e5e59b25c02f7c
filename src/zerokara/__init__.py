"""zerokara: neural networks from first principles on NumPy, tuned by training whole populations at once."""

from zerokara import data, nn, optim
from zerokara.train import Trainer

__all__ = ["Trainer", "data", "nn", "optim"]
__version__ = "0.1.0"
