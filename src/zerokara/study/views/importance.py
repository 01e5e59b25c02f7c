"""What mattered: how far the hyperparameters of the best trials differ from those of all (PED-ANOVA).

The numbers are those of Optuna's ``PedAnovaImportanceEvaluator``, whose import takes a second where scikit-learn is
installed.
Source: Watanabe et al. 2023, arXiv:2304.10255; for conditional hyperparameters arXiv:2601.20800.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.space.ranges import Range, is_whole, options_of

STEPS = 50
"""Points of the grid on which densities are compared."""
PRIOR = 1.0
"""The weight of the uniform prior, in trials."""

erf = np.vectorize(math.erf, otypes=[float])


def ped_anova(
    space: Mapping[str, Range], trials: Sequence[Mapping[str, Any]], values: Array, top: float
) -> dict[str, float]:
    """Return the importance of each parameter for being among the best trials, a share ``top`` of them.

    Args:
        space: the ranges, or Optuna's distributions.
        trials: the parameters of each trial, as Optuna stores them; a trial may lack some.
        values: the objective of each trial, finite, lower is better.

    >>> from zerokara.space.ranges import FloatRange
    >>> unit = FloatRange(None, 0.0, 1.0)
    >>> rng = np.random.default_rng(0)
    >>> trials = [{"x": x, "y": y} for x, y in rng.random((100, 2))]
    >>> found = ped_anova({"x": unit, "y": unit}, trials, np.array([trial["x"] for trial in trials]), 0.1)
    >>> found["x"] > 10 * found["y"]
    True
    """
    cut = np.sort(values)[math.ceil(top * len(values)) - 1]
    best = values <= cut
    share = best.mean()
    found = dict.fromkeys(space, 0.0)
    for name, distribution in space.items():
        has = np.array([name in trial for trial in trials])
        if distribution.single() or has.sum() < 2 or not (best & has).any():
            continue
        counts = np.stack([_on_grid(name, distribution, trials, rows) for rows in (best & has, has)])
        density_best, density_all = (_density(distribution, each) + 1e-12 for each in counts)
        divergence = float(density_all @ (density_best / density_all - 1) ** 2)
        active = (best & has).sum() / best.sum()
        found[name] = float(share**2 * active**2 / has.mean() * divergence)
    return found


def _on_grid(name: str, distribution: Any, trials: Sequence[Mapping[str, Any]], rows: Array) -> Array:
    """Return the number of the given trials at each point of the grid, or with each option of a choice."""
    values = [trial[name] for trial, chosen in zip(trials, rows, strict=True) if chosen]
    options = options_of(distribution)
    if options is not None:
        return np.bincount([int(distribution.to_internal_repr(value)) for value in values], minlength=len(options))
    low, high, steps = distribution.low, distribution.high, STEPS
    if distribution.log and is_whole(distribution):
        steps = min(math.ceil(math.log2(high - low + 1)) + 1, steps)
    elif distribution.step is not None:
        steps = min(round((high - low) / distribution.step) + 1, steps)
    x = np.array(values, float)
    if distribution.log:
        low, high, x = math.log(low), math.log(high), np.log(x)
    places = np.ceil((x - low) / (high - low) * (steps - 1) - 0.5).astype(int)
    return np.bincount(np.clip(places, 0, steps - 1), minlength=steps)


def _density(distribution: Any, counts: Array) -> Array:
    """Return the density on the grid: a kernel at each occupied point, and the prior."""
    occupied = np.flatnonzero(counts)
    weights = np.append(counts[occupied], PRIOR) / (counts.sum() + PRIOR)
    if options_of(distribution) is not None:
        kernels = np.full((len(weights), len(counts)), PRIOR / len(weights))
        kernels[np.arange(len(occupied)), occupied] += 1
        kernels /= kernels.sum(axis=1, keepdims=True)
    else:
        middle, width = (len(counts) - 1) / 2, float(len(counts))
        mu = np.append(occupied, middle)[:, None]
        sigma = np.append(np.full(len(occupied), _bandwidth(occupied, counts[occupied])), width)[:, None]
        borders = (np.arange(len(counts) + 1) - 0.5 - mu) / sigma
        below = erf(borders / math.sqrt(2)) / 2
        kernels = np.diff(below, axis=1) / (below[:, -1:] - below[:, :1])
    density: Array = weights @ kernels
    return density


def _bandwidth(occupied: Array, weights: Array) -> float:
    """Return the bandwidth by Scott's rule, at least so wide that nine tenths of a kernel lie on its point."""
    total = int(weights.sum())
    cumulated = np.cumsum(weights)
    mean = float(occupied @ weights) / total
    deviation = math.sqrt(float((occupied - mean) ** 2 @ weights) / max(1, total - 1))
    first = int(np.searchsorted(cumulated, total // 4, side="left"))
    third = min(len(occupied) - 1, int(np.searchsorted(cumulated, total * 3 // 4, side="right")))
    quartiles = float(occupied[third] - occupied[first])
    return max(1.059 * min(quartiles / 1.34, deviation) * math.pow(total, -0.2), 0.5 / 1.64)
