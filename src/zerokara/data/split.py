"""Random splits: the sizes and the indices of parts and folds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.errors import InputError, warn

CLASSES_SHOWN = 5
"""The maximum number of classes that a warning names."""


def part_size(size: float, available: int, what: str) -> int:
    """Return the number of samples of a part, at least 1 and less than ``available``.

    A fraction f, 0 < f < 1, gives ``int(available * f)`` samples; a whole number is the count itself.

    >>> part_size(0.2, 500, "validation"), part_size(37, 500, "validation")
    (100, 37)
    """
    if isinstance(size, (bool, np.bool_)) or not isinstance(size, (int, float, np.integer, np.floating)):
        raise InputError(f"{what} must be a fraction or a count, got {size!r}: try 0.2")
    if isinstance(size, (int, np.integer)):
        count = int(size)
        if count < 1:
            raise InputError(f"{what} must be at least 1 sample, got {count}: try 0.2 or 100")
    else:
        if not 0 < size < 1:
            raise InputError(f"{what} must be a fraction between 0 and 1 or a count, got {size}: try 0.2 or 100")
        count = int(available * size)
        if count < 1:
            enough = 0.2 if available >= 5 else 0.5
            remedy = f"pass {what}={enough} or --{what} {enough}" if available > 1 else "add samples"
            raise InputError(f"{what} must have at least 1 sample, got {size} of {available}: {remedy}")
    if count >= available:
        raise InputError(f"{what} must leave samples for training, got {count} of {available}: reduce it")
    return count


def describe_parts(sizes: Mapping[str, int], settings: Mapping[str, Any]) -> str:
    """Return the sizes of the parts and how they were split, as a short text.

    >>> describe_parts({"train": 1438, "validation": 359}, {"validation": 0.2, "test": None, "stratify": True})
    'train 1,438, validation 359 (20 % stratified), no test'
    """
    how = "stratified" if settings.get("stratify") else "random"

    def text(what: str, count: int) -> str:
        size = settings.get(what)
        share = f"{100 * size:g} % " if isinstance(size, float) else ""
        return f"{what} {count:,}" + ("" if size is None else f" ({share}{how})")

    missing = [f"no {what}" for what in ("validation", "test") if what in settings and what not in sizes]
    return ", ".join([*(text(what, count) for what, count in sizes.items()), *missing])


def folds(order: Index, count: int, t: Array | None = None) -> list[Index]:
    """Return a shuffled order divided into ``count`` folds of nearly equal size.

    With class labels t, all folds have nearly the same class proportions.

    >>> folds(np.array([3, 0, 2, 1, 4]), 2)
    [array([3, 0, 2]), array([1, 4])]
    """
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or not 2 <= count <= len(order):
        remedy = f"try {min(5, len(order))}" if len(order) > 1 else "add samples"
        raise InputError(f"folds must be a whole number from 2 to the {len(order)} samples, got {count!r}: {remedy}")
    if t is None:
        return np.array_split(order, count)
    by_class = order[np.argsort(t[order], kind="stable")]
    return [by_class[fold::count] for fold in range(count)]


def split_indices(
    order: Index, sizes: Mapping[str, float | None], t: Array | None, refuse: bool
) -> tuple[dict[str, Index], bool]:
    """Return the samples of the parts, taken from a shuffled order in turn, and whether the split is stratified.

    Args:
        sizes: the size of each part, or None for no such part; the other samples are the part "train".
        t: class labels to stratify by.
        refuse: raise if the split cannot be stratified, rather than warn.

    >>> split_indices(np.array([3, 0, 2, 1]), {"test": 0.25, "validation": None}, None, True)
    ({'test': array([3]), 'train': array([0, 2, 1])}, False)
    """
    parts: dict[str, Index] = {}
    rest = order
    for what, size in sizes.items():
        if size is not None:
            count = part_size(size, len(rest), what)
            if t is not None and (problem := _unstratifiable(t[rest], count, what)):
                if refuse:
                    raise InputError(problem)
                warn(f"the split is not stratified: {problem}")
                return split_indices(order, sizes, None, refuse)
            parts[what], rest = split_order(rest, count, t)
    return {**parts, "train": rest}, t is not None


def _unstratifiable(labels: Array, count: int, what: str) -> str:
    """Return why a part of ``count`` samples cannot be stratified, or an empty text."""
    sizes = np.bincount(labels)
    if count <= len(labels) - (classes := np.count_nonzero(sizes)):
        return ""
    return (
        f"stratify must leave a training sample of each of {classes} classes, got {count} of {len(labels)} samples for "
        f"{what}, and {np.count_nonzero(sizes == 1)} classes with one sample: add samples, or make the part smaller"
    )


def split_order(order: Index, count: int, t: Array | None = None) -> tuple[Index, Index]:
    """Return the first `count` samples of a shuffled order, and the rest.

    With class labels t, class c contributes ``count * n_c / n`` samples, rounded down; the classes with the largest
    remainders contribute one more, until the total is `count`. One sample of each class stays in the rest; what these
    classes do not contribute comes from the others. Both results keep the shuffled order.

    >>> split_order(np.array([3, 0, 2, 1]), 2, np.array([0, 0, 1, 1]))
    (array([3, 0]), array([2, 1]))
    """
    if t is None:
        return order[:count], order[count:]
    labels = t[order]
    sizes = np.bincount(labels)
    spare = np.maximum(sizes - 1, 0)
    shares, remainders = np.divmod(sizes * count, len(order))  # in integers: no rounding errors
    extra = np.argsort(-remainders, kind="stable")[: count - int(shares.sum())]
    shares[extra] += 1
    shares = np.minimum(shares, spare)
    for _ in range(count - int(shares.sum())):
        served = np.where(shares < spare, (shares + 1) / np.maximum(sizes, 1), np.inf)
        shares[np.argmin(served)] += 1
    # The position of each sample within its class, in the shuffled order.
    by_class = np.argsort(labels, kind="stable")
    place = np.empty_like(by_class)
    place[by_class] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    taken: Array = place < shares[labels]
    return order[taken], order[~taken]


def warn_of_missing(parts: Mapping[str, Array], classes: Sequence[str]) -> None:
    """Warn of classes that some parts have and others lack; ``parts`` holds the labels of each part."""
    counts = {what: np.bincount(t, minlength=len(classes)) for what, t in parts.items()}
    total = np.sum(list(counts.values()), axis=0)
    for what, count in counts.items():
        what = "training" if what == "train" else what
        if len(lacking := np.flatnonzero((count == 0) & (total > 0))):
            effect = "cannot be learned" if what == "training" else f"not measured by the {what} score"
            warn(f"no {what} samples of {_listed(lacking, total, classes)}: {effect}")


def warn_of_folds(indices: Sequence[Index], t: Array, classes: Sequence[str]) -> None:
    """Warn of classes that some of these folds lack."""
    counts = np.array([np.bincount(t[fold], minlength=len(classes)) for fold in indices])
    total = counts.sum(axis=0)
    if len(lacking := np.flatnonzero((counts == 0).any(axis=0) & (total > 0))):
        warn(f"some of the {len(indices)} folds have no samples of {_listed(lacking, total, classes)}")
    if len(lacking := np.flatnonzero((counts == total).any(axis=0) & (total > 0))):
        warn(f"some folds have no training samples of {_listed(lacking, total, classes)}")


def _listed(lacking: Array, counts: Array, classes: Sequence[str]) -> str:
    """Return the numbers of some classes as text, with their names and counts."""
    shown = ", ".join(f"{classes[k]!r} ({counts[k]:,} in all)" for k in lacking[:CLASSES_SHOWN])
    start = "class " if len(lacking) == 1 else f"{len(lacking)} of {len(classes)} classes, "
    return start + shown + (", ..." if len(lacking) > CLASSES_SHOWN else "")
