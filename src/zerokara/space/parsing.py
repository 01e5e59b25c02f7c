"""Ranges as text, as in ``--search NAME=KIND:...``."""

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
"""The syntax of each kind of range.

The STEP of an integer may be ``log``, for a log scale. The widths of layers are the powers of two from LOW to HIGH, or
another range of whole numbers, as in ``layers:1:4:integer:50:200:50`` and ``layers:1:4:choice:50|80``.
"""


def read_range(text: str) -> Distribution:
    """Return the range that a text describes.

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
        named = dict(part.split("=", 1) for part in parts if "=" in part)
        args = _parse_numbers(float, kind, [part for part in parts[1:] if "=" not in part])
        return Quantile(
            parts[0], tuple(args), tuple(zip(named, _parse_numbers(float, kind, named.values()), strict=True))
        )
    least, most = SYNTAX[kind].split("[")[0].count(":"), SYNTAX[kind].count(":")
    if len(parts) < least or (len(parts) > most and kind != "layers"):
        raise InputError(f"invalid range {text!r}: expected {SYNTAX[kind]}")
    if kind == "layers":
        return _layers(parts)
    if kind in ("log", "uniform"):
        return (Log if kind == "log" else Uniform)(*_parse_numbers(float, kind, parts))
    if kind == "powers":
        return Powers(*_parse_numbers(int, kind, parts))
    on_log = parts[2:] == ["log"]
    low, high, *step = _parse_numbers(int, kind, parts[:2] if on_log else parts)
    return Integer(low, high, step[0] if step else 1, on_log)


def _layers(parts: list[str]) -> Distribution:
    depth = Integer(*_parse_numbers(int, "layers", parts[:2]))
    if parts[2] not in SYNTAX and len(parts) == 4:
        return Layers(depth, Powers(*_parse_numbers(int, "layers", parts[2:])))
    width = read_range(":".join(parts[2:]))
    if not isinstance(width, Single):
        raise InputError(
            f"a width must be a range of whole numbers, got {':'.join(parts[2:])!r}: write {SYNTAX['layers']}"
        )
    return Layers(depth, width)


def _parse_numbers(read: Callable[[str], Any], kind: str, parts: Iterable[str]) -> list[Any]:
    try:
        return [read(part) for part in parts]
    except ValueError as error:
        what = "whole numbers" if read is int else "numbers"
        raise InputError(f"invalid range {':'.join([kind, *parts])!r}: expected {SYNTAX[kind]} with {what}") from error
