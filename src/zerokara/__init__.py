"""zerokara: neural networks from first principles on NumPy, tuned by training whole populations at once."""

from zerokara import data, nn, optim
from zerokara.model import Model
from zerokara.space.space import choice, integer, layers, log, powers, uniform
from zerokara.study.study import Study
from zerokara.train import Trainer
from zerokara.tuning import resume, tune
from zerokara.version import __version__ as __version__

__all__ = [
    "Model",
    "Study",
    "Trainer",
    "choice",
    "data",
    "integer",
    "layers",
    "log",
    "nn",
    "optim",
    "powers",
    "resume",
    "tune",
    "uniform",
]

# `dir` shows what is public, and none of the modules that an import happens to load.
__dir__ = [*__all__, *(name for name in globals() if name.startswith("__"))].copy
