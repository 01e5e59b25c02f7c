"""Exceptions. Each message states the rule, what was got, and a remedy."""

import difflib
import shlex
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = str(Path(__file__).parent)


class ZerokaraError(Exception):
    """Base class of the errors that zerokara raises; the command line prints them without a traceback."""

    exit_code = 1


class InputError(ZerokaraError, ValueError):
    """An argument, an option or a file breaks a rule; changing the input fixes it."""

    exit_code = 2


class OutsideError(ZerokaraError, OSError):
    """A failure outside zerokara: a disk, a server, a worker. The input may be valid."""

    exit_code = 1


class DatabaseError(OutsideError):
    """A database does not respond, or refuses a request."""


class ZerokaraWarning(UserWarning):
    """Something was guessed, left out or converted; the command line prints it as a note."""


def warn(text: str) -> None:
    """Issue a `ZerokaraWarning` at the line outside the package that led here."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, ZerokaraWarning, stacklevel=level)


def command_line(*words: object) -> str:
    """Return a command of zerokara as a shell reads it, for the remedy of an error.

    >>> command_line("resume", "my runs/a", "--repair")
    "zerokara resume 'my runs/a' --repair"
    """
    return shlex.join(["zerokara", *map(str, words)])


def reading(options: str, **argument: object) -> str:
    """Return how to say how a table is read, on the command line and in Python, for the remedy of an error.

    >>> reading("--drop 'd'", drop=["d"])
    "--drop 'd', in Python drop=['d'] of zk.data.load or zk.data.from_table"
    """
    given = ", ".join(f"{name}={value!r}" for name, value in argument.items())
    return f"{options}, in Python {given} of zk.data.load or zk.data.from_table"


def install(*packages: str) -> str:
    """Return the command that installs packages, for the remedy of an error.

    >>> install("narwhals", "pyarrow")
    'python -m pip install narwhals pyarrow'
    """
    return f"python -m pip install {' '.join(packages)}"


@contextmanager
def needs(what: str, package: str, module: str = "") -> Iterator[None]:
    """Turn the failed import of an optional package into an error with the command that installs it.

    Args:
        what: what needs it, in the plural.
        package: its name for pip; ``module`` is the name that is imported, if it is another.

    >>> with needs("pictures", "pillow", "PIL"):
    ...     raise ModuleNotFoundError(name="PIL.Image")
    Traceback (most recent call last):
        ...
    zerokara.errors.InputError: pictures need pillow, which is not installed: python -m pip install pillow
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != (module or package):
            raise
        raise InputError(f"{what} need {package}, which is not installed: {install(package)}") from error


def unknown(what: str, name: str, known: Iterable[str]) -> InputError:
    """Return the error for an unknown name, with the most similar known names.

    >>> print(unknown("dataset", "minst", ["digits", "mnist"]))
    unknown dataset 'minst': did you mean 'mnist'? Known: digits, mnist
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=2, cutoff=0.5)
    offer = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    return InputError(f"unknown {what} {name!r}: {offer}Known: {', '.join(names)}")
