"""Course scripts find zerokara under the names that they import: ``common``, ``dataset``, ``cs231n``, ..."""

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
    """Let ``import common``, ``dataset``, ``cs231n``, ``two_layer_net``, ... find the course APIs of zerokara.

    A module of that name in ``folder`` wins: chapters 4 and 5 have a ``two_layer_net.py`` of their own. ``keras``
    is served only where Keras is not installed. Where there is no display, figures go to PNG files.

    Args:
        folder: where the script is; a notebook's is the current one.
        title: what the names of PNG files begin with.
    """
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    # Ahead of the others: a package of such a name that happens to be installed is not the course's.
    sys.meta_path.insert(0, Finder(Path(folder).resolve()))
    display.to_files(title)


class Finder(MetaPathFinder):
    """Finds the modules of `NAMES`, and those within them, in ``zerokara.classic``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        first, *rest = fullname.split(".")
        if first not in NAMES or not (self._ours(first) if rest else self._wanted(first)):
            return None
        found = find_spec(f"{HOME}.{fullname}")
        if found is None:
            return None
        return ModuleSpec(fullname, _Alias(found.name), is_package=found.submodule_search_locations is not None)

    def _ours(self, first: str) -> bool:
        return getattr(sys.modules.get(first), "__name__", None) == f"{HOME}.{first}"

    def _wanted(self, first: str) -> bool:
        """Return whether there is no other; a folder that is no package, of data perhaps, is none."""
        other = PathFinder.find_spec(first, None if first == "keras" else [str(self.folder)])
        return other is None or other.loader is None


class _Alias(Loader):
    """Gives a module a second name: both are one module, so that its classes are the same under either."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.name)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec
