"""The default searches: of pictures, and of tables and arrays."""

from collections.abc import Mapping
from typing import Any

from zerokara.data import Dataset
from zerokara.data.dataset import DEFAULT_VALIDATION
from zerokara.data.sparse import SparseRows
from zerokara.nn.encodings import categories, numbers, width_limit
from zerokara.space.first import first_text
from zerokara.space.hyperparameters import HYPERPARAMETERS, complete, lookup
from zerokara.space.space import choice, is_used, log, uniform

FOLDS = 5
FOLDED = range(20, 10_001)
"""So many samples are divided into folds; with more, one validation part takes a fifth of the time."""
PATIENCE = 16
"""Epochs without an improvement after which training stops; twice as many where samples are few and time is not
limited."""
WIDEST = 4_000
"""Encoded inputs beyond which the default search leaves numbers as they are: pixels and word counts are not a table."""


def has_rows(data: Dataset) -> bool:
    """Return whether samples are rows of numbers, not pictures."""
    return len(data.sample_shape) == 1


def default_validation(data: Dataset) -> float | None:
    """Return the validation part that the default search needs: none for data that it divides into folds.

    >>> from zerokara.data import from_arrays, load
    >>> default_validation(load("digits")), default_validation(from_arrays([[0.0]] * 30, [0, 1] * 15))
    (0.2, None)
    """
    folded = has_rows(data) and data.validation is None and len(data.train) in FOLDED
    return None if folded else DEFAULT_VALIDATION


def default_space(given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the default search space: the learning rate, and two regularizers.

    Hyperparameters that are given, or not used with those given, are left out. The ranges suit Adam, the default
    optimizer, and some hundred to ten thousand samples.
    """
    space = {"lr": log(1e-4, 1e-1), "weight_decay": log(1e-6, 1e-2), "dropout": uniform(0.0, 0.5)}
    values = complete(given or {})
    return {n: dist for n, dist in space.items() if n not in (given or {}) and is_used(lookup(n), values, {})}


DEFAULT_NETWORKS: tuple[dict[str, Any], ...] = (
    {"numeric_encoding": "standard", "category_encoding": "one-hot", "hidden": (100,), "lr": 1e-3},
    {"numeric_encoding": "piecewise", "category_encoding": "scaled", "hidden": (100,), "lr": 1e-3},
    {"numeric_encoding": "piecewise", "category_encoding": "scaled", "hidden": (128, 128), "lr": 2e-3},
    {"numeric_encoding": "robust", "category_encoding": "one-hot", "hidden": (), "lr": 4e-3},
)
"""The default networks of a table, the last of which is linear: together they are better than more initializations of
one, see benchmarks/ablations.md."""


def table_search(data: Dataset, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the settings of the default search of a table or of arrays, by name.

    The first trials are the default networks; the others are near them.
    """
    samples = sum(len(part) for part in (data.train, data.validation) if part is not None)
    fixed: dict[str, Any] = {"init_scale": 0.5, "batch_size": batch_size(samples), "schedule": "constant"}
    too_wide = width_limit({"numeric_encoding": "piecewise"}, data) > WIDEST
    # Other encodings need dense samples, with numbers.
    if isinstance(data.train.x, SparseRows) or too_wide or not numbers(data):
        fixed["numeric_encoding"] = "standard"
    fixed |= given or {}
    space = {
        "lr": log(5e-4, 5e-3),
        "weight_decay": log(1e-4, 4e-3),
        "dropout": uniform(0.0, 0.25),
        "hidden": choice([(100,), (256,), (128, 128), ()]),
        "numeric_encoding": choice(["standard", "piecewise", "robust"]),
    }
    if categories(data):
        space["category_encoding"] = choice(["one-hot", "scaled"])
    folded = default_validation(data) is None
    searched = {name: dist for name, dist in space.items() if name not in fixed}
    default = [{"weight_decay": 1e-3, "dropout": 0.0, **each} for each in DEFAULT_NETWORKS]
    first = [
        first_text({name: each[name] for name in HYPERPARAMETERS if name in each and name in searched})
        for each in default
    ]
    return {
        "space": fixed | searched,
        "first": tuple(dict.fromkeys(first)),
        "trials": 15,
        "epochs": 200,
        "patience": 2 * PATIENCE if folded else PATIENCE,
        "race": "halving:3:9",
        "folds": FOLDS if folded else 1,
    }


def batch_size(samples: int) -> int:
    """Return the batch size for so many samples: enough steps on small data, enough samples per step on large."""
    return max(16, min(200, samples // 20))
