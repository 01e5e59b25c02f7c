"""The number of classes has one limit for all sources."""

import numpy as np
import pytest

from zerokara.data import from_arrays, from_table, load
from zerokara.errors import InputError


def from_npz(folder, x, t):
    np.savez(folder / "a.npz", x=x, t=t)
    return load(folder / "a.npz")


def from_csv(folder, x, t):
    lines = [f"{a},{b},{label}" for (a, b), label in zip(x, t, strict=True)]
    (folder / "a.csv").write_text("\n".join(["a,b,t", *lines]))
    return load(folder / "a.csv", target="t", task="classification")


SOURCES = {
    "arrays": lambda folder, x, t: from_arrays(x, t),
    "npz": from_npz,
    "table": lambda folder, x, t: from_table({"a": x[:, 0], "b": x[:, 1], "t": t}, "t", "classification"),
    "csv": from_csv,
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", ["numbers", "texts"])
@pytest.mark.parametrize("classes", [150, 1000])
def test_as_many_classes_as_have_samples(tmp_path, source, kind, classes):
    t = np.repeat(np.arange(classes), 2)
    x = np.random.default_rng(0).normal(size=(len(t), 2))
    labels = t if kind == "numbers" else np.array([f"class {k:04}" for k in t])
    data = SOURCES[source](tmp_path, x, labels)
    assert (data.n_outputs, data.train.t.tolist()) == (classes, t.tolist())
    with pytest.raises(InputError, match=f"{classes:,} (classes|different texts) in {classes:,} "):
        SOURCES[source](tmp_path, x[::2], labels[::2])
