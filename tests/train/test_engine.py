"""The engines of a trainer: which one is chosen and why, and that a run keeps its own."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from zerokara import nn, optim
from zerokara.data import Dataset, Part
from zerokara.errors import InputError
from zerokara.native.forward import scores
from zerokara.native.library import installed
from zerokara.nn.layers.activations import LeakyReLU, ReLU
from zerokara.train import Trainer
from zerokara.train.engine import EngineName

kernel = pytest.mark.skipif(not installed().variants, reason="no kernel here")
SPACE = {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}
SEARCH: dict[str, Any] = {"trials": 4, "epochs": 3, "race": "none", "refit": 0}


@pytest.fixture(autouse=True)
def nothing_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZEROKARA_ENGINE", raising=False)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return zk.data.load("digits").first(150).split(validation=0.3, seed=0)


class OwnReLU(ReLU):
    """A layer that the kernel does not know."""


class OwnRule(optim.SGD):
    """An optimizer that the kernel does not know."""


class OwnNetwork(nn.Network):
    """Networks whose scores the kernel would get wrong."""

    def forward(self, x: Any, step: int | None = None) -> Any:
        return 2 * super().forward(x, step)


def layered(*layers: nn.Layer) -> nn.Network:
    return nn.Network([nn.Affine(64, 8), *layers, nn.Affine(8, 10)])


def engine(data: Dataset, network: nn.Network | None = None, rule: optim.Optimizer | None = None, **how: Any) -> str:
    return Trainer(network or nn.mlp(64, (8,), 10), rule or optim.Adam(), data, **how).engine.name


@kernel
def test_auto_takes_the_kernel_where_it_can(digits: Dataset) -> None:
    assert engine(digits) == engine(digits, nn.mlp(64, (), 10)) == "native"
    assert engine(digits, nn.mlp(64, (8, 8), 10, "gelu", dropout=0.1, batch_norm=True)) == "native"
    assert engine(digits, engine="numpy") == "numpy"
    assert engine(digits, threads=2) == "native"  # The threads are those of NumPy's BLAS.


UNKNOWN = {
    "the precision is float64": (lambda: nn.mlp(64, (8,), 10, dtype=np.float64), None),
    "its layers are not": (lambda: layered(OwnReLU()), None),
    "its layers are not ": (lambda: layered(ReLU(), nn.Dropout(0.1), nn.Dropout(0.1)), None),
    "differ in kind": (
        lambda: nn.Network(
            [nn.Affine(64, 8), ReLU(), nn.Affine(8, 8), LeakyReLU(), nn.Affine(8, 10)],
        ),
        None,
    ),
    "the class OwnNetwork": (lambda: OwnNetwork([nn.Affine(64, 10)]), None),
    "the optimizer OwnRule": (None, OwnRule),
}


@kernel
@pytest.mark.parametrize("why", UNKNOWN)
def test_what_the_kernel_does_not_know_numpy_trains(digits: Dataset, why: str) -> None:
    make, rule = UNKNOWN[why]
    given = {"network": make and make(), "rule": rule and rule()}
    assert engine(digits, **given) == "numpy"
    with pytest.raises(InputError, match=f"engine 'native' must be able .*{why.strip()}.*use engine='auto'"):
        engine(digits, **given, engine="native")


def test_an_unknown_engine(digits: Dataset) -> None:
    with pytest.raises(InputError, match="engine"):
        engine(digits, engine="cuda")
    with pytest.raises(InputError, match="engine"):
        zk.tune(digits, SPACE, engine="cuda")  # type: ignore[arg-type]


@kernel
@pytest.mark.parametrize("t", [np.full(105, 10), np.full(105, -1)])
def test_class_numbers_that_the_networks_do_not_have(digits: Dataset, t: Any) -> None:
    wrong = replace(digits, train=Part(digits.train.x, t))
    with pytest.raises(InputError, match="class numbers from 0 to 9"):
        engine(wrong)


@kernel
def test_both_engines_train_alike(digits: Dataset) -> None:
    curves = {}
    names: tuple[EngineName, ...] = ("native", "numpy")
    for name in names:
        run = Trainer(nn.mlp(64, (20,), 10, population=3), optim.Adam([1e-3, 3e-3, 1e-2]), digits, engine=name)
        curves[name] = run.fit(4)
    for curve in ("train_loss", "val_loss", "val_score"):
        assert np.allclose(curves["native"][curve], curves["numpy"][curve], atol=1e-5), curve


@pytest.mark.parametrize("name", ["auto", "numpy"])
def test_a_run_keeps_its_engine(digits: Dataset, tmp_path: Path, name: EngineName) -> None:
    whole = zk.tune(digits, SPACE, **SEARCH | {"trials": 6}, engine=name)
    zk.tune(digits, SPACE, **SEARCH, engine=name, out=tmp_path / "run")
    config = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert config["engine"] == name
    assert config["record"]["engine"] == ("native" if name == "auto" and installed().variants else "numpy")
    again = zk.resume(tmp_path / "run", digits, trials=6)
    assert [trial.val_loss for trial in again.trials] == [trial.val_loss for trial in whole.trials]


@kernel
def test_a_run_of_the_kernel_does_not_resume_without_it(
    digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zk.tune(digits, SPACE, **SEARCH, out=tmp_path / "run")
    monkeypatch.setenv("ZEROKARA_ENGINE", "numpy")
    with pytest.raises(InputError, match="started with the engine native must resume with it, but ZEROKARA_ENGINE is"):
        zk.resume(tmp_path / "run", digits, trials=6)


@kernel
def test_a_run_from_before_the_kernel_resumes_in_numpy(digits: Dataset, tmp_path: Path) -> None:
    whole = zk.tune(digits, SPACE, **SEARCH | {"trials": 6}, engine="numpy")
    zk.tune(digits, SPACE, **SEARCH, engine="numpy", out=tmp_path / "run")
    path = tmp_path / "run" / "config.toml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("engine = ")]
    path.write_text("\n".join(lines) + "\n")
    again = zk.resume(tmp_path / "run", digits, trials=6)
    assert [trial.val_loss for trial in again.trials] == [trial.val_loss for trial in whole.trials]


@kernel
def test_a_layer_that_is_replaced_counts_at_once() -> None:
    network, x = layered(LeakyReLU(0.5)), np.ones((3, 64), np.float32)
    network.params[:] = np.linspace(-1, 1, network.size)
    for layer in (LeakyReLU(0.1), LeakyReLU(0.9), OwnReLU()):
        before = scores(network, x)
        network.layers[1] = layer
        after = scores(network, x)
        assert before is not None
        if isinstance(layer, OwnReLU):
            assert after is None
        else:
            assert not np.array_equal(after, before)


@kernel
def test_a_model_scores_as_its_trial_did(digits: Dataset) -> None:
    study = zk.tune(digits, SPACE, **SEARCH, ensemble=2)
    best = study.best
    assert best.model.evaluate(digits, "validation") == (best.val_loss, best.val_accuracy)
