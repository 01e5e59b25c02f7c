"""PCA whitening: uncorrelated features of nearly unit variance."""

import numpy as np

from zerokara.arrays import Array
from zerokara.blas import one_thread
from zerokara.errors import InputError

WHITENING_SMOOTHING = 0.1
"""The default multiple of the mean variance that is added to every variance, so that noise is not amplified."""
ROWS_PER_PRODUCT = 1024
"""Samples transformed at once: float64 copies of all data would triple the memory."""
MAX_FEATURES = 20_000
"""The most features: the covariance has an element for each pair of them."""


def principal(
    x: Array, components: int | None = None, smoothing: float = WHITENING_SMOOTHING
) -> tuple[Array, Array, Array]:
    """Return the mean (D,), the divisors (K,) and the directions (D, K) with which PCA whitens x (N, D), float32.

    With the covariance C = (x - mean)^T (x - mean) / N = U diag(v) U^T, v descending,
    x' = (x - mean) U / sqrt(v + e), e = smoothing mean(v), for the first K = ``components`` directions, by default all
    directions in which x varies. C and U are float64; of u and -u, the one whose largest entry is positive is taken.

    The notes add e = 1e-5; a multiple of the mean variance gives the same result for pixels in [0, 1] and 0 to 255.
    Larger values preserve more of the differences in variance: photographs need about 10, since their many weak
    components are noise. Use whitening for features of one unit, such as pixels, and standardize others.
    Source: CS231n notes, "Neural Networks Part 2", Data Preprocessing: PCA and whitening.

    Raises:
        InputError: more components than directions in which x varies, or too many features.
    """
    n, d = x.shape
    if d > MAX_FEATURES:
        raise InputError(f"whitening takes at most {MAX_FEATURES:,} features, got {d:,}: resize the images first")
    mean = x.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((d, d))
    with one_thread():  # Two threads change the last bits.
        for start in range(0, n, ROWS_PER_PRODUCT):
            rows = x[start : start + ROWS_PER_PRODUCT] - mean
            covariance += rows.T @ rows
        covariance /= n
        variances, directions = np.linalg.eigh(covariance)
    variances, directions = np.maximum(variances[::-1], 0), directions[:, ::-1]
    varies = max(1, int(np.count_nonzero(variances > variances[0] * d * np.finfo(np.float64).eps)))
    count = varies if components is None else components
    if count > varies:
        raise InputError(
            f"the {n:,} training samples vary in {varies:,} directions, got whiten:{components}: reduce it"
        )
    directions = directions[:, :count]
    largest = np.abs(directions).argmax(axis=0)
    directions = directions * np.sign(directions[largest, np.arange(count)])
    divisors = np.sqrt(variances[:count] + smoothing * variances.mean()).astype(np.float32)
    divisors[divisors == 0] = 1
    return mean.astype(np.float32), divisors, np.ascontiguousarray(directions, np.float32)


def whitened(x: Array, mean: Array, divisors: Array, directions: Array) -> Array:
    """Return the whitened x (N, D), of shape (N, K)."""
    out = np.empty((len(x), len(divisors)), np.float32)
    for start in range(0, len(x), ROWS_PER_PRODUCT):
        np.matmul(x[start : start + ROWS_PER_PRODUCT] - mean, directions, out=out[start : start + ROWS_PER_PRODUCT])
    out /= divisors
    return out
