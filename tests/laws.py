"""The population law and its kin as functions, so that planted faults can be held against them too."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from tests.cases import ACTIVATIONS, DTYPES, LOSSES, OPTIMIZERS, SCHEDULES, LossCase, numbers, optimizer
from zerokara import nn
from zerokara.arrays import Array, Index
from zerokara.data import Dataset, Part, Preprocess
from zerokara.nn.encodings import NUMERIC_ENCODINGS, encoding_layers
from zerokara.optim.schedules import parse
from zerokara.rng import stream
from zerokara.train import EarlyStopping, Trainer
from zerokara.train.engine import EngineName
from zerokara.train.trainer import concat_trainers

Found = dict[str, Array]
"""All that is known of one network after training, by name."""


@dataclass(frozen=True)
class Recipe:
    """A population and how it is trained: all that differs between networks is drawn for each from ``seed``."""

    population: int = 3
    inputs: int = 5
    hidden: tuple[int, ...] = (6,)
    outputs: int = 4
    activation: str = "tanh"
    numeric_encoding: str = "standard"
    batch_norm: bool = False
    dropout: bool = False
    loss: LossCase = LOSSES[0]
    optimizer: str = "sgd"
    schedule: str = "constant"
    dtype: str = "float32"
    samples: int = 11
    validation: int = 5
    batch_size: int = 4
    keep_best: bool = False
    patience: int | None = None
    rank: str = "loss"
    """A metric of all tasks, or "of the task": one that only some tasks have."""
    evaluate_train_every: int = 1
    diverging: tuple[int, ...] = ()
    shape: tuple[int, ...] = ()
    """The shape of a sample, where it is a picture."""
    augment: str | None = None
    scaling: str = "none"
    epochs: int = 3
    seed: int = 0
    engine: EngineName = "auto"

    def part(self, purpose: str, n: int) -> Part:
        rng, c = stream(self.seed, purpose), self.outputs
        x = rng.standard_normal((n, self.inputs)).astype(np.float32)
        match self.loss.task:
            case "classification":
                t: Array = rng.integers(0, c, n)
            case "multilabel":
                t = rng.integers(0, 2, (n, c)).astype(np.float32)
            case _:
                t = rng.standard_normal((n, c)).astype(np.float32)
        weights = (rng.random(n) + 0.1).astype(np.float32) if self.loss.weighted else None
        return Part(x, t, weights)

    def data(self) -> Dataset:
        data = Dataset(
            name="recipe",
            task=self.loss.task,
            train=self.part("train", self.samples),
            validation=self.part("validation", self.validation),
            test=None,
            classes=tuple(f"c{i}" for i in range(self.outputs)),
            sample_shape=self.shape or (self.inputs,),
            preprocess=Preprocess.identity(self.inputs, self.outputs),
        )
        return data.scaled(self.scaling)

    def network(self, rows: Index) -> nn.Network:
        encoding = {"numeric_encoding": self.numeric_encoding, "category_encoding": "one-hot"}
        data = self.data()
        first = encoding_layers(encoding, data, self.seed)
        network = nn.mlp(
            first[-1].outputs if first else data.n_inputs,
            self.hidden,
            self.outputs,
            self.activation,
            dropout=numbers("dropout", self.population, self.seed)[rows] if self.dropout else None,
            batch_norm=self.batch_norm,
            init_scale=numbers("init_scale", self.population, self.seed)[rows],
            population=len(rows),
            seed=self.seed,
            dtype=self.dtype,
        )
        return nn.Network([*first, *network.layers], len(rows), self.dtype)

    def trainer(self, rows: Sequence[int] | Index | None = None) -> Trainer:
        """Return the trainer of the networks ``rows`` alone, built from nothing; of all by default."""
        rows = np.arange(self.population) if rows is None else np.asarray(rows)
        rule = optimizer(self.optimizer, self.population, self.seed)
        lr = rule.lr.copy()
        lr[list(self.diverging)] = 1e30 if self.dtype == "float32" else 1e300
        given = {name: getattr(rule, name)[rows] for name in rule.hyperparameters} | {"lr": lr[rows]}
        smoothing = numbers("label_smoothing", self.population, self.seed)[rows]
        return Trainer(
            self.network(rows),
            type(rule)(**given),
            self.data(),
            batch_size=self.batch_size,
            loss=nn.SoftmaxCrossEntropy(smoothing) if self.loss.smoothing else None,
            augment=self.augment,
            schedule=parse(self.schedule),
            schedule_epochs=self.epochs,
            seed=self.seed,
            evaluate_train_every=self.evaluate_train_every,
            keep_best=self.keep_best,
            early_stopping=None if self.patience is None else EarlyStopping(self.patience),
            engine=self.engine,
            rank=self.rank.replace("of the task", {"regression": "mae"}.get(self.loss.task, "average_precision")),
        )


def findings(run: Trainer) -> list[Found]:
    """Return all that is known of each network that a trainer started with, in that order."""
    return [_finding(run, row) for row in range(len(run.history))]


def _finding(run: Trainer, row: int) -> Found:
    history = run.history
    length = int(history.epochs[row])
    found: Found = {"epochs": history.epochs[row], "diverged": history.diverged[row]}
    for curve in history.curves:
        found[curve] = history[curve][row, :length]
        assert np.isnan(history[curve][row, length:]).all()
    place = np.flatnonzero(run.rows == row)
    if len(place):
        found |= {f"now {name}": value[place[0]] for name, value in run.network.arrays().items()}
        rule = run.optimizer
        found |= {f"rule {name}": getattr(rule, name)[place[0]] for name in (*rule.hyperparameters, *rule.state)}
        found["best value"] = run.best_value[place[0]]
        if run.early_stopping:
            found |= {"waited": run.early_stopping.waited[place[0]], "least": run.early_stopping.best[place[0]]}
    if len(place) or row in run.finished:
        trained = run.trained(row)
        found |= {f"trained {name}": value[0] for name, value in trained.arrays().items()}
        assert run.validation is not None
        loss, score, _ = run.engine.measure(trained, run.validation)
        found |= {"evaluated loss": loss[0], "evaluated score": score[0]}
    return found


def same(got: Found, wanted: Found, what: str = "") -> None:
    """Assert that two findings are identical to the bit, the sign of zero included; every NaN is as good as another."""
    assert got.keys() == wanted.keys(), f"{what}: {got.keys() ^ wanted.keys()}"
    for name, value in got.items():
        a, b = np.asarray(value), np.asarray(wanted[name])
        assert a.dtype == b.dtype, f"{what}: {name} is {a.dtype} and {b.dtype}"
        assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), f"{what}: {name} differs, {a} and {b}"
        if a.dtype.kind == "f":
            assert np.array_equal(np.signbit(a[a == 0]), np.signbit(b[b == 0])), f"{what}: zeros of {name} differ"


def _same_rows(got: list[Found], wanted: list[Found], rows: Sequence[int] | Index, what: str) -> None:
    assert len(got) == len(rows)
    for k, row in enumerate(rows):
        same(got[k], wanted[row], f"{what}, network {row}")


def trained(recipe: Recipe, rows: Sequence[int] | Index | None = None) -> list[Found]:
    """Return what is found of the networks ``rows`` trained together, and without others."""
    run = recipe.trainer(rows)
    run.fit(recipe.epochs)
    return findings(run)


def alone_as_in_company(recipe: Recipe, rows: Sequence[int] | None = None) -> None:
    """Network k trained alone is network k trained in company."""
    whole = trained(recipe)
    for row in range(recipe.population) if rows is None else rows:
        _same_rows(trained(recipe, [row]), whole, [row], "alone")


def any_company_will_do(recipe: Recipe, rows: Sequence[int] | Index) -> None:
    """Networks ``rows``, in that order, without the others, are what they were among them."""
    _same_rows(trained(recipe, rows), trained(recipe), rows, "in other company")


def shards_are_the_whole(recipe: Recipe, borders: Sequence[int], workers: int = 1) -> None:
    """A population cut into shards, trained one after another or side by side in threads, is the whole."""
    shards = [s for s in np.split(np.arange(recipe.population), sorted(borders)) if len(s)]
    whole = trained(recipe)
    with ThreadPoolExecutor(workers) as pool:
        for shard, found in zip(shards, pool.map(lambda s: trained(recipe, s), shards), strict=True):
            _same_rows(found, whole, shard, "in a shard")


def dropped_between_epochs(recipe: Recipe, keep: Sequence[int], after: int = 1) -> None:
    """Networks that go on when the driver takes them after some epochs, in another order, end as if all had."""
    whole = trained(recipe)
    run, stay = recipe.trainer(), np.array([], int)
    for epoch in run.epochs(recipe.epochs):
        if epoch.number == after:
            present = [int(np.flatnonzero(run.rows == row)[0]) for row in keep if row in run.rows]
            run.take(np.array(present, int))
            stay = run.rows.copy()
    found = findings(run)
    for row in stay:
        same(found[row], whole[row], f"taken after epoch {after}, network {row}")


def in_two_parts(recipe: Recipe, first: int) -> None:
    """Some epochs and then the rest are all epochs at once."""
    run = recipe.trainer()
    run.fit(first)
    run.fit(recipe.epochs - first)
    for row, (got, wanted) in enumerate(zip(findings(run), trained(recipe), strict=True)):
        same(got, wanted, f"in two parts, network {row}")


def regrouped(recipe: Recipe, borders: Sequence[int], order: Sequence[int], after: int = 1) -> None:
    """Shards put together after some epochs, and parted again in another way and order, end as the whole."""
    whole = trained(recipe)
    shards = [s for s in np.split(np.arange(recipe.population), sorted(borders)) if len(s)]
    runs = [recipe.trainer(shard) for shard in shards]
    for run in runs:
        run.fit(after)
    names = np.concatenate([shard[run.rows] for shard, run in zip(shards, runs, strict=True)])
    going = [run for run in runs if len(run.rows)]
    if not going:
        return
    together = concat_trainers(going)
    places = np.array([place for row in order for place in np.flatnonzero(names == row)], int)
    for group in np.array_split(places, 2):
        part = together.part(group)
        if len(group) and after < recipe.epochs:
            part.fit(recipe.epochs - after)
        _same_rows(findings(part), whole, names[group], f"regrouped after epoch {after}")


SIZES = st.sampled_from([1, 2, 3, 5, 7, 8, 9, 16, 17, 33, 65])


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Any population, small and odd sizes above all."""
    population = draw(st.sampled_from([1, 2, 3, 7, 17, 33]))
    return Recipe(
        population=population,
        inputs=draw(SIZES),
        hidden=tuple(draw(st.lists(SIZES, max_size=2))),
        outputs=draw(st.sampled_from([1, 2, 3, 10, 17])),
        activation=draw(st.sampled_from(ACTIVATIONS)),
        numeric_encoding=draw(st.sampled_from(["standard", *NUMERIC_ENCODINGS])),
        batch_norm=draw(st.booleans()),
        dropout=draw(st.booleans()),
        loss=draw(st.sampled_from(LOSSES)),
        optimizer=draw(st.sampled_from(OPTIMIZERS)),
        schedule=draw(st.sampled_from(SCHEDULES)),
        dtype=draw(st.sampled_from(DTYPES)),
        samples=draw(st.sampled_from([1, 2, 3, 9, 16, 33])),
        validation=draw(st.sampled_from([1, 2, 9, 130])),
        batch_size=draw(st.sampled_from([1, 2, 4, 7, 8, 17, 100])),
        keep_best=draw(st.booleans()),
        patience=draw(st.sampled_from([None, None, 1, 2])),
        rank=draw(st.sampled_from(["loss", "accuracy", "of the task"])),
        evaluate_train_every=draw(st.sampled_from([1, 2])),
        diverging=tuple(draw(st.lists(st.integers(0, population - 1), max_size=1))),
        seed=draw(st.integers(0, 99)),
    )


def wide(recipe: Recipe, population: int) -> Recipe:
    """Return the same recipe for another number of networks."""
    return replace(recipe, population=population)
