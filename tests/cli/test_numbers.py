"""The commands gradcheck and inspect, with the numbers of one network."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from tests.commands import run
from zerokara.nn import Sigmoid

DATA = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two networks."""
    net = zk.nn.mlp(64, (9,), 10, init_scale=[1, 2], population=2)
    path = tmp_path_factory.mktemp("models") / "model.safetensors"
    return zk.Model.of(zk.model.Ensemble.of(net), DATA).save(path)


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """A table."""
    with open(tmp_path / "prices.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["size", "city", "price"])
        rows.writerows([[k * 1.5 % 7, "ABC"[k % 3], 10 + k % 5 + k * 0.1] for k in range(60)])
    return tmp_path / "prices.csv"


def test_gradcheck_of_a_network_with_an_entry(capsys) -> None:
    code, out, _ = run(capsys, "gradcheck", "--hidden", 50, "--activation", "sigmoid", "--entry", "W1[20,7]")
    assert code == 0
    assert "Network(Affine(64, 50), Sigmoid(), Affine(50, 10)" in out
    assert re.findall(r"^(\S+) +\S+ +(?:\d+ of|all) [\d,]+ +\S+ +\S+  ok$", out, re.M) == ["W1", "b1", "W2", "b2", "x"]
    assert "every gradient is right" in out
    network = zk.nn.mlp(64, (50,), 10, "sigmoid", dtype="float64")
    entry = zk.nn.gradcheck(network, DATA).entry("W1[20,7]")
    assert repr(entry) in out


def test_gradcheck_has_the_options_of_networks_and_losses(capsys, prices) -> None:
    given = ["--hidden", "6,5", "--activation", "gelu", "--batch-norm", "--dropout", 0.3, "--weight-decay", 0.1]
    table = [prices, "--target", "price", "--numeric-encoding", "periodic", "--loss", "huber:0.5", "--samples", 12]
    code, out, err = run(capsys, "gradcheck", *table, *given, "--h", "1e-6", "--seed", 3, "--entries", 5)
    assert code == 0, out + err
    for part in (
        "Periodic(",
        "BatchNorm(6)",
        "Dropout(rate=0.3)",
        "GELU()",
        "12 samples",
        "h = 1e-06",
        "gamma2",
        "5 of",
    ):
        assert part in out
    code, out, _ = run(capsys, "gradcheck", "--data", prices, "--target", "price", "--loss", "poisson", "--hidden", 4)
    assert code == 0
    assert "Exp()" in out


def test_gradcheck_ends_with_1_where_a_gradient_is_wrong(capsys, monkeypatch) -> None:
    right = Sigmoid.backward
    monkeypatch.setattr(Sigmoid, "backward", lambda self, dout, need_dx=True: right(self, dout) * 2)
    code, out, _ = run(capsys, "gradcheck", "--hidden", 5, "--activation", "sigmoid", "--entry", "b1[0]")
    assert code == 1
    assert re.search(r"^WRONG: W1, b1, x; look at the entry ", out, re.M)
    assert re.search(r"^relative error +0\.5: WRONG$", out, re.M)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--entry", "W1[64,0]"], "the entries of W1 are W1[0,0] to W1[63,99], got W1[64,0]"),
        (["--entry", "W9[0,0]"], "unknown parameter 'W9'"),
        (["--entry", "W1"], "an entry is a parameter with its indices"),
        (["--h", "0"], "0 < h < 1 must hold"),
        (["--samples", "0"], "samples must be a whole number, 1 or above"),
        (["--loss", "huber"], "loss is a choice for regression"),
        (["--hidden", "choice:5|6"], "--hidden takes one value, got a range"),
        (["--activation", "relux"], "relux"),
        (["minst"], "did you mean 'mnist'"),
    ],
)
def test_gradcheck_refuses_what_is_not_there(capsys, options, message) -> None:
    code, out, err = run(capsys, "gradcheck", *options)
    assert (code, out) == (2, "")
    assert message in err


def test_gradcheck_without_a_dataset_checks_digits_if_anything_is_asked(capsys) -> None:
    code, out, _ = run(capsys, "gradcheck", "--samples", 3)
    assert code == 0
    assert "3 samples" in out


def test_inspect_prints_layers_statistics_and_histograms(capsys, model) -> None:
    code, out, _ = run(capsys, "inspect", model)
    assert code == 0
    assert "note: the model has 2 networks; this is the first: see --member" in out
    data = zk.data.load("digits").split(0.2, 0.2, seed=0, stratify=True)
    loaded = zk.Model.load(model)
    for line in zk.inspect(loaded, data, part="test").lines():
        assert line in out
    assert "the samples: the first 359 test samples of digits, held out when the model was trained" in out


def test_inspect_of_one_member_one_layer_and_other_samples(capsys, model, tmp_path) -> None:
    np.savez(tmp_path / "few.npz", x=DATA.train.x[:30].reshape(-1, 8, 8), t=DATA.train.t[:30])
    code, out, _ = run(capsys, "inspect", model, tmp_path / "few.npz", "--member", 1, "--layer", 0, "--samples", 20)
    assert code == 0
    assert "network 1 of 2" in out
    assert "note: the model has" not in out
    assert "outputs for 20 samples" in out
    assert "gradient of b1" in out
    assert "W2" not in out


def test_inspect_is_ascii_where_the_terminal_is(capsys, model, monkeypatch) -> None:
    from rich.console import Console

    monkeypatch.setattr(Console, "encoding", "ascii")
    _, out, _ = run(capsys, "inspect", model)
    assert out.isascii()
    assert "@" in out


def test_inspect_without_its_data_says_what_is_missing(capsys, tmp_path, prices) -> None:
    data = zk.data.load(str(prices), "price").split(0.3, seed=0)
    path = zk.Model.of(zk.nn.mlp(data.n_inputs, (4,), 1), data).save(tmp_path / "m.safetensors")
    code, out, _ = run(capsys, "inspect", path)
    assert code == 0
    assert "note: outputs and gradients need samples" in out
    assert "--data" in out
    assert "W1" in out
    code, out, _ = run(capsys, "inspect", path, "--data", prices)
    assert code == 0
    assert "gradients of the loss" in out
    assert "rows of " in out


def test_inspect_downloads_nothing(capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ZEROKARA_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    model = zk.Model.of(zk.nn.mlp(64, (4,), 10), DATA, {"dataset": "fashion-mnist"})
    code, out, err = run(capsys, "inspect", model.save(tmp_path / "m.safetensors"))
    assert (code, err) == (0, "")
    assert "note: outputs and gradients need samples, and those of fashion-mnist are not found here" in out
    assert not list(tmp_path.glob("*/*"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--member", "2"], "the networks are 0 to 1, got 2"),
        (["--layer", "3"], "the layers are 0 to 2, got 3"),
        (["--data", "nowhere.npz"], "nowhere.npz"),
        (["--samples", "0"], "samples must be a whole number, 1 or above"),
    ],
)
def test_inspect_refuses_what_is_not_there(capsys, model, options, message) -> None:
    code, _, err = run(capsys, "inspect", model, *options)
    assert code == 2
    assert message in err
