"""What is read of a model's ``about``, and the types that it must have there; other entries may be anything."""

from collections.abc import Mapping
from types import UnionType
from typing import Any, NotRequired, TypedDict, get_args, get_origin, get_type_hints, is_typeddict

from zerokara.checks import is_of
from zerokara.errors import InputError


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
