"""Training networks whose first layers encode the inputs: in the kernel and in NumPy, however the samples are kept."""

from typing import Any

import numpy as np
import pytest

import zerokara as zk
from zerokara import nn
from zerokara.data import Dataset
from zerokara.errors import InputError
from zerokara.native.library import installed
from zerokara.nn.layers import encoding
from zerokara.space.hyperparameters import complete
from zerokara.train import Trainer
from zerokara.train.build import build
from zerokara.train.engine import describe_engine

kernel = pytest.mark.skipif(not installed().variants, reason="no kernel here")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return zk.data.load("digits").first(400).split(validation=0.3, seed=0).scaled("standard")


def trainer(data: Dataset, networks: int = 2, engine: str = "auto", **params: Any) -> Trainer:
    settings = {"augment": params.pop("augment", None), "dtype": params.pop("dtype", "float32")}
    given = {"numeric_encoding": "piecewise", "hidden": (12,), "dropout": 0.2, "lr": np.geomspace(1e-3, 1e-2, networks)}
    given |= params
    return build(complete({}) | given, data, networks, engine=engine, **settings)


def results(run: Trainer, epochs: int = 3) -> dict[str, Any]:
    history = run.fit(epochs, progress=False)
    return {name: history[name] for name in ("train_loss", "val_loss")} | run.network.arrays()


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


@kernel
@pytest.mark.parametrize("kind", ["piecewise", "robust"])
@pytest.mark.parametrize("augment", [None, "shift:1"])
def test_the_kernel_trains_as_numpy_does(data: Dataset, kind: str, augment: str | None) -> None:
    runs = [trainer(data, engine=name, numeric_encoding=kind, augment=augment) for name in ("native", "numpy")]
    assert [run.engine.name for run in runs] == ["native", "numpy"]
    native, numpy = map(results, runs)
    for name in native:
        assert np.allclose(native[name], numpy[name], rtol=1e-4, atol=1e-4), name


@pytest.mark.parametrize("engine", [pytest.param("native", marks=kernel), "numpy"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_samples_that_are_encoded_when_they_are_read_give_the_same_bits(
    data: Dataset, engine: Any, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = "numpy" if dtype == "float64" else engine
    kept = results(trainer(data, engine=engine, dtype=dtype))
    monkeypatch.setattr(encoding, "ENCODED_BYTES", 0)
    run = trainer(data, engine=engine, dtype=dtype)
    assert run.loader.encodings
    assert same(results(run), kept)


@pytest.mark.parametrize("engine", [pytest.param("native", marks=kernel), "numpy"])
def test_fixed_encodings_are_computed_once(data: Dataset, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy encodes the samples of an evaluation again, but not those of a training step."""
    rows, encode = [], nn.Piecewise.encode

    def counted(self: nn.Piecewise, x: Any) -> Any:
        rows.append(x.shape[-2])
        return encode(self, x)

    monkeypatch.setattr(nn.Piecewise, "encode", counted)
    run = trainer(data, engine=engine)
    run.evaluate_train_every = 100
    run.fit(5, progress=False)
    train, validation = len(data.train), len(data.validation)
    # After the last epoch the training samples are evaluated too.
    assert sum(rows) == (2 * train + validation if engine == "native" else 2 * train + 5 * validation)


@kernel
@pytest.mark.parametrize("kind", ["piecewise", "robust"])
def test_a_network_alone_is_the_network_in_company(data: Dataset, kind: str) -> None:
    whole = results(trainer(data, 3, numeric_encoding=kind))
    for row in range(3):
        lr = np.geomspace(1e-3, 1e-2, 3)[[row]]
        alone = results(trainer(data, 1, numeric_encoding=kind, lr=lr))
        assert same(alone, {name: value[[row]] for name, value in whole.items()})


@kernel
def test_what_only_numpy_trains_says_so(data: Dataset) -> None:
    assert trainer(data, numeric_encoding="periodic").engine.name == "numpy"
    with pytest.raises(InputError, match="Periodic is a layer that only NumPy has"):
        trainer(data, numeric_encoding="periodic", engine="native")
    study = zk.tune(data, {"numeric_encoding": "periodic", "hidden": (4,)}, trials=1, epochs=1, refit=0)
    assert study.engine == describe_engine("auto", "float32") + "; numpy for numeric_encoding=periodic"


class OwnNetwork(nn.Network):
    """Networks with a forward pass that takes the samples as they are."""

    def forward(self, x: Any, step: int | None = None) -> Any:
        return super().forward(x, step)


def test_networks_of_an_own_class_encode_themselves(data: Dataset) -> None:
    network = trainer(data).network
    runs = []
    for kind in (nn.Network, OwnNetwork):
        layers = [layer.take(np.arange(2)) for layer in network.layers]
        runs.append(Trainer(kind(layers, 2), zk.optim.Adam(), data, engine="numpy"))
    assert same(*map(results, runs))


def test_encodings_of_other_data_are_refused(data: Dataset) -> None:
    network = nn.Network([nn.Piecewise(63, 1), nn.Affine(64, 10)])
    with pytest.raises(InputError, match="must have 64 inputs and 10 outputs .* got 63 and 10"):
        Trainer(network, zk.optim.Adam(), data)
