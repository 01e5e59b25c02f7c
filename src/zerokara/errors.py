"""Errors that people read: the rule, what was got, and the remedy."""

import difflib
from collections.abc import Iterable


class ZerokaraError(Exception):
    """Whatever zerokara itself reports; the command line prints it without a traceback."""

    exit_code = 1


class InputError(ZerokaraError, ValueError):
    """The caller gave something that breaks a rule; changing the input mends it."""

    exit_code = 2


class OutsideError(ZerokaraError, OSError):
    """Something outside failed: a disk, a server, a worker. The input may be fine."""

    exit_code = 1


class DatabaseError(OutsideError):
    """A database does not answer, or refuses."""


def unknown(what: str, name: str, known: Iterable[str]) -> InputError:
    """Return the error for a name that is not among the known ones, offering the nearest.

    >>> print(unknown("dataset", "minst", ["digits", "mnist"]))
    unknown dataset 'minst': did you mean 'mnist'? Known: digits, mnist
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=2, cutoff=0.5)
    offer = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    return InputError(f"unknown {what} {name!r}: {offer}Known: {', '.join(names)}")
