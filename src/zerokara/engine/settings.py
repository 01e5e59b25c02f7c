"""The settings of training: name, type, default, check and help text of each.

With study/settings.py this is the only definition: `zerokara.tune`, the options of the command line, the keys of a
config file and the plan are derived from these classes.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from zerokara.checks import check_counts, require_flag
from zerokara.data.augment import Augment
from zerokara.errors import InputError, unknown
from zerokara.nn.regression_losses import check_loss
from zerokara.space.first import check_first
from zerokara.train.engine import EngineName, check_engine
from zerokara.train.objective import ClassWeight, check_class_weight
from zerokara.train.ranking import RANKS, Rank, check_rank

T = TypeVar("T")
Group = Literal["Search", "Training", "Run", "Python"]
"""The group of options that the command line lists a setting in; settings of Python have no option."""


def setting(
    default: T,
    help: str,
    *,
    group: Group = "Training",
    check: Callable[[str, Any], None] | None = None,
    shown: str | None = None,
    option: Any = None,
    config: bool | None = None,
) -> T:
    """Return the field of a setting.

    Args:
        default: the default value.
        help: the help text, in Python and on the command line.
        group: the group of its option.
        check: called with a name and a value; raises InputError for an invalid value. A default of None is not
            checked. Where ``default`` is True or False, the value must be one of them.
        shown: the default in words, if ``default`` does not say it.
        option: the type of its option, if it differs from the type in Python.
        config: whether a run's config contains it; by default those of Search and Training.
    """
    check = check or (require_flag if isinstance(default, bool) else None)
    metadata = {"help": help, "group": group, "check": check, "shown": shown, "option": option}
    metadata["config"] = group in ("Search", "Training") if config is None else config
    return dataclasses.field(default=default, metadata=metadata)


def at_least(least: int) -> Callable[[str, Any], None]:
    """Return the check for a whole number of at least ``least``."""
    return lambda name, value: check_counts(least, **{name: value})


def one_of(*names: str) -> Callable[[str, Any], None]:
    """Return the check for one of these names."""

    def check(name: str, value: Any) -> None:
        if value not in names:
            raise unknown(name, str(value), names)

    return check


def is_text(name: str, value: Any) -> None:
    """Raise InputError for a value that is not a string."""
    if not isinstance(value, str):
        raise InputError(f"{name} must be a string, got {value!r}: put it in quotes")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How the trials of a study are trained and ranked. Every value is checked.

    Raises:
        InputError: a value breaks its rule.
    """

    epochs: int = setting(50, "The number of epochs: passes over the training samples.", check=at_least(1))
    rank: Rank = setting(
        "loss",
        "The validation metric that ranks the trials. In Python also a function of targets and predictions, which "
        "returns a number, higher is better, or (function, 'minimize').",
        check=check_rank,
        option=Literal[*RANKS],
    )
    loss: str | None = setting(
        None,
        "The loss of a regression: squared, absolute, huber[:DELTA] (DELTA in standard deviations of the target) or "
        "poisson, for counts.",
        check=check_loss,
        shown="squared in regression; cross-entropy for classes and labels",
    )
    class_weight: ClassWeight | None = setting(
        None,
        "The weights of the classes in the loss: balanced, or by name, such as no=1,yes=10; in Python also a mapping. "
        "Scores are not weighted by them.",
        check=check_class_weight,
        shown="all classes alike",
        option=str | None,
    )
    keep_best: bool = setting(True, "Judge a network at its best epoch, and keep those weights; else at its last.")
    patience: int | None = setting(
        None,
        "Stop training a network after this many consecutive epochs without improvement.",
        check=at_least(1),
        shown="no early stopping; of a default search of a table 32, with seconds or one validation part 16",
    )
    seeds: int = setting(1, "The number of initializations of each trial; its score is their mean.", check=at_least(1))
    folds: int = setting(
        1,
        "The number of cross-validation folds of each trial, cut from the training and validation samples.",
        check=at_least(1),
    )
    evaluate_train_every: int = setting(
        1, "The interval between evaluations on the training samples, in epochs.", check=at_least(1)
    )
    seed: int = setting(0, "The seed of all random draws.", check=at_least(0))
    replicate: int = setting(
        0,
        "One of many sets of random draws (initial weights, order of samples, dropout) of the seed.",
        check=at_least(0),
    )
    dtype: Literal["float32", "float64"] = setting(
        "float32", "The floating-point precision.", check=one_of("float32", "float64")
    )
    engine: EngineName = setting(
        "auto",
        "What computes: native, the compiled kernel; numpy, whose results differ in the last bits; auto, the kernel "
        "where there is one for the layers and the precision.",
        check=check_engine,
    )
    augment: str | Augment | None = setting(
        None,
        "Random augmentation of pictures at each step: none, flip (mirrors half of them), shift:PIXELS, or "
        "flip,shift:PIXELS.",
        shown="none",
        option=str | None,
    )
    first: Sequence[str | Mapping[str, Any]] = setting(
        (),
        'Hyperparameters of the first trials, such as "lr=0.001 hidden=100"; the sampler draws the others. These '
        "trials train to the end, whatever the race does, and may be repeated.",
        group="Search",
        check=check_first,
        shown="none; of a default search of a table its default networks",
        option=tuple[str, ...],
    )
    paired: bool = setting(
        True,
        "Let trials share random draws (mini-batches, dropout, initial weights), for a paired comparison.",
        group="Search",
    )

    def __post_init__(self) -> None:
        check_values(type(self), vars(self))


def check_values(kind: type, values: Mapping[str, Any]) -> None:
    """Raise InputError for the first of these settings of ``kind``, by name, that breaks its rule."""
    for field in dataclasses.fields(kind):
        check = field.metadata.get("check")
        if check and field.name in values and not (values[field.name] is None and field.default is None):
            check(field.name, values[field.name])


def values_of(settings: TrainingSettings) -> dict[str, Any]:
    """Return the values of the settings of training, by name."""
    return {field.name: getattr(settings, field.name) for field in dataclasses.fields(TrainingSettings)}


def in_config(kind: type, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of ``kind`` in the content of a config file, by name."""
    rows = (row for row in dataclasses.fields(kind) if row.metadata.get("config"))
    return {row.name: content[row.name] for row in rows if row.name in content}
