"""What a model's ``about`` says, and the types of the entries that are read; other entries may be anything."""

from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, NotRequired, TypedDict, get_args, get_origin, get_type_hints, is_typeddict

import numpy as np

from zerokara.checks import is_of
from zerokara.data import Dataset
from zerokara.errors import InputError
from zerokara.pictures import describe_pixels
from zerokara.version import __version__


class _Split(TypedDict, total=False):
    train_size: int | None
    validation: float | None
    test: float | None
    seed: int
    stratify: bool | None


class _Pixels(TypedDict):
    low: float
    high: float
    background: float
    brightest_border: NotRequired[float]


class _Table(TypedDict, total=False):
    left_out: list[str] | None


class _About(TypedDict, total=False):
    dataset: str | None
    data_sha256: str | None
    split_settings: _Split | None
    pixels: _Pixels | None
    table: _Table | None
    features: list[str] | None
    loss: str | None


def with_origin(about: Mapping[str, Any], data: Dataset) -> dict[str, Any]:
    """Return ``about`` with the entries that say which data a model was trained on, unless it has them."""
    given = dict(about)
    if "data_sha256" not in given:
        given["data_sha256"] = data.fingerprint()
    origin: dict[str, Any] = {
        "dataset": data.name,
        "split_settings": dict(data.split_settings),
        "zerokara": __version__,
        "numpy": np.__version__,
        "pixels": describe_pixels(data),
    }
    if (table := data.train.table) is not None:
        left_out = [column.name for column in table.column_info if column.role == "left out"]
        origin["table"] = {**table.settings, "left_out": left_out}
    return origin | given


def common(abouts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the entries that are equal in all of them.

    >>> common([{"seed": 1, "params": {"lr": 0.1}}, {"seed": 1, "params": {"lr": 0.2}}])
    {'seed': 1}
    """
    first, *others = abouts
    alike = {name: repr(value) for name, value in first.items()}
    return {
        name: value
        for name, value in first.items()
        if all(name in each and repr(each[name]) == alike[name] for each in others)
    }


def check_about(about: Mapping[str, Any]) -> None:
    """Raise InputError unless the entries that are read have their types, as in JSON.

    >>> check_about({"dataset": "digits", "pixels": {"low": 0}})
    Traceback (most recent call last):
        ...
    zerokara.errors.InputError: 'pixels' in about must be as a model writes it, got {'low': 0}: leave it out
    """
    for name, kind in get_type_hints(_About).items():
        if name in about and not _fits(about[name], kind):
            raise InputError(f"{name!r} in about must be as a model writes it, got {about[name]!r:.80}: leave it out")


def _fits(value: Any, kind: Any) -> bool:
    if get_origin(kind) is UnionType:
        return any(_fits(value, part) for part in get_args(kind))
    if not is_typeddict(kind):
        return is_of(value, kind)
    fields = get_type_hints(kind)
    required = kind.__required_keys__
    return (
        isinstance(value, dict)
        and required <= value.keys()
        and all(_fits(value[name], fields[name]) for name in fields.keys() & value.keys())
    )
