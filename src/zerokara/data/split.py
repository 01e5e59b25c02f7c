"""Random splits: the sizes and the indices of parts and folds."""

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.errors import InputError


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
            raise InputError(f"{what} must be at least 1 sample, got {count}: leave it out for no such part")
    else:
        if not 0 < size < 1:
            raise InputError(f"{what} must be a fraction between 0 and 1 or a count, got {size}: try 0.2 or 100")
        count = int(available * size)
        if count < 1:
            raise InputError(f"{what} must have at least 1 sample, got {size} of {available}: increase the fraction")
    if count >= available:
        raise InputError(f"{what} must leave samples for training, got {count} of {available}: reduce it")
    return count


def folds(order: Index, count: int, t: Array | None = None) -> list[Index]:
    """Return a shuffled order divided into ``count`` folds of nearly equal size.

    With class labels t, all folds have nearly the same class proportions.

    >>> folds(np.array([3, 0, 2, 1, 4]), 2)
    [array([3, 0, 2]), array([1, 4])]
    """
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or not 2 <= count <= len(order):
        raise InputError(f"folds must be a whole number from 2 to the {len(order)} samples, got {count!r}: try 5")
    if t is None:
        return np.array_split(order, count)
    by_class = order[np.argsort(t[order], kind="stable")]
    return [by_class[fold::count] for fold in range(count)]


def split_order(order: Index, count: int, t: Array | None = None) -> tuple[Index, Index]:
    """Return the first `count` samples of a shuffled order, and the rest.

    With class labels t, class c contributes ``count * n_c / n`` samples, rounded down; the classes with the largest
    remainders contribute one more, until the total is `count`. Both results keep the shuffled order.

    >>> split_order(np.array([3, 0, 2, 1]), 2, np.array([0, 0, 1, 1]))
    (array([3, 0]), array([2, 1]))
    """
    if t is None:
        return order[:count], order[count:]
    labels = t[order]
    sizes = np.bincount(labels)
    shares, remainders = np.divmod(sizes * count, len(order))  # in integers: no rounding errors
    extra = np.argsort(-remainders, kind="stable")[: count - int(shares.sum())]
    shares[extra] += 1
    # The position of each sample within its class, in the shuffled order.
    by_class = np.argsort(labels, kind="stable")
    place = np.empty_like(by_class)
    place[by_class] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    taken: Array = place < shares[labels]
    return order[taken], order[~taken]
