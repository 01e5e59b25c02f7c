"""Trials that the user asks for: values of some hyperparameters, as a mapping or as a text."""

from collections.abc import Mapping
from typing import Any

from zerokara.errors import InputError
from zerokara.space.hyperparameters import lookup, to_text


def read_first(given: "str | Mapping[str, Any]") -> dict[str, Any]:
    """Return the hyperparameters of a trial that was asked for.

    Raises:
        InputError: a name is unknown, a value is invalid, or the text has another form.

    >>> read_first("lr=0.01 hidden=100,50"), read_first({"lr": 1})
    ({'lr': 0.01, 'hidden': (100, 50)}, {'lr': 1.0})
    """
    if isinstance(given, Mapping):
        return {name: lookup(name).check(value) for name, value in given.items()}
    if not isinstance(given, str) or not all("=" in part for part in given.split()):
        raise InputError(
            f"a first trial must be NAME=VALUE NAME=VALUE ..., got {given!r:.80}: write 'lr=0.01 hidden=100'"
        )
    pairs = dict(part.split("=", 1) for part in given.split())
    if len(pairs) < len(given.split()):
        raise InputError(f"a first trial must have each name once, got {given!r:.80}: remove one")
    return {name: lookup(name).parse(value) for name, value in pairs.items()}


def first_text(given: "str | Mapping[str, Any]") -> str:
    """Return a trial that was asked for as a text in canonical form."""
    return " ".join(f"{name}={to_text(value)}" for name, value in read_first(given).items())


def check_first(name: str, value: Any) -> None:
    """Raise InputError unless this is a list of trials."""
    if not isinstance(value, list | tuple):
        raise InputError(f"{name} must be a list of trials, got {value!r:.80}: write [{{'lr': 0.01}}]")
    for each in value:
        read_first(each)
