"""PCA whitening: new features that are uncorrelated and, but for the faintest, of one size."""

import numpy as np

from zerokara.arrays import Array
from zerokara.blas import one_thread
from zerokara.errors import InputError

SMOOTHING = 0.1
"""How many mean variances are added to every variance, unless told otherwise: noise is not blown up."""
ROWS = 1024
"""Samples turned at once: float64 copies of all the data would triple the memory."""
LARGEST = 20_000
"""Features there may be: the covariance has a number for each pair of them."""


def principal(x: Array, components: int | None = None, smoothing: float = SMOOTHING) -> tuple[Array, Array, Array]:
    """Return the mean (D,), the divisors (K,) and the directions (D, K) with which PCA whitens x (N, D), float32.

    With the covariance C = (x - mean)^T (x - mean) / N = U diag(v) U^T, v falling,
    x' = (x - mean) U / sqrt(v + e), e = smoothing mean(v), for the first K directions: all in which x varies at all, or
    ``components``. C and its eigenvectors are float64; of u and -u, the one whose largest entry is positive is taken.

    The notes add e = 1e-5, in no unit; a share of the mean is the same for pixels in [0, 1] and 0 to 255. The more
    smoothing, the more remains of the differences in size: photographs want much (10), as their many faint
    components are noise. Features are best of one unit, as pixels are: standardize others instead.
    Source: CS231n notes, "Neural Networks Part 2", Data Preprocessing: PCA and whitening.

    Raises:
        InputError: more components than x has directions to vary in, or too many features.
    """
    n, d = x.shape
    if d > LARGEST:
        raise InputError(f"whitening takes {LARGEST:,} features at most, got {d:,}: shrink the pictures first")
    mean = x.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((d, d))
    with one_thread():  # Two threads give other bits.
        for start in range(0, n, ROWS):
            rows = x[start : start + ROWS] - mean
            covariance += rows.T @ rows
        covariance /= n
        variances, directions = np.linalg.eigh(covariance)
    variances, directions = np.maximum(variances[::-1], 0), directions[:, ::-1]
    varies = max(1, int(np.count_nonzero(variances > variances[0] * d * np.finfo(np.float64).eps)))
    count = varies if components is None else components
    if count > varies:
        raise InputError(
            f"the {n:,} training samples vary in {varies:,} directions, got whiten:{components}: ask for fewer"
        )
    directions = directions[:, :count]
    largest = np.abs(directions).argmax(axis=0)
    directions = directions * np.sign(directions[largest, np.arange(count)])
    divisors = np.sqrt(variances[:count] + smoothing * variances.mean()).astype(np.float32)
    divisors[divisors == 0] = 1
    return mean.astype(np.float32), divisors, np.ascontiguousarray(directions, np.float32)


def turned(x: Array, mean: Array, divisors: Array, directions: Array) -> Array:
    """Return x (N, D) whitened, (N, K)."""
    out = np.empty((len(x), len(divisors)), np.float32)
    for start in range(0, len(x), ROWS):
        np.matmul(x[start : start + ROWS] - mean, directions, out=out[start : start + ROWS])
    out /= divisors
    return out
