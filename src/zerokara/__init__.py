"""zerokara: neural networks from first principles on NumPy, tuned by training whole populations at once."""

from zerokara.lazy import lazy_names
from zerokara.version import __version__ as __version__

TYPE_CHECKING = False  # As typing has it, without the time to import it.
if TYPE_CHECKING:
    from zerokara import callbacks, data, nn, optim, plot
    from zerokara.model import Model
    from zerokara.report.network.explain import explain
    from zerokara.report.network.inspection import inspect
    from zerokara.space.space import choice, integer, layers, log, powers, uniform
    from zerokara.study.saved import open
    from zerokara.study.study import Study
    from zerokara.train import Trainer
    from zerokara.tuning import resume, tune
else:  # A type checker would take any name for one of the package.
    __getattr__ = lazy_names(
        "zerokara",
        {
            **dict.fromkeys(("choice", "integer", "layers", "log", "powers", "uniform"), "space.space"),
            **dict.fromkeys(("resume", "tune"), "tuning"),
            "explain": "report.network.explain",
            "inspect": "report.network.inspection",
            "Model": "model",
            "open": "study.saved",
            "Study": "study.study",
            "Trainer": "train",
        },
    )

__all__ = [
    "Model",
    "Study",
    "Trainer",
    "callbacks",
    "choice",
    "data",
    "explain",
    "inspect",
    "integer",
    "layers",
    "log",
    "nn",
    "open",
    "optim",
    "plot",
    "powers",
    "resume",
    "tune",
    "uniform",
]

# `dir` shows what is public, and none of the modules that an import happens to load.
__dir__ = [*__all__, *(name for name in globals() if name.startswith("__"))].copy
