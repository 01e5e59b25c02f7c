"""The settings of a search: name, type, default, check and help of each are said here and in study/settings.py alone.

`zerokara.tune`, the options of the command line, the keys of a config file and the plan follow from these classes.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from zerokara.checks import check_counts
from zerokara.data.augment import Augment
from zerokara.errors import InputError, unknown

T = TypeVar("T")
Group = Literal["Search", "Training", "Run", "Python"]
"""Where the command line lists a setting; those of Python have no option."""


def setting(
    default: T,
    help: str,
    *,
    group: Group = "Training",
    check: Callable[[str, Any], None] | None = None,
    shown: str | None = None,
    option: Any = None,
    config: bool = True,
) -> T:
    """Return the field of a setting.

    Args:
        default: the value if it is not given.
        help: what it is, for the docstring and for the command line.
        group: the group of its option.
        check: raises InputError for a name and a value that breaks the rule; None is not checked if it is the default.
        shown: the default in words, where ``default`` does not tell.
        option: the type of its option, if it is another one than in Python.
        config: whether a run's config has it.
    """
    metadata = {"help": help, "group": group, "check": check, "shown": shown, "option": option, "config": config}
    return dataclasses.field(default=default, metadata=metadata)


def count(least: int = 1) -> Callable[[str, Any], None]:
    """Return the check of a whole number of at least ``least``."""
    return lambda name, value: check_counts(least, **{name: value})


def one_of(*names: str) -> Callable[[str, Any], None]:
    """Return the check of a name among these."""

    def check(name: str, value: Any) -> None:
        if value not in names:
            raise unknown(name, str(value), names)

    return check


def a_text(name: str, value: Any) -> None:
    """Raise InputError for what is no text."""
    if not isinstance(value, str):
        raise InputError(f"{name} must be a text, got {value!r}: put it in quotes")


RANKS = ("loss", "accuracy")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How all trials of a study train; every value is checked.

    Raises:
        InputError: a value breaks its rule.
    """

    epochs: int = setting(50, "The passes over the training samples.", check=count())
    rank: Literal["loss", "accuracy"] = setting(
        "loss", "The validation metric by which trials are ranked; in regression, accuracy is R2.", check=one_of(*RANKS)
    )
    keep_best: bool = setting(False, "Use the weights and the score of a network's best epoch instead of its last.")
    patience: int | None = setting(
        None,
        "Stop a network after this many epochs in a row without improvement.",
        check=count(),
        shown="no early stopping",
    )
    seeds: int = setting(1, "The number of initializations of each trial; its score is their mean.", check=count())
    folds: int = setting(
        1,
        "The number of cross-validation folds of each trial, from the training and validation samples.",
        check=count(),
    )
    evaluate_train_every: int = setting(1, "The epochs between two evaluations on the training samples.", check=count())
    seed: int = setting(0, "The seed of all random draws.", check=count(0))
    replicate: int = setting(
        0, "Another set of draws of the same seed: initial weights, order of the samples, dropout.", check=count(0)
    )
    dtype: Literal["float32", "float64"] = setting(
        "float32", "The floating-point precision.", check=one_of("float32", "float64")
    )
    augment: str | Augment | None = setting(
        None,
        "Random augmentation of pictures at each step: none, flip (half are mirrored), shift:PIXELS, or "
        "flip,shift:PIXELS.",
        shown="none",
        option=str | None,
    )
    paired: bool = setting(
        True,
        "Let trials share random draws (mini-batches, dropout, initial weights), for a paired comparison.",
        group="Search",
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            check, value = field.metadata.get("check"), getattr(self, field.name)
            if check and not (value is None and field.default is None):
                check(field.name, value)


def values_of(settings: Any, kind: type = TrainingSettings) -> dict[str, Any]:
    """Return the values of the settings that ``kind`` has, by name."""
    return {field.name: getattr(settings, field.name) for field in dataclasses.fields(kind)}


def in_config(kind: type, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of ``kind`` that the content of a config file has, by name."""
    names = [field.name for field in dataclasses.fields(kind) if field.metadata.get("config")]
    return {name: content[name] for name in names if name in content}
