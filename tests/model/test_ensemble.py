"""Several networks answer as one model: with the weighted mean of what each says."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from zerokara.cli import main
from zerokara.data import Dataset, Preprocess, from_arrays
from zerokara.errors import InputError
from zerokara.model import Ensemble, Model, ModelMember, predict_each
from zerokara.model.ensemble import combine, probabilities
from zerokara.model.file import pack, unpack
from zerokara.nn import Network, mlp
from zerokara.rng import stream

TASKS = ("classification", "multilabel", "regression")
X = stream(0, "test").normal(size=(600, 4)).astype(np.float32)
COUNTS = [2, 1, 0, 5, 1, 3]


def networks(dtype: str = "float64") -> list[Network]:
    """Return six networks of three structures."""
    return [
        mlp(4, (5,), 3, "tanh", population=2, init_scale=[1, 3], batch_norm=True, dropout=[0.1, 0.5], dtype=dtype),
        mlp(4, (), 3, population=3, init_scale=[1, 2, 3], dtype=dtype),
        mlp(4, (5,), 3, "tanh", seed=1, replicate=2, init_scale=2, batch_norm=True, dropout=0.3, dtype=dtype),
    ]


def model(task: str, dtype: str = "float64") -> Model:
    t = 7 + 5 * X[:, :3] if task == "regression" else None
    preprocess = Preprocess.fit("standard", X, t, 3)
    return Model(
        (ModelMember(Ensemble.of(networks(dtype), COUNTS), preprocess),),
        task,
        ("a", "b", "c"),
        (4,),
        {"trials": [3, 1]},
    )


def with_(ensemble: Ensemble) -> tuple[ModelMember, ...]:
    return (ModelMember(ensemble, model("regression").preprocess),)


def mean(task: str) -> np.ndarray:
    """Return the weighted mean of what each network says by itself."""
    x = Preprocess.fit("standard", X).transform(X).astype(float)
    said = [probabilities(net.take(k).forward(x[None])[0], task) for net in networks() for k in range(net.population)]
    return np.average(said, axis=0, weights=COUNTS)


@pytest.mark.parametrize("task", TASKS)
def test_says_the_weighted_mean(task) -> None:
    whole, expected = model(task), mean(task)
    if task == "regression":
        restored = whole.preprocess.restore_target(expected)
        assert np.allclose(whole.predict(X), restored, rtol=1e-12)
        return
    p = whole.predict_proba(X)
    assert np.allclose(p, expected, rtol=1e-10)
    said = whole.predict(X)
    right = np.array(["a", "b", "c"])[p.argmax(axis=1)] if task == "classification" else (p > 0.5).astype(int)
    assert np.array_equal(said, right)
    assert len(np.unique(said)) > 1


def test_evaluates_as_it_predicts() -> None:
    names = np.array(["a", "b", "c"])
    for task in TASKS:
        whole = model(task)
        t = {"classification": names[np.abs(X[:, :3]).argmax(axis=1)], "multilabel": (X[:, :3] > 0).astype(int)}.get(
            task, 7 + 5 * X[:, :3]
        )
        data = from_arrays(X, t, task=task, classes=names)
        loss, score = whole.evaluate(data, "train")
        right, target = whole.predict(X) == t, data.train.t
        if task == "regression":
            difference = whole.preprocess.transform_target(whole.predict(X)) - whole.preprocess.transform_target(target)
            assert loss == pytest.approx(0.5 * (difference**2).sum(axis=1).mean(), rel=1e-5)
            assert np.allclose(whole.error(data, "train"), np.sqrt(((whole.predict(X) - t) ** 2).mean(axis=0)))
            continue
        p = whole.predict_proba(X)
        if task == "classification":
            assert score == right.mean()
            assert loss == pytest.approx(-np.log(p[np.arange(600), target]).mean(), rel=1e-10)
        else:
            assert score == right.all(axis=1).mean()
            assert loss == pytest.approx(-np.log(np.where(target > 0, p, 1 - p)).sum(axis=1).mean(), rel=1e-10)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scores_far_out_stay_finite(task, dtype) -> None:
    scores = np.array([[[1e4, -1e4, 0]], [[-1e4, 1e4, 0]], [[0, 0, 1e30]]], dtype)
    with np.errstate(all="raise", under="ignore"):
        one = combine(scores, np.array([0.5, 0.3, 0.2]), task)
        p = probabilities(one, task)
    assert one.dtype == dtype
    assert np.isfinite(p).all()
    if task == "classification":
        assert np.allclose(p, [[0.5, 0.3, 0.2]])


@pytest.mark.parametrize("task", TASKS)
def test_the_order_and_company_of_networks_do_not_matter(task) -> None:
    a, b, c = (mlp(4, (5,), 3, seed=seed) for seed in range(3))
    said = predict_each([a, b, c], X, task)
    assert np.array_equal(predict_each(zk.nn.concat_networks([c]), X, task)[0], said[2])
    assert np.array_equal(predict_each(Ensemble.of([b, c, a]).groups[0], X, task), said[[1, 2, 0]])
    data = from_arrays(X, X[:, :3], task="regression")
    twice = Model.of(Ensemble.of([a, a, b]), data).scores(X)
    assert np.allclose(twice, Model.of(Ensemble.of([b, a], [1, 2]), data).scores(X), atol=1e-6)
    one = Model.of(a, data).scores(X)
    assert np.array_equal(Model.of(Ensemble.of([a, b], [7, 0]), data).scores(X), one)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("task", TASKS)
def test_a_sample_alone_has_the_bits_that_it_has_in_company(task, outputs) -> None:
    scores = stream(1, "test").normal(size=(20, 300, outputs)).astype(np.float32)
    weights = np.full(20, 1 / 20)
    together = combine(scores, weights, task)
    alone = [combine(scores[:, k : k + 1], weights, task)[0] for k in range(300)]
    assert np.array_equal(alone, together)


def test_same_structures_ride_together_whatever_their_seeds() -> None:
    ensemble = Ensemble.of(networks(), COUNTS)
    assert [network.population for network in ensemble.groups] == [3, 2]
    assert ensemble.counts == (2, 1, 3, 5, 1)
    assert ensemble.population == 5
    assert ensemble.weights.sum() == pytest.approx(1)
    rates = ensemble.groups[0].arrays()["3.rate"]
    assert rates.ravel().tolist() == [0.1, 0.5, 0.3]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Ensemble.of([], []), "count of an ensemble must be positive"),
        (lambda: Ensemble.of(networks(), [0] * 6), "count of an ensemble must be positive"),
        (lambda: Ensemble.of(networks(), [1] * 5), r"one count for each of the 6 networks, got \[1, 1, 1, 1, 1\]"),
        (lambda: Ensemble.of(networks(), 1), "one count for each of the 6 networks, got 1"),
        (lambda: Ensemble.of(networks(), [1, 1, 1, 1, 1, -1]), "numbers above 0"),
        (lambda: Ensemble.of(networks(), [1, 1, 1, 1, 1, np.inf]), "numbers above 0"),
        (lambda: Ensemble.of([mlp(4, (), 3), mlp(4, (), 3, dtype="float64")]), "of one precision, got"),
        (lambda: Ensemble((mlp(4, (), 3),), (1, 2)), "one count for each of its 1 networks, got 2"),
        (lambda: model("classification").network, "an ensemble of 5 networks: see ensemble.groups"),
        (
            lambda: dataclasses.replace(
                model("regression"), members=with_(Ensemble.of([mlp(4, (), 3), mlp(4, (), 2)]))
            ),
            "an output for each of 3 names, got 2",
        ),
        (
            lambda: dataclasses.replace(
                model("regression"), members=with_(Ensemble.of(mlp(4, (), 3, population=2, init_scale=[1, np.nan])))
            ),
            "in layer 0, W",
        ),
    ],
)
def test_refuses_what_does_not_answer_together(make, message) -> None:
    with pytest.raises(InputError, match=message), np.errstate(invalid="ignore"):
        make()


def test_predicting_leaves_nothing_in_the_layers() -> None:
    whole = model("classification")
    before = [{**vars(layer)} for network in whole.ensemble.groups for layer in network.layers]
    whole.predict(X)
    after = [vars(layer) for network in whole.ensemble.groups for layer in network.layers]
    assert all(b.keys() == a.keys() and all(b[n] is a[n] for n in b) for b, a in zip(before, after, strict=True))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("task", TASKS)
def test_comes_back_from_its_file_to_the_bit(task, dtype, tmp_path) -> None:
    whole = model(task, dtype)
    path = whole.save(tmp_path / "model.safetensors")
    again = Model.load(path)
    assert np.array_equal(again.scores(X), whole.scores(X))
    assert (again.ensemble.counts, again.about, again.classes) == (whole.ensemble.counts, whole.about, whole.classes)
    assert again.save(tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_the_file_names_its_arrays_by_group_with_the_population_axis(tmp_path) -> None:
    description, arrays = unpack(model("regression").save(tmp_path / "model.safetensors").read_bytes())
    assert description["format"] == 2
    assert [group["counts"] for group in description["groups"]] == [[2, 1, 3], [5, 1]]
    assert description["groups"][1]["layers"] == [{"layer": "affine", "inputs": 4, "outputs": 3}]
    shapes = {name: array.shape for name, array in arrays.items() if name.startswith("network.")}
    assert shapes["network.0.0.W"] == (3, 4, 5)
    assert shapes["network.0.3.rate"] == (3, 1)
    assert (shapes["network.1.0.W"], shapes["network.1.0.b"]) == ((2, 4, 3), (2, 3))


def test_a_file_of_format_1_is_read_and_one_network_is_still_written_so(tmp_path) -> None:
    """The file was written by the version that knew no ensembles."""
    old = Path(__file__).parent / "files" / "format-1.safetensors"
    single = Model.load(old)
    assert (single.classes, single.about["trial"], single.ensemble.counts) == (("ant", "bee"), 7, (1,))
    expected = [[-0.5104900002479553, 0.1466875523328781], [-1.9952422380447388, -0.43598195910453796]]
    assert np.allclose(single.scores([[1, 2, 3], [4, 5, 6]]), expected, rtol=1e-5)
    said, held = unpack(old.read_bytes())
    said_now, held_now = unpack(single.save(tmp_path / "new.safetensors").read_bytes())
    assert {**said_now, "zerokara": said["zerokara"]} == said
    assert all(np.array_equal(held_now[name], held[name]) for name in held | held_now)


HUGE = 10**12
UNSOUND = {
    "no groups": ({"groups": []}, {}, "groups must be a list of dict"),
    "groups that are none": ({"groups": [1, 2]}, {}, "groups must be a list of dict"),
    "a group too few": ({"groups": 1}, {}, "must contain the arrays of its 1 groups of networks, got others"),
    "an array too many": ({}, {"network.2.0.W": np.ones((1, 4, 3))}, "arrays of its 2 groups of networks, got others"),
    "an array of no group": ({}, {"network.x": np.ones(3)}, "arrays of its 2 groups of networks, got others"),
    "a missing count": ({"counts": [5]}, {}, r"'0.W' must have the shape \(1, 4, 3\), got \(2, 4, 3\)"),
    "a count of 0": ({"counts": [5, 0]}, {}, "counts must be numbers above 0"),
    "counts that are no numbers": ({"counts": ["5", "1"]}, {}, "counts must be a list of int"),
    "counts that are True": ({"counts": [True, True]}, {}, "counts must be a list of int"),
    "no counts": ({"counts": None}, {}, "counts must be a list of int"),
    "huge counts": ({"counts": [10**400, 1]}, {}, "counts must be numbers above 0"),
    "no layers": ({"layers": []}, {}, "layers must be a list of dict"),
    "a huge layer": (
        {"layers": [{"layer": "affine", "inputs": HUGE, "outputs": HUGE}]},
        {},
        "a size that the arrays allow",
    ),
    "two precisions": (
        {},
        {f"network.1.0.{n}": np.ones(s, np.float32) for n, s in (("W", (2, 4, 3)), ("b", (2, 3)))},
        "one precision",
    ),
    "NaN in one": ({}, {"network.1.0.b": np.array([[0, 0, 0], [0, np.nan, 0.0]])}, "in layer 0, b"),
    "other outputs": (
        {"layers": [{"layer": "affine", "inputs": 4, "outputs": 2}]},
        {"network.1.0.W": np.ones((2, 4, 2)), "network.1.0.b": np.ones((2, 2))},
        "an output for each of 3 names, got 2",
    ),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_a_file_with_a_right_hash_and_wrong_content_is_refused(name, tmp_path) -> None:
    said, held, message = UNSOUND[name]
    description, arrays = unpack(model("regression").save(tmp_path / "good.safetensors").read_bytes())
    groups = description["groups"]
    if "groups" in said:
        description["groups"] = said["groups"] if isinstance(said["groups"], list) else groups[: said["groups"]]
    else:
        groups[1] |= said
    path = tmp_path / "some.safetensors"
    path.write_bytes(pack(description, {**arrays, **held}))
    with pytest.raises(InputError, match=f"some.safetensors is not a valid model file: .*{message}"):
        Model.load(path)


def test_the_command_line_takes_an_ensemble_for_a_model(tmp_path, capsys) -> None:
    data: Dataset = zk.data.load("digits").split(0.2, 0.2, seed=0)
    run = zk.Trainer(mlp(64, (16,), 10, population=2, init_scale=[0.5, 1]), zk.optim.Adam(lr=0.01), data)
    run.fit(2)
    whole = Model.of(Ensemble.of(run.network, [2, 1]), data)
    path = whole.save(tmp_path / "ensemble.safetensors")
    picture = ["--index", "3", "--picture", str(tmp_path / "3.png")]
    for command, options, shown in (
        ("evaluate", [], f"{whole.evaluate(data)[1]:.4f}"),
        ("predict", picture, "prediction:"),
    ):
        with pytest.raises(SystemExit) as ended:
            main([command, str(path), "digits", *options])
        assert not ended.value.code
        assert shown in capsys.readouterr().out
