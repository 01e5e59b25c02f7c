"""exp, tanh, sigmoid and log of the kernel: their errors, and their values at the ends."""

from collections.abc import Callable

import numpy as np
import pytest

from zerokara.arrays import Array
from zerokara.native.calls import kernel
from zerokara.native.library import installed
from zerokara.rng import entropy, stream

VARIANTS = installed().variants
pytestmark = pytest.mark.skipif(not VARIANTS, reason="no kernel here")
EXP, TANH, SIGMOID, LOG = range(4)


def call(function: int, x: Array, variant: str) -> Array:
    x = np.ascontiguousarray(x, np.float32)
    y = np.empty_like(x)
    kernel(variant).elementary(function, len(x), x.ctypes.data, y.ctypes.data)
    return y


def ulps(got: Array, wanted: Array) -> float:
    """Return the largest error in units of the last place of the right value in float32."""
    unit = np.spacing(np.abs(wanted).astype(np.float32)).astype(float)
    return float((np.abs(got.astype(float) - wanted) / unit).max())


def every(low: float, high: float, step: int) -> Array:
    """Return every ``step``-th float32 number from ``low`` to ``high``, of one sign."""
    first, last = np.array([low, high], np.float32).view(np.int32)
    return np.arange(first, last + 1, step, dtype=np.int32).view(np.float32)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("function", "right", "samples", "most"),
    [
        (EXP, np.exp, np.concatenate([-every(1e-8, 86.9, 997), every(1e-8, 86.9, 997)]), 1.1),
        (TANH, np.tanh, np.concatenate([-every(1e-30, 1e30, 3989), every(1e-30, 1e30, 3989)]), 3.0),
        (LOG, np.log, every(2e-38, 3e38, 3989), 2.0),
    ],
)
def test_the_errors_are_within_what_the_source_states(
    function: int, right: Callable[[Array], Array], samples: Array, most: float, variant: str
) -> None:
    assert ulps(call(function, samples, variant), right(samples.astype(float))) <= most


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_ends(variant: str) -> None:
    with np.errstate(over="ignore"):
        x = np.array([0, -0.0, -87.5, -1e30, -np.inf, np.nan, 40, -40], np.float32)
        exp, tanh = call(EXP, x[:6], variant), call(TANH, x, variant)
    assert exp[:5].tolist() == [1, 1, 0, 0, 0]
    assert np.isnan(exp[5])
    assert tanh[[0, 1, 3, 4, 6, 7]].tolist() == [0, 0, -1, -1, 1, -1]
    assert np.signbit(tanh[1])
    assert np.isnan(tanh[5])
    assert call(SIGMOID, np.array([-np.inf, 0, np.inf]), variant).tolist() == [0, 0.5, 1]
    assert call(LOG, np.array([1, np.inf]), variant).tolist() == [0, np.inf]
    assert np.isnan(call(LOG, np.array([np.nan]), variant)).all()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("seed", [0, 7, (1 << 32) - 1, 1 << 32, 3 << 200])
def test_uniform_numbers_are_those_of_numpy(seed: int, variant: str) -> None:
    keys = [(seed, "dropout", step, 1 << 20, 9) for step in range(7)]
    sizes = np.array([0, 1, 2, 3, 64, 1001, 5])
    drawn = kernel(variant).uniforms(np.array([entropy(*key) for key in keys]), sizes)
    each = [stream(*key).random(size, np.float32) for key, size in zip(keys, sizes, strict=True)]
    assert drawn.tobytes() == np.concatenate(each).tobytes()
