"""An import hook: course scripts import zerokara as ``common``, ``dataset``, ``cs231n``, ..., or their own."""

import importlib
import os
import sys
from collections.abc import Callable, Sequence
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

    A learner's own modules of these names take precedence, one by one: those in ``folder``, then those in folders that
    were added to ``sys.path``, such as ``os.pardir``. zerokara's are used for the modules that they lack.
    ``keras`` is provided only if Keras is not installed. Without a display, figures go to PNG files.

    Args:
        folder: the folder of the script; for a notebook the current one.
        title: the prefix of the names of PNG files.
    """
    before = [finder for finder in sys.meta_path if isinstance(finder, Finder)]
    installed = before[0].installed if before else {entry for entry in sys.path if not _added(entry)}
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder not in before]
    # First in the list: an installed package of the same name is not the course's.
    sys.meta_path.insert(0, Finder(Path(folder).resolve(), installed))
    display.to_files(title)
    if not before:
        for name, action in display.AFTER_IMPORT.items():
            if name in sys.modules:
                action(sys.modules[name])


def _added(entry: str) -> bool:
    """Return whether someone added an entry to ``sys.path``: a relative one, or one of PYTHONPATH."""
    return not os.path.isabs(entry) or entry in os.environ.get("PYTHONPATH", "").split(os.pathsep)


class Finder(MetaPathFinder):
    """Finds the modules of `NAMES`, and their submodules: a learner's own, else those in ``zerokara.classic``."""

    def __init__(self, folder: Path, installed: set[str]) -> None:
        self.folder, self.installed = folder, installed

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        first, *rest = fullname.split(".")
        parent = sys.modules.get(fullname.rpartition(".")[0])
        if fullname in display.AFTER_IMPORT:
            return _then(PathFinder.find_spec(fullname, path), display.AFTER_IMPORT[fullname])
        if first not in NAMES:
            return None
        if rest and getattr(parent, "__name__", "").startswith(HOME):
            own = None
        elif first == "keras":
            return None if rest or PathFinder.find_spec(first) else _alias(first)
        else:
            own = PathFinder.find_spec(fullname, path if rest else self._folders())
        if own is not None and own.loader is not None:
            return own
        ours = _alias(fullname)
        if own is not None and ours is not None and ours.submodule_search_locations is not None:
            # A folder without __init__.py: its modules, if any, come first.
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = list(own.submodule_search_locations or ())
            return spec
        return ours

    def _folders(self) -> list[str]:
        return [str(self.folder), *(entry or "." for entry in sys.path if entry not in self.installed)]


def _then(spec: ModuleSpec | None, action: Callable[[ModuleType], None]) -> ModuleSpec | None:
    """Return the spec of a module on which an action is taken once it is imported."""
    if spec is not None and spec.loader is not None:
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            action(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
    return spec


def _alias(fullname: str) -> ModuleSpec | None:
    """Return the spec of a module of zerokara under a course's name, or None if zerokara has no such module."""
    spec = find_spec(f"{HOME}.{fullname}")
    if spec is None:
        return None
    return ModuleSpec(fullname, _Alias(spec.name), is_package=spec.submodule_search_locations is not None)


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
