"""Optuna without its log messages, and without the advice of a library that it imports."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from zerokara.errors import needs


@contextmanager
def quiet() -> Iterator[None]:
    """Hide Optuna's log messages below warnings; nothing to do where Optuna is not imported."""
    optuna = sys.modules.get("optuna")
    if optuna is None:
        yield
        return
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(verbosity, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(verbosity)


def import_optuna() -> None:
    """Import Optuna; in a notebook without ipywidgets its library tqdm would advise to install them.

    Raises:
        InputError: Optuna is not installed.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")
        with needs("samplers other than random, and studies in a database,", "optuna"):
            import optuna  # noqa: F401
