"""An import hook: course scripts import zerokara as ``common``, ``dataset``, ``cs231n``, ..."""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from zerokara.classic import display

HOME = "zerokara.classic"
NAMES = ("common", "dataset", "cs231n", "two_layer_net", "two_layer_net0", "keras")


def install(folder: str | Path = ".", title: str = "figure") -> None:
    """Let ``import common``, ``dataset``, ``cs231n``, ``two_layer_net``, ... import the course APIs of zerokara.

    A module of that name in ``folder`` takes precedence: chapters 4 and 5 have their own ``two_layer_net.py``.
    ``keras`` is provided only if Keras is not installed. Without a display, figures go to PNG files.

    Args:
        folder: the folder of the script; for a notebook the current one.
        title: the prefix of the names of PNG files.
    """
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    # First in the list: an installed package of the same name is not the course's.
    sys.meta_path.insert(0, Finder(Path(folder).resolve()))
    display.to_files(title)


class Finder(MetaPathFinder):
    """Finds the modules of `NAMES`, and their submodules, in ``zerokara.classic``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        first, *rest = fullname.split(".")
        ours = getattr(sys.modules.get(first), "__name__", None) == f"{HOME}.{first}"
        if first not in NAMES or not (ours if rest else self._wanted(first)):
            return None
        spec = find_spec(f"{HOME}.{fullname}")
        if spec is None:
            return None
        return ModuleSpec(fullname, _Alias(spec.name), is_package=spec.submodule_search_locations is not None)

    def _wanted(self, first: str) -> bool:
        """Return whether no other module has this name; a folder that is not a package does not count."""
        other = PathFinder.find_spec(first, None if first == "keras" else [str(self.folder)])
        return other is None or other.loader is None


class _Alias(Loader):
    """Gives a module a second name; both names are one module, so that its classes are the same."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.name)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec
