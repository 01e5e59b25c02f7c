"""Losses of a regression, class weights and sample weights: what networks are trained and compared by."""

import numpy as np
import pytest
from sklearn.metrics import mean_poisson_deviance
from sklearn.utils.class_weight import compute_class_weight

import zerokara as zk
from zerokara import nn
from zerokara.data.counts import as_counts
from zerokara.errors import InputError
from zerokara.nn.layers.exponential import LIMIT, Exp
from zerokara.nn.regression_losses import REGRESSION_LOSSES, make_loss
from zerokara.train.build import build
from zerokara.train.objective import class_weight_text, class_weights, training_loss

SPACE = {"lr": 0.02, "hidden": (8,)}
ONE = {"trials": 1, "race": "none", "workers": 1}


def outliers() -> zk.data.Dataset:
    """A line, with a tenth of the targets far above it."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (200, 1))
    t = 100 + 10 * x[:, 0]
    t[::10] += 400
    return zk.data.from_arrays(x, t).split(0.2, seed=0).scaled("standard")


def counts(table: bool = False) -> zk.data.Dataset:
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (300, 2))
    t = rng.poisson(np.exp(0.3 + 1.5 * x[:, 0])).astype(float)
    if table:
        return zk.data.from_table({"a": x[:, 0], "b": x[:, 1], "calls": t}, "calls", "regression").split(0.2, seed=0)
    return zk.data.from_arrays(x, t).split(0.2, seed=0).scaled("standard")


def test_losses_by_hand() -> None:
    y, t = np.array([[[0.5, 3.0], [2.0, 1.0]]]), np.array([[1.0, 1.0], [2.0, 0.0]])
    assert nn.AbsoluteError().forward(y, t) == pytest.approx([(0.5 + 2.0 + 1.0) / 2])
    assert nn.AbsoluteError().backward(y, t).tolist() == [[[-0.5, 0.5], [0.0, 0.5]]]
    assert nn.Huber(1.0).forward(y, t) == pytest.approx([(0.125 + 1.5 + 0.5) / 2])
    assert nn.Huber(1.0).backward(y, t).tolist() == [[[-0.25, 0.5], [0.0, 0.5]]]
    poisson = (0.5 - np.log(0.5) + 3 - np.log(3) + 2 - 2 * np.log(2) + 1) / 2
    assert nn.PoissonError().forward(y, t) == pytest.approx([poisson])
    assert nn.PoissonError().backward(y, t)[0] == pytest.approx(np.array([[-0.5, 1 / 3], [0.0, 0.5]]))


@pytest.mark.parametrize("name", ["absolute", "huber:0.2"])
def test_a_robust_loss_ignores_outliers(name: str) -> None:
    data = outliers()
    errors = {}
    for loss in (None, name):
        model = zk.tune(data, SPACE, loss=loss, epochs=60, **ONE).best.model
        x = np.linspace(-1, 1, 50)[:, None]
        errors[loss] = np.abs(model.predict(x)[:, 0] - (100 + 10 * x[:, 0])).mean()
    assert errors[name] < 8 < 20 < errors[None]


@pytest.mark.parametrize("table", [False, True])
def test_counts_have_a_log_link(table: bool, tmp_path) -> None:
    data = counts(table)
    study = zk.tune(data, SPACE, loss="poisson", epochs=40, ensemble=None, out=tmp_path / "run", **ONE)
    model = zk.Model.load(study.best.model.save(tmp_path / "model.safetensors"))
    rows = data.validation.table.columns if table else {}
    source = {name: rows[name].values for name in ("a", "b")} if table else data.original.validation.x
    y = model.predict(source)[:, 0]
    t = data.preprocess.restore_target(data.validation.t)[:, 0].round()
    assert (y > 0).all()
    assert mean_poisson_deviance(t, y) < 0.7 * mean_poisson_deviance(t, np.full(len(t), t.mean()))
    # The loss that is reported is that of the predictions, with the mean as the unit.
    unit = study.plan.data.preprocess.target_scale[0]
    wanted = (y / unit - t / unit * np.log(y / unit)).mean()
    assert study.best.val_loss == pytest.approx(wanted, rel=1e-4)
    assert study.best.val_r2 == pytest.approx(1 - ((y - t) ** 2).mean() / t.var(), abs=1e-4)
    assert model.about["loss"] == "poisson"
    again = zk.resume(tmp_path / "run", data)
    assert again.best.val_loss == study.best.val_loss


def test_counts_keep_their_zeros_in_folds_and_when_pooled() -> None:
    data = as_counts(counts())
    assert as_counts(data) is data
    for each in (data, *data.folds(3), data.pooled(), as_counts(counts(table=True)).pooled()):
        assert each.preprocess.target_shift.tolist() == [0.0]
        assert each.train.t.mean() == pytest.approx(1.0, rel=1e-5)
        assert (each.train.t == 0).any()
        assert (each.train.t >= 0).all()
    plain = zk.data.from_arrays([[0.0], [1.0]], [0.0, 4.0])
    assert as_counts(plain).train.t.ravel().tolist() == [0.0, 2.0]


@pytest.mark.parametrize(
    ("t", "message"),
    [([0.0, -1.0, 2.0], "of 0 or above, got -1 in row 1 of the train part"), ([0.0, 0.0, 0.0], "only zeros")],
)
def test_counts_have_rules(t: list[float], message: str) -> None:
    data = zk.data.from_arrays([[0.0], [1.0], [2.0]], t)
    with pytest.raises(InputError, match=message):
        as_counts(data)


def test_extreme_log_counts_stay_finite() -> None:
    layer = Exp()
    y = layer.forward(np.array([[[-1e4, 0.0, 1e4]]], np.float32))
    assert y[0, 0] == pytest.approx([np.exp(-LIMIT), 1.0, np.exp(LIMIT)], rel=1e-6)
    loss, t = nn.PoissonError(), np.array([[3.0, 0.0, 1.0]], np.float32)
    assert np.isfinite(loss.forward(y, t)).all()
    assert np.isfinite(layer.backward(loss.backward(y, t))).all()


@pytest.mark.parametrize("name", ["hubert", "huber:0", "huber:", "huber:x", "squared:2", "poisson:1"])
def test_a_loss_has_rules(name: str) -> None:
    with pytest.raises(InputError, match="loss"):
        make_loss(name, "regression")
    with pytest.raises(InputError, match="loss is a choice for regression, got 'huber'"):
        make_loss("huber", "classification")
    assert REGRESSION_LOSSES.keys() == {"squared", "absolute", "huber", "poisson"}


def rare() -> zk.data.Dataset:
    rng = np.random.default_rng(0)
    t = np.repeat([0, 1, 2], [70, 20, 10])
    x = rng.standard_normal((100, 2)) + t[:, None]
    return zk.data.from_arrays(x, t, classes=["no", "may, be", "x=1"]).split(0.2, seed=0)


def test_class_weights_are_those_of_scikit_learn() -> None:
    data = rare()
    wanted = compute_class_weight("balanced", classes=np.arange(3), y=data.train.t)
    assert class_weights("balanced", data) == pytest.approx(wanted)
    given = {"x=1": 10, "may, be": 2.5}
    weights = class_weights(given, data)
    assert weights / weights[0] == pytest.approx([1.0, 2.5, 10.0])
    assert weights[data.train.t].mean() == pytest.approx(1.0)
    assert class_weights(class_weight_text(given), data).tolist() == weights.tolist()
    assert class_weights(None, data) is None


def test_class_weights_are_in_the_loss_and_not_in_the_score() -> None:
    data = rare()
    weights = class_weights("balanced", data)
    study = zk.tune(data, SPACE, class_weight="balanced", epochs=3, **ONE)
    model, part = study.best.model, data.validation
    p = model.predict_proba(part.x)
    right = -np.log(p[np.arange(len(part)), part.t])
    assert study.best.val_loss == pytest.approx((weights[part.t] * right).mean(), rel=1e-5)
    assert study.best.val_accuracy == pytest.approx((p.argmax(axis=1) == part.t).mean())
    # As if each sample had the weight of its class.
    sampled = zk.data.Part(data.train.x, data.train.t, weights[data.train.t])
    weighted = data.with_parts(sampled, part)
    runs = [build(study.best.params, data, class_weight="balanced"), build(study.best.params, weighted)]
    curves = [run.fit(3)["train_loss"] for run in runs]
    assert np.allclose(*curves, rtol=1e-5)
    assert type(training_loss(data, label_smoothing=0.1).without_smoothing()) is nn.SoftmaxCrossEntropy


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ("balance", "class_weight must be balanced, or a weight of 0 or above by class"),
        ({"no": -1}, "class_weight must be balanced"),
        ("no=x", "class_weight must be balanced"),
        ("no=1,no=2", "class_weight must be balanced, or a weight of 0 or above by class, each class once"),
        ({"maybe": 1}, "unknown class in class_weight 'maybe'"),
        ({"no": 0, "may, be": 0, "x=1": 0}, "must be above 0 for a class"),
    ],
)
def test_class_weights_have_rules(class_weight: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        zk.tune(rare(), SPACE, class_weight=class_weight, epochs=1, **ONE)
    with pytest.raises(InputError, match="class_weight needs classes, got the task regression"):
        zk.tune(counts(), SPACE, class_weight="balanced", epochs=1, **ONE)


def test_a_run_with_class_weights_resumes(tmp_path) -> None:
    data, options = rare(), {"epochs": 2, "workers": 1, "class_weight": {"x=1": 3.0, "may, be": 2.0}}
    complete = zk.tune(data, {"lr": zk.log(1e-3, 1e-1), "hidden": (4,)}, trials=4, generation=2, **options)
    run = tmp_path / "run"
    zk.tune(data, {"lr": zk.log(1e-3, 1e-1), "hidden": (4,)}, trials=2, generation=2, **options, out=run)
    again = zk.resume(run, data, trials=4)
    assert [trial.record for trial in again.trials] == [trial.record for trial in complete.trials]


def test_clipping_changes_only_the_networks_that_have_a_limit() -> None:
    data = outliers()
    alone = build(zk.tune(data, SPACE, epochs=1, **ONE).best.params, data, 1)
    params = zk.tune(data, SPACE, epochs=1, **ONE).best.params | {"clip_norm": np.array([0.0, 1e-3, 1e9])}
    together = build(params, data, 3)
    curves = [run.fit(2)["train_loss"] for run in (alone, together)]
    assert curves[1][0].tolist() == curves[1][2].tolist() == curves[0][0].tolist()
    assert curves[1][1].tolist() != curves[0][0].tolist()
    assert "clip_norm" not in repr(alone.optimizer)
    assert "clip_norm=0 to 1e+09" in repr(together.optimizer)
