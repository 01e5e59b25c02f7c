"""Ranges as text: what stands after ``--search``."""

from collections.abc import Callable, Iterable
from typing import Any

from zerokara.errors import InputError, unknown
from zerokara.space.adapters import Quantile
from zerokara.space.distributions import Choice, Distribution, Integer, Log, Single, Uniform
from zerokara.space.structures import Layers, Powers

SYNTAX = {
    "log": "log:LOW:HIGH",
    "uniform": "uniform:LOW:HIGH[:STEP]",
    "integer": "integer:LOW:HIGH[:STEP]",
    "powers": "powers:LOW:HIGH",
    "choice": "choice:A|B|C",
    "layers": "layers:FEWEST:MOST:LOW:HIGH",
    "scipy": "scipy:FAMILY[:ARGUMENT...]",
}
"""How a range is written after ``NAME=``.

An integer's STEP may be ``log``, for every power of ten alike. The widths of layers are the powers of two from LOW to
HIGH; in place of them another range may stand, as in ``layers:1:4:integer:50:200:50`` and ``layers:1:4:choice:50|80``.
"""


def read_range(text: str) -> Distribution:
    """Return the range that a text names.

    >>> read_range("log:1e-6:1e-2"), read_range("layers:1:3:64:256")
    (Log(low=1e-06, high=0.01), Layers(depth=Integer(low=1, high=3, step=1, log=False), width=Powers(low=64, high=256)))
    """
    kind, _, body = text.partition(":")
    if kind not in SYNTAX:
        raise unknown("kind of range", kind, SYNTAX)
    parts = body.split(":")
    if kind == "choice":
        return Choice(tuple(body.split("|")))
    if kind == "scipy":
        return _scipy(parts)
    if kind == "layers":
        return _layers(parts)
    if not 2 <= len(parts) <= SYNTAX[kind].count(":"):
        raise _miswritten(kind, parts)
    if kind in ("log", "uniform"):
        return (Log if kind == "log" else Uniform)(*_parse_numbers(float, parts))
    if kind == "powers":
        return Powers(*_parse_numbers(int, parts))
    on_log = parts[2:] == ["log"]
    low, high, *step = _parse_numbers(int, parts[:2] if on_log else parts)
    return Integer(low, high, step[0] if step else 1, on_log)


def _scipy(parts: list[str]) -> Distribution:
    named = dict(part.split("=", 1) for part in parts if "=" in part)
    args = _parse_numbers(float, [part for part in parts[1:] if "=" not in part])
    return Quantile(parts[0], tuple(args), tuple(zip(named, _parse_numbers(float, named.values()), strict=True)))


def _layers(parts: list[str]) -> Distribution:
    if len(parts) < 4:
        raise _miswritten("layers", parts)
    depth = Integer(*_parse_numbers(int, parts[:2]))
    if parts[2] not in SYNTAX and len(parts) == 4:
        return Layers(depth, Powers(*_parse_numbers(int, parts[2:])))
    width = read_range(":".join(parts[2:]))
    if not isinstance(width, Single):
        raise InputError(f"a width is a range of numbers, got {':'.join(parts[2:])!r}: write {SYNTAX['layers']}")
    return Layers(depth, width)


def _parse_numbers(read: Callable[[str], Any], parts: Iterable[str]) -> list[Any]:
    try:
        return [read(part) for part in parts]
    except ValueError as error:
        what = "whole numbers" if read is int else "numbers"
        raise InputError(f"a range must have {what}, got {':'.join(parts)!r}: mend it") from error


def _miswritten(kind: str, parts: list[str]) -> InputError:
    return InputError(f"it must be written {SYNTAX[kind]}, got {len(parts)} parts after {kind}: mend it")
