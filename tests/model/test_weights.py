"""Pickled weights as a model: the same answers, and what is refused by name."""

import pickle
import re
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from zerokara.cli import main
from zerokara.errors import InputError
from zerokara.model.weights import from_weights

RNG = np.random.default_rng(0)


def params(*sizes: int, dtype: str = "float64") -> dict[str, Any]:
    made = {}
    for k in range(1, len(sizes)):
        made[f"W{k}"] = RNG.standard_normal((sizes[k - 1], sizes[k])).astype(dtype)
        made[f"b{k}"] = RNG.standard_normal(sizes[k]).astype(dtype)
    return made


def answers(weights: dict[str, Any], x: np.ndarray, f: Any) -> np.ndarray:
    depth = len(weights) // 2
    for k in range(1, depth + 1):
        x = x @ weights[f"W{k}"] + weights[f"b{k}"]
        x = f(x) if k < depth else x
    return x


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("sizes", [(6, 3), (6, 5, 3), (6, 5, 4, 5, 3)])
@pytest.mark.parametrize(
    ("activation", "f"),
    [("sigmoid", lambda x: 1 / (1 + np.exp(-x))), ("relu", lambda x: np.maximum(x, 0)), ("tanh", np.tanh)],
)
def test_a_model_of_any_depth_answers_as_its_weights(activation, f, sizes, dtype, tmp_path: Path) -> None:
    weights, x = params(*sizes, dtype=dtype), RNG.random((9, 6)).astype(np.float32)
    model = from_weights(weights, activation)
    assert model.network.dtype == dtype
    model = zk.Model.load(model.save(tmp_path / "model"))
    expected = answers(weights, x.astype(dtype), f)
    np.testing.assert_allclose(model.scores(x), expected, rtol=1e-12 if dtype == "float64" else 1e-4, atol=1e-6)
    assert model.predict(x).tolist() == expected.argmax(axis=1).tolist()


def test_weights_are_copied_and_may_come_in_any_order_and_dress() -> None:
    weights = params(4, 3, 2)
    dressed = OrderedDict((name.encode(), weights[name]) for name in sorted(weights, reverse=True))
    dressed[b"b1"] = dressed[b"b1"][None]
    model, x = from_weights(dressed, "relu"), RNG.random((5, 4)).astype(np.float32)
    before = model.scores(x)
    np.testing.assert_allclose(before, answers(weights, x, lambda x: np.maximum(x, 0)), rtol=1e-12)
    weights["W1"][...] = 0
    np.testing.assert_array_equal(model.scores(x), before)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], "a dict of arrays W1, b1, W2, b2, ..., got a list"),
        ({}, "got none"),
        ({"W1": np.eye(2)}, "got W1"),
        ({"W2": np.eye(2), "b2": np.ones(2)}, "got W2, b2"),
        (params(4, 3) | {"gamma1": np.ones(3)}, "nothing else, got W1, b1, gamma1"),
        (params(4, 3) | {"b1": np.ones(4)}, r"W1 must have the shape \(n_in, n_out\) and b1 \(n_out,\).*\(4,\)"),
        (params(4, 3, 2) | {"W2": np.ones((2, 3))}, r"W2 must have the shape \(3, n_out\)"),
        (params(4, 3) | {"W1": "text"}, "W1 must be an array of numbers, got str"),
        (params(4, 3) | {"W1": np.array([["a"]])}, "W1 must be an array of numbers, got <U1"),
        (params(4, 3) | {"b1": np.array([1, np.nan, 2])}, "finite numbers"),
        ({"W1": np.zeros((30, 1, 5, 5)), "b1": np.zeros(30)}, r"got \(30, 1, 5, 5\)"),
    ],
)
def test_what_is_no_network_is_refused(weights: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_weights(weights, "relu")


def run(*tokens: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(token) for token in tokens])
    return int(ended.value.code or 0)


def test_the_command_line_imports_what_a_course_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)
    trained = zk.Trainer(zk.nn.mlp(64, (20,), 10, "sigmoid", dtype=np.float64), zk.optim.Adam(lr=0.02), data)
    trained.fit(5)
    first, second = (layer for layer in trained.trained().layers if layer.parameters)
    weights = {"W1": first.W[0], "b1": first.b[0, 0], "W2": second.W[0], "b2": second.b[0, 0]}
    path = tmp_path / "weight_bias_params_0.pkl"
    path.write_bytes(pickle.dumps(weights))
    assert run("import", path, "--activation", "sigmoid", "--dataset", "digits") == 0
    out = path.with_suffix(".safetensors")
    assert capsys.readouterr().out == f"64-20-10, sigmoid: {out}\n"
    model = zk.Model.load(out)
    assert model.evaluate(data)[1] > 0.9
    assert (model.about["dataset"], model.about["imported"]) == ("digits", path.name)
    assert run("evaluate", out, "digits") == 0
    assert run("predict", out, "digits", "--index", 7) == 0

    assert run("import", path, "--activation", "sigmoid", "--out", tmp_path / "bare") == 0
    assert zk.Model.load(tmp_path / "bare").evaluate(data)[1] == model.evaluate(data)[1]
    (tmp_path / "bare").write_text("other work")
    for named in ("bare", "w.txt"):
        assert run("import", path, "--activation", "sigmoid", "--out", tmp_path / named) == 2
    assert re.search("bare already exists: .* --force .*must end in .safetensors", capsys.readouterr().err, re.DOTALL)
    assert (tmp_path / "bare").read_text() == "other work"
    assert run("import", path, "--activation", "sigmoid", "--out", tmp_path / "bare", "--force") == 0


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (params(4, 3), ["--activation", "sigmod"], "did you mean 'sigmoid'"),
        (params(4, 3), [], "--activation"),
        (
            params(4, 3),
            ["--activation", "relu", "--dataset", "digits"],
            "expect 4 inputs and 3 classes; digits is classification with 64",
        ),
        (
            {"W1": np.array([print], object)},
            ["--activation", "relu"],
            "holds an object array|asks for 'builtins.print'",
        ),
        ({"W1": Path("a")}, ["--activation", "relu"], "Path"),
    ],
)
def test_what_the_command_line_refuses(content: Any, options: list[str], message: str, tmp_path: Path, capsys) -> None:
    path = tmp_path / "weights.pkl"
    path.write_bytes(pickle.dumps(content))
    assert run("import", path, *options) == 2
    captured = capsys.readouterr()
    assert re.search(message, captured.err + captured.out)
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_dataset_only_pictures_are_asked_for(tmp_path: Path, capsys, monkeypatch) -> None:
    out = from_weights(params(4, 3), "relu").save(tmp_path / "model")
    lines = iter(["7", ""])
    monkeypatch.setattr("rich.console.Console.input", lambda self, prompt, **_: print(prompt) or next(lines))
    assert run("predict", out) == 0
    said = capsys.readouterr().out
    assert "a picture's path (empty to end): " in said
    assert "None" not in said
