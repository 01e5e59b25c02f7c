"""Central differences of a loss, and what to make of those that differ from the gradient: kinks, or faults."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.nn.gradients.results import Check, Entry, in_words
from zerokara.nn.gradients.subjects import Subject

Element = tuple[int, ...]
FINER = (10, 100)
"""Divisors of h, for elements whose difference at h is not their gradient."""
KINKED = (0.05, 4.0)
"""The difference of the slopes to both sides at a hundredth of h, in parts of that at h: about 1 at a kink, 0.01 where
the function is smooth, and 100 if it is rounding."""
NOISE = 1e-14
"""The rounding of a loss of 1, at most."""


@dataclass(frozen=True, eq=False)
class Sides:
    """The losses (P,) with one element of each network raised and lowered by h, and at the element itself."""

    above: Array
    below: Array
    here: Array
    h: float

    @property
    def slope(self) -> Array:
        """The central difference."""
        return np.asarray((self.above - self.below) / (2 * self.h))

    @property
    def right(self) -> Array:
        """The slope above the element."""
        return np.asarray((self.above - self.here) / self.h)

    @property
    def left(self) -> Array:
        """The slope below it."""
        return np.asarray((self.here - self.below) / self.h)


def sides(subject: Subject, name: str, place: Element, h: float, here: Array) -> Sides:
    """Return the losses at both sides of an element, which keeps its value."""
    values = subject.arrays[name][0]
    where: tuple[Any, ...] = (slice(None), *place)
    original = values[where].copy()
    try:
        values[where] = original + h
        above = subject.losses()
        values[where] = original - h
        below = subject.losses()
    finally:
        values[where] = original
    return Sides(above, below, here, h)


def compare_gradients(subject: Subject, chosen: Mapping[str, Sequence[Element]], h: float) -> Iterator[Check]:
    """Yield the check of each array, at the chosen elements.

    Raises:
        InputError: the loss is random or not finite, so that its differences say nothing.
    """
    before = {name: values.copy() for name, (values, _) in subject.arrays.items()}
    here, again = subject.losses(), subject.losses()
    for name, values in before.items():
        if not np.array_equal(subject.arrays[name][0], values, equal_nan=True):
            raise InputError(
                f"the forward pass must not change {name}, got other values after it: write y = 2 * x, not x *= 2"
            )
    if not np.isfinite(here).all():
        got = here[~np.isfinite(here)][0]
        raise InputError(
            f"the loss must be finite, got {got}: look for NaN or infinity in the parameters and the samples"
        )
    if not np.array_equal(here, again, equal_nan=True):
        raise InputError(
            f"the loss must be the same whenever it is computed, got {here[0]} and {again[0]}: leave out dropout, or "
            "seed its draws at each call"
        )
    coarse = {name: [sides(subject, name, place, h, here) for place in places] for name, places in chosen.items()}
    largest = max((float(np.abs(each.slope).max()) for listed in coarse.values() for each in listed), default=0.0)
    for name, places in chosen.items():
        gradient = subject.arrays[name][1]
        rows = [np.ravel_multi_index(place, gradient.shape[1:]) for place in places]
        analytic = gradient.reshape(len(gradient), -1)[:, rows].T
        numerical = np.array([each.slope for each in coarse[name]])
        scale = max(np.abs(gradient).max(), np.abs(numerical).max(), 1e-3 * largest, 1e-300)
        kinks = np.zeros(analytic.shape, bool)
        # Written so that NaN is no match.
        matched = (np.abs(analytic - numerical) < subject.tolerance * scale).all(axis=1)
        for k in np.flatnonzero(~matched).tolist():
            numerical[k], kinks[k] = _closer(subject, name, places[k], coarse[name][k], analytic[k], scale)
        apart = np.where(kinks, 0.0, np.abs(analytic - numerical))
        worst = float(apart.max()) if not np.isnan(apart).any() else np.nan
        place = places[int(np.argmax(apart.max(axis=1)))]
        yield Check(
            name,
            gradient.shape[1:],
            analytic.size,
            worst,
            worst / float(scale),
            int(kinks.sum()),
            f"{name}[{','.join(map(str, place))}]",
            subject.tolerance,
        )


def _closer(
    subject: Subject, name: str, place: Element, coarse: Sides, analytic: Array, scale: float
) -> tuple[Array, Array]:
    """Return the central differences (P,) of the step that is closest to the gradient, and which are at a kink."""
    best, fine = coarse.slope, coarse
    for divisor in FINER:
        fine = sides(subject, name, place, coarse.h / divisor, coarse.here)
        with np.errstate(invalid="ignore"):
            best = np.where(np.abs(fine.slope - analytic) < np.abs(best - analytic), fine.slope, best)
        if (np.abs(best - analytic) < subject.tolerance * scale).all():
            return best, np.zeros(len(best), bool)
    slack = subject.tolerance * scale
    return best, at_kink(coarse, fine, slack) & ~(np.abs(best - analytic) < slack)


def at_kink(coarse: Sides, fine: Sides, slack: float) -> Array:
    """Return where the slopes to both sides differ by more than ``slack``, whatever the step, (P,).

    The gradient there need not lie between them: one element may move several samples over their kinks.
    """
    jump, wider = np.abs(fine.right - fine.left), np.abs(coarse.right - coarse.left)
    rounding = NOISE * (1 + np.abs(fine.here)) / fine.h
    lasting = (jump > KINKED[0] * wider) & (jump < KINKED[1] * wider)
    return np.asarray(lasting & (jump > slack + 2 * rounding))


def require_step(h: Any) -> None:
    """Raise InputError unless this is a step of differences."""
    if isinstance(h, bool) or not isinstance(h, int | float | np.number) or not 0 < h < 1:
        raise InputError(f"0 < h < 1 must hold, got {h!r}: try 1e-5")


def measure_entry(subject: Subject, name: str, place: Element, network: int, h: float) -> Entry:
    """Return one element of one network of what is checked."""
    require_step(h)
    here = subject.losses()
    coarse = sides(subject, name, place, h, here)
    value, analytic = (float(array[(network, *place)]) for array in subject.arrays[name])
    text = f"{name}[{','.join(map(str, place))}]"
    plain = Entry(text, value, h, float(coarse.above[network]), float(coarse.below[network]), analytic, "")
    words = in_words(plain.error, subject.tolerance)
    if words != "ok":
        rounding = NOISE * (1 + abs(float(here[network]))) / h
        slack = subject.tolerance * max(abs(analytic), abs(plain.numerical), 1e-300)
        finer = [sides(subject, name, place, h / divisor, here) for divisor in FINER]
        with np.errstate(invalid="ignore"):
            closer = next((s for s in finer if abs(float(s.slope[network]) - analytic) < slack), None)
        if plain.difference < rounding:
            words = f"ok, within the rounding of the losses, about {rounding:.0e}"
        elif closer is not None:
            words = f"ok, a kink or a bend lies within h: at h = {closer.h:g} it is {float(closer.slope[network]):.12g}"
        elif at_kink(coarse, finer[-1], slack)[network]:
            left, right = float(finer[-1].left[network]), float(finer[-1].right[network])
            words = f"at a kink, without a gradient: the slope is {left:.6g} below and {right:.6g} above"
    return Entry(text, value, h, plain.above, plain.below, analytic, words)
