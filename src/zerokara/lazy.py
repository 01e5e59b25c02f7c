"""Names of the package that are imported when they are first used, so that `import zerokara` is fast."""

TYPE_CHECKING = False  # As typing has it, without the time to import it.
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


def lazy_names(package: str, homes: "Mapping[str, str]") -> "Callable[[str], Any]":
    """Return the ``__getattr__`` of a package: it imports a name from its home, or a submodule of that name.

    Args:
        package: the package's name.
        homes: the module of each name, relative to the package.

    >>> get = lazy_names("zerokara", {"Dataset": "data"})
    >>> get("Dataset").__name__, get("errors").__name__
    ('Dataset', 'zerokara.errors')
    """

    def get(name: str) -> "Any":
        import importlib
        import sys

        if name in homes:
            value = getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
        else:
            module = f"{package}.{name}"
            try:
                value = importlib.import_module(module)
            except ModuleNotFoundError as error:
                if error.name != module:
                    raise
                raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name) from None
        setattr(sys.modules[package], name, value)
        return value

    return get
