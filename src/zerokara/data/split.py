"""Which samples go to which part."""

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.errors import InputError


def part_size(size: float, available: int, what: str) -> int:
    """Return how many of the available samples a part gets; at least one goes in and one stays out.

    A fraction f, 0 < f < 1, gives ``int(available * f)`` samples; a whole number is the count itself.

    >>> part_size(0.2, 500, "validation"), part_size(37, 500, "validation")
    (100, 37)
    """
    if isinstance(size, (bool, np.bool_)) or not isinstance(size, (int, float, np.integer, np.floating)):
        raise InputError(f"{what} must be a fraction or a whole count, got {size!r}")
    if isinstance(size, (int, np.integer)):
        count = int(size)
        if count < 1:
            raise InputError(f"{what} must be at least 1 sample, got {count}; None makes no such part")
    else:
        if not 0 < size < 1:
            raise InputError(
                f"{what} as a fraction must lie between 0 and 1, got {size}; a count is a whole number, such as 100"
            )
        count = int(available * size)
        if count < 1:
            raise InputError(f"{what}={size} of {available} samples leaves none for that part: give a larger fraction")
    if count >= available:
        raise InputError(f"{what} takes {count} of {available} samples and leaves none for training: make it smaller")
    return count


def folds(order: Index, count: int, t: Array | None = None) -> list[Index]:
    """Return a shuffled order cut into so many folds, their sizes as equal as can be.

    With class labels t, each class is dealt to the folds in turn, so that all have its proportion.

    >>> folds(np.array([3, 0, 2, 1, 4]), 2)
    [array([3, 0, 2]), array([1, 4])]
    """
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or not 2 <= count <= len(order):
        raise InputError(f"folds must be a whole number, 2 to {len(order)}, the samples to be dealt, got {count!r}")
    if t is None:
        return np.array_split(order, count)
    by_class = order[np.argsort(t[order], kind="stable")]
    return [by_class[fold::count] for fold in range(count)]


def cut(order: Index, count: int, t: Array | None = None) -> tuple[Index, Index]:
    """Return the first `count` samples of a shuffled order, and the rest.

    With class labels t the cut keeps their proportions: class c gives ``count * n_c / n`` samples; what
    rounding down leaves over goes to the classes with the largest remainders (the first of equals), so that
    the total is exact. Both results keep the shuffled order.

    >>> cut(np.array([3, 0, 2, 1]), 2, np.array([0, 0, 1, 1]))
    (array([3, 0]), array([2, 1]))
    """
    if t is None:
        return order[:count], order[count:]
    labels = t[order]
    sizes = np.bincount(labels)
    shares, remainders = np.divmod(sizes * count, len(order))  # whole numbers: no rounding decides
    extra = np.argsort(-remainders, kind="stable")[: count - int(shares.sum())]
    shares[extra] += 1
    # A sample's place among its own class, in the shuffled order.
    by_class = np.argsort(labels, kind="stable")
    place = np.empty_like(by_class)
    place[by_class] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    taken: Array = place < shares[labels]
    return order[taken], order[~taken]
