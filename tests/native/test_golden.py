"""A small search has one result on every processor with fused multiply-adds: the digest of its numbers stands here.

Where this test fails, the promise of docs/explanations/bits.md does not hold: please report the output of
``zerokara info``.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from zerokara.native.library import installed

GOLDEN = "54a63615569ec94459e6ab107f8067c983055e13c3b63ac8bf80c7edc29bd226"
VARIANTS = installed().variants
pytestmark = pytest.mark.skipif(not VARIANTS, reason="no kernel here")


def digest_of_a_search(workers: int | None = None) -> str:
    """Return the digest of hyperparameters, curves, scores and predictions of a small search, and of one on folds."""
    data = zk.data.load("digits").first(300).split(0.3, 0.2, seed=0).scaled("standard")
    space = {
        "lr": zk.log(1e-3, 1e-1),
        "weight_decay": zk.log(1e-6, 1e-2),
        "dropout": zk.uniform(0, 0.4),
        "hidden": zk.choice([(12,), (24, 12)]),
        "activation": zk.choice(["relu", "tanh", "gelu"]),
        "optimizer": zk.choice(["momentum", "adam"]),
        "batch_norm": zk.choice([True, False]),
        "batch_size": zk.powers(16, 32),
    }
    study = zk.tune(
        data, space, trials=12, epochs=6, race="halving:2", workers=workers, refit=2, ensemble=3, rank="f1_macro"
    )
    x = np.random.default_rng(0).normal(size=(80, 4))
    folds = zk.tune(x, x[:, 0] + x[:, 1] ** 2 > 1, trials=5, epochs=6, workers=workers)
    hashed = hashlib.sha256()
    for trial in (*study.trials, *folds.trials):
        hashed.update(repr(sorted((name, str(value)) for name, value in trial.params.items())).encode())
        for name, curve in sorted(trial.curves.items()):
            hashed.update(name.encode() + np.ascontiguousarray(curve).tobytes())
    for model in (study.best.model, study.model):
        assert data.test is not None
        hashed.update(model.predict(data.test.x).tobytes() + model.scores(data.test.x).tobytes())
    hashed.update(folds.model.scores(x).tobytes())
    return hashed.hexdigest()


def test_the_search_has_the_recorded_numbers() -> None:
    assert digest_of_a_search() == GOLDEN


ELSEWHERE = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4",
}
"""NumPy and its BLAS as they compute on a processor without AVX-512."""


@pytest.mark.parametrize("variant", VARIANTS[-1:])
def test_an_older_processor_has_the_same_numbers(variant: str) -> None:
    code = "from tests.native.test_golden import digest_of_a_search; print(digest_of_a_search(workers=1))"
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, *sys.path])
    environment = {**os.environ, **ELSEWHERE, "ZEROKARA_ENGINE": variant, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == GOLDEN, done.stderr
