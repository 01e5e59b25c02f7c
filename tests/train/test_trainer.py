"""What an epoch is: every sample once, one step a batch, a record of what was reached."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.cases import SCHEDULES
from zerokara import nn, optim
from zerokara.data import Dataset, Part
from zerokara.errors import InputError
from zerokara.optim.schedules import parse
from zerokara.train import Trainer, evaluate
from zerokara.train.loader import batches
from zerokara.train.metrics import measure_by_numpy
from zerokara.train.trainer import concat_trainers

Make = Callable[..., Trainer]


class Spy(nn.Layer):
    """Passes everything on, notes the samples it saw while training and whether their gradient was wanted."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.seen: list[np.ndarray] = []
        self.asked: list[bool] = []

    def forward(self, x, step=None):  # type: ignore[no-untyped-def]
        if step is not None:
            self.steps.append(step)
            self.seen.append(x.copy())
        return x

    def backward(self, dout, need_dx=True):  # type: ignore[no-untyped-def]
        self.asked.append(need_dx)
        return dout


@pytest.mark.parametrize("batch_size", [1, 7, 50, 80, 239, 240, 1000])
def test_every_epoch_visits_every_sample_once(digits: Dataset, batch_size: int) -> None:
    spy = Spy()
    network = nn.Network([spy, nn.Affine(64, 10)])
    run = Trainer(network, optim.SGD(lr=1e-3), digits, batch_size=batch_size)
    run.fit(2)
    sizes = [x.shape[1] for x in spy.seen]
    assert all(len(x) == 1 for x in spy.seen)  # shared by all networks, not copied for each
    epochs = np.split(np.concatenate([x[0] for x in spy.seen]), 2)
    order = np.lexsort(digits.train.x.T)
    for seen in epochs:
        assert np.array_equal(seen[np.lexsort(seen.T)], digits.train.x[order])
    assert not np.array_equal(*epochs)
    assert sizes == [end - start for start, end in batches(240, batch_size)] * 2
    assert spy.steps == list(range(len(sizes)))  # so that dropout masks do not come back
    assert spy.asked == []  # no gradient of the data


@pytest.mark.parametrize(("samples", "batch_size"), [(n, b) for n in range(1, 14) for b in range(1, 15)])
def test_batches_cover_the_samples_and_the_last_is_none_alone(samples: int, batch_size: int) -> None:
    cut = batches(samples, batch_size)
    assert (cut[0][0], cut[-1][1]) == (0, samples)
    assert all(end == start for (_, end), (start, _) in pairwise(cut))
    sizes = [end - start for start, end in cut]
    assert all(size == batch_size for size in sizes[:-1])
    if samples > 1 and batch_size > 1:
        assert 2 <= sizes[-1] <= batch_size + 1
    if batch_size == 1:
        assert set(sizes) == {1}
    if sizes[-1] > batch_size:
        assert (samples - 1) % batch_size == 0


def test_an_epoch_is_its_steps_written_out(digits: Dataset) -> None:
    def parts() -> tuple[nn.Network, optim.Optimizer]:
        return nn.mlp(64, (8,), 10, batch_norm=True, dropout=0.3), optim.Adam(lr=0.01, weight_decay=0.01)

    spy = Spy()
    recorded = Trainer(nn.Network([spy, nn.Affine(64, 10)]), optim.SGD(), digits, batch_size=50, seed=4)
    recorded.fit(1)
    network, rule = parts()
    run = Trainer(network, rule, digits, batch_size=50, seed=4, engine="numpy")
    run.fit(1)
    again, rule = parts()
    rule, loss = rule.start(again), nn.SoftmaxCrossEntropy()
    labels = {x.tobytes(): t for x, t in zip(digits.train.x, digits.train.t, strict=True)}
    for step, x in enumerate(spy.seen):
        t = np.array([labels[sample.tobytes()] for sample in x[0]])
        again.backward(loss.backward(again.forward(x, step), t))
        rule.step(again)
    assert np.array_equal(run.network.params, again.params)
    assert run.network is network  # trained in place
    loss_train = measure_by_numpy(again, digits.train, "classification", 1, loss)[0][0]
    assert run.history["train_loss"][0, 0] == loss_train
    assert run.history["val_score"][0, 0] == evaluate(again, digits.validation, "classification")[1][0]


def test_the_order_depends_on_seed_epoch_and_replicate_alone(digits: Dataset) -> None:
    def order(**options: int) -> np.ndarray:
        spy = Spy()
        network = nn.Network([spy, nn.Affine(64, 10)], population=options.pop("population", 1))
        Trainer(network, optim.SGD(), digits, batch_size=240, **options).fit(1)
        return spy.seen[0]

    assert np.array_equal(order(), order(population=3))
    assert not np.array_equal(order(), order(seed=1))
    assert not np.array_equal(order(), order(replicate=1))


@pytest.mark.parametrize("text", SCHEDULES)
def test_thirty_and_thirty_are_sixty(trainer: Make, text: str) -> None:
    def run(*parts: int) -> Trainer:
        schedule = parse(text) if len(parts) == 1 else text
        made = trainer(dropout=0.2, schedule=schedule, schedule_epochs=60, batch_size=120)
        for part in parts:
            made.fit(part)
        return made

    a, b = run(60), run(30, 30)
    assert np.array_equal(a.network.params, b.network.params)
    for curve in ("train_loss", "train_score", "val_loss", "val_score", "lr"):
        assert np.array_equal(a.history[curve], b.history[curve])
        assert np.isfinite(a.history[curve]).all()
    wanted = [parse(text).factor(epoch + 0.5, 60) for epoch in range(60)]  # the last of two steps an epoch
    assert np.array_equal(a.history["lr"], np.outer([0.05, 0.2, 0.5], wanted))


def test_a_driver_may_break_off_and_go_on(trainer: Make) -> None:
    def run(breaking: bool) -> Trainer:
        made = trainer(diverging=True)
        for epoch in made.epochs(4):
            if breaking and epoch.number == 1:
                break
        for _ in made.epochs(3) if breaking else ():
            pass
        return made

    once, twice = run(False), run(True)
    assert np.array_equal(once.network.params, twice.network.params)
    assert once.rows.tolist() == twice.rows.tolist() == [0, 1]
    assert once.history.epochs.tolist() == twice.history.epochs.tolist() == [4, 4, 1]
    assert once.history.diverged.tolist() == twice.history.diverged.tolist() == [0, 0, 1]


@pytest.mark.parametrize("every", [1, 2, 3])
def test_the_training_set_is_evaluated_every_so_many_epochs_and_at_the_end(trainer: Make, every: int) -> None:
    all_epochs = trainer().fit(7)
    history = trainer(evaluate_train_every=every).fit(7)
    known = [number for number in range(1, 8) if number % every == 0 or number == 7]
    for curve in ("train_loss", "train_score"):
        assert np.flatnonzero(~np.isnan(history[curve][0])).tolist() == [number - 1 for number in known]
        columns = np.array(known) - 1
        assert np.array_equal(history[curve][:, columns], all_epochs[curve][:, columns])
    assert np.array_equal(history["val_loss"], all_epochs["val_loss"])


def test_the_record_of_an_epoch(trainer: Make) -> None:
    run = trainer(schedule=parse("exponential:0.5"))
    for number, epoch in enumerate(run.epochs(3), 1):
        assert epoch.number == number
        assert epoch.rows.tolist() == [0, 1, 2]
        assert epoch.lr.tolist() == [0.05 * 0.5 ** (number - 1), 0.2 * 0.5 ** (number - 1), 0.5**number]
        assert epoch.seconds > 0
        assert epoch.val_accuracy is epoch.val_score
        assert epoch.train_accuracy is epoch.train_score
        assert not epoch.diverged.any()
        with pytest.raises(AttributeError, match="its scores are train_accuracy and val_accuracy"):
            _ = epoch.val_r2
    assert run.history["val_loss"][:, -1].tolist() == epoch.val_loss.tolist()
    assert (epoch.val_accuracy > 0.3).all()


def test_only_trainers_at_one_epoch_go_together(trainer: Make) -> None:
    one, other = trainer(), trainer()
    one.fit(1)
    other.fit(2)
    with pytest.raises(InputError, match=r"only trainers at the same epoch can be joined, got epochs \[1, 2\]"):
        concat_trainers([one, other])


def test_a_part_leaves_the_trainer_as_it_was(trainer: Make) -> None:
    run, untouched = trainer(keep_best=True), trainer(keep_best=True)
    run.fit(2)
    run.part([2, 0]).fit(3)
    run.fit(1)
    untouched.fit(3)
    assert run.rows.tolist() == [0, 1, 2]
    assert np.array_equal(run.network.params, untouched.network.params)
    assert np.array_equal(run.optimizer.v, untouched.optimizer.v)
    assert np.array_equal(run.trained(2).params, untouched.trained(2).params)
    assert np.array_equal(run.history["val_loss"], untouched.history["val_loss"])


def test_without_validation_data(digits: Dataset) -> None:
    alone = replace(digits, validation=None)
    run = Trainer(nn.mlp(64, (8,), 10), optim.SGD(), alone)
    for epoch in run.epochs(2):
        assert np.isnan(epoch.val_loss).all()
        assert not epoch.diverged.any()
        assert np.isfinite(epoch.train_loss).all()
    with pytest.raises(InputError, match="needs validation data"):
        Trainer(nn.mlp(64, (8,), 10), optim.SGD(), alone, keep_best=True)


def test_the_driver_takes_between_epochs(trainer: Make) -> None:
    whole = trainer()
    whole.fit(4)
    run = trainer()
    seen = []
    for epoch in run.epochs(4):
        seen.append(epoch.rows.tolist())
        if epoch.number == 1:
            run.take([2, 0])
        if epoch.number == 3:
            run.take(np.array([False, True]))
    assert seen == [[0, 1, 2], [2, 0], [2, 0], [0]]
    assert run.history.epochs.tolist() == [4, 1, 3]
    assert np.array_equal(run.trained(0).params, whole.trained(0).params)
    assert np.array_equal(run.history["val_loss"][0], whole.history["val_loss"][0])
    assert np.array_equal(run.history["val_loss"][2, :3], whole.history["val_loss"][2, :3])
    assert np.isnan(run.history["val_loss"][2, 3])
    with pytest.raises(InputError, match="network 1 has no weights: it diverged, or was dropped"):
        run.trained(1)


def test_when_the_driver_takes_nobody_the_epochs_end(trainer: Make) -> None:
    run = trainer()
    for epoch in run.epochs(5):
        run.take([])
    assert epoch.number == 1
    assert list(run.epochs(5)) == []


def test_double_precision_trains_in_double_precision(digits: Dataset) -> None:
    network = nn.mlp(64, (8,), 10, dtype="float64", population=2)
    run = Trainer(network, optim.Adam(), digits)
    run.fit(2)
    assert {value.dtype for value in run.network.arrays().values()} == {np.dtype("float64")}
    assert {run.optimizer.m.dtype, run.optimizer.v.dtype} == {np.dtype("float64")}
    single = Trainer(nn.mlp(64, (8,), 10, population=2), optim.Adam(), digits)
    single.fit(2)
    assert np.allclose(single.history["val_loss"], run.history["val_loss"], rtol=1e-4)


def test_a_weight_of_two_trains_as_the_sample_twice(digits: Dataset) -> None:
    few = digits.train.take(slice(0, 20))
    twice = np.r_[0:20, 0:5]
    weights = np.where(np.arange(20) < 5, 2.0, 1.0)
    weighted = replace(few, weights=(weights / weights.mean()).astype(np.float32))
    doubled = Part(few.x[twice], few.t[twice])
    histories = []
    for part in (weighted, doubled):
        data = replace(digits, train=part)
        run = Trainer(nn.mlp(64, (8,), 10, dtype="float64"), optim.SGD(lr=0.1), data, batch_size=25)
        histories.append(run.fit(5))
    for curve in ("train_loss", "train_score", "val_loss"):
        assert np.allclose(histories[0][curve], histories[1][curve], rtol=1e-7)


def test_no_warning_of_numpy_leaks(trainer: Make) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = np.geterr()
        for _ in trainer(diverging=True, keep_best=True).epochs(3):
            assert np.geterr() == before
        assert np.geterr() == before


def test_more_threads_train_too(trainer: Make) -> None:
    one, two = trainer().fit(2), trainer(threads=2).fit(2)
    assert np.allclose(one["val_loss"], two["val_loss"], rtol=1e-3)


BAD = {
    "batch_size must be a whole number": [{"batch_size": 0}, {"batch_size": -1}, {"batch_size": 2.5}],
    "evaluate_train_every must be a whole number": [{"evaluate_train_every": 0}],
    "threads must be a whole number": [{"threads": 0}],
    "optimizer must be .*got <class .*SGD'>: pass zk.optim.SGD": [{"optimizer": optim.SGD}],
    "optimizer must be .*got 'sgd'": [{"optimizer": "sgd"}],
    "network must be .*got 'mlp': pass zk.nn.mlp": [{"network": "mlp"}],
    "loss must be .*got 'squared': leave it out, or pass zk.nn.SquaredError": [{"loss": "squared"}],
    "loss must be .*got <class": [{"loss": nn.SoftmaxCrossEntropy}],
    "t must have a row for each of 240 samples": [{"loss": nn.SquaredError(), "engine": e} for e in ("numpy", "auto")],
    "early_stopping must be .*got 5: pass zk.train.EarlyStopping": [{"early_stopping": 5}],
    "schedule must be one of zerokara.optim or its text, got 0.95: pass 'cosine'": [{"schedule": 0.95}],
    "schedule must be one of .*got <class": [{"schedule": optim.Cosine}],
    "a schedule must be constant, exponential:RATE": [{"schedule": "exp"}],
    "unknown rank 'auc': did you mean 'roc_auc'": [{"rank": "auc"}],
}


@pytest.mark.parametrize(("rule", "options"), [(rule, o) for rule, many in BAD.items() for o in many])
def test_what_breaks_a_rule_is_refused(trainer: Make, rule: str, options: dict) -> None:
    with pytest.raises(InputError, match=rule):
        trainer(**options)


@pytest.mark.parametrize("count", [0, -1])
def test_epochs_are_one_or_more(trainer: Make, count: int) -> None:
    with pytest.raises(InputError, match="epochs must be 1 or more"):
        trainer().fit(count)


@pytest.mark.parametrize("sizes", [(63, 10), (64, 9), (64, 1)])
def test_networks_of_other_sizes_than_the_data_are_refused(digits: Dataset, sizes: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="the networks must have 64 inputs and 10 outputs"):
        Trainer(nn.mlp(sizes[0], (5,), sizes[1]), optim.SGD(), digits)
