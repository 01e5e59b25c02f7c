"""Population law: a network in company is the network alone, bit for bit; and `take` leaves no trace."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import laws
from tests.cases import ACTIVATIONS, CASES, DTYPES, LOSSES, OPTIMIZERS, SCHEDULES, law, optimizer
from tests.laws import Found, Recipe, recipes, same
from zerokara import nn
from zerokara.data import load
from zerokara.nn.cases import POPULATION, Case
from zerokara.nn.encodings import NUMERIC_ENCODINGS
from zerokara.optim import Adam, Optimizer
from zerokara.train import Trainer
from zerokara.train.engine import EngineName
from zerokara.train.metrics import CHUNK

SCALINGS = ("none", "standard", "whiten:5")
POPULATIONS = (1, 2, 3, 7, 17, 33)
EVERYTHING = Recipe(batch_norm=True, dropout=True, keep_best=True)


def stepped(case: Case, network: nn.Network, rule: Optimizer) -> Found:
    """Return all that four steps of training leave of every network."""
    loss = case.loss().take(np.arange(network.population) % POPULATION)
    x = case.x.astype(network.dtype)
    t = case.t if case.t.dtype.kind == "i" else case.t.astype(network.dtype)
    weights = None if case.weights is None else case.weights.astype(network.dtype)
    losses = []
    for step in range(4):
        scores = network.forward(x, step)
        losses.append(loss.forward(scores, t, weights))
        network.backward(loss.backward(scores, t, weights))
        rule.step(network, factor=0.5**step)
    found = {**network.arrays(), "loss": np.stack(losses, axis=1), "scores": network.forward(x)}
    return found | {name: getattr(rule, name) for name in rule.state}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_and_optimizer_alone_and_in_company(case: Case, name: str) -> None:
    for dtype in DTYPES:
        network = case.network(dtype)
        rule = optimizer(name, POPULATION).start(network)
        company = {p: stepped(case, *tiled(network, rule, range(p))) for p in POPULATIONS}
        for k in range(POPULATION):
            network_k, rule_k, loss_k = network.take(k), rule.take(k), case.loss().take(np.array([k]))
            alone = stepped(replace(case, loss=lambda loss=loss_k: loss), network_k, rule_k)
            for population, found in company.items():
                for place in range(k, population, POPULATION):
                    got = {key: value[place] for key, value in found.items()}
                    wanted = {key: value[0] for key, value in alone.items()}
                    same(got, wanted, f"{dtype}, {place} of {population}")


def tiled(network: nn.Network, rule: Optimizer, places: range) -> tuple[nn.Network, Optimizer]:
    """Return a population in which every network of a case occurs again and again."""
    rows = np.array(places) % POPULATION
    return network.take(rows), rule.take(rows)


@pytest.mark.parametrize(("dtype", "engine"), [("float64", "numpy"), ("float32", "numpy"), ("float32", "auto")])
@pytest.mark.parametrize(
    "recipe",
    [
        *(replace(EVERYTHING, activation=name) for name in ACTIVATIONS),
        *(replace(EVERYTHING, loss=loss) for loss in LOSSES),
        *(replace(EVERYTHING, optimizer=name) for name in OPTIMIZERS),
        *(replace(EVERYTHING, schedule=name) for name in SCHEDULES),
        *(replace(EVERYTHING, numeric_encoding=name) for name in NUMERIC_ENCODINGS),
        replace(EVERYTHING, numeric_encoding="piecewise", inputs=12, shape=(3, 4), augment="flip"),
        replace(EVERYTHING, patience=1, rank="accuracy"),
        replace(EVERYTHING, hidden=()),
        replace(EVERYTHING, evaluate_train_every=2),
        *(replace(EVERYTHING, inputs=12, shape=(3, 4), augment="flip,shift:1", scaling=name) for name in SCALINGS),
        replace(EVERYTHING, inputs=12, shape=(2, 2, 3), augment="flip"),
    ],
    ids=lambda r: f"{r.activation}-{r.loss}-{r.optimizer}-{r.schedule}-{r.patience}-{r.hidden}-{r.augment}-{r.scaling}",
)
def test_every_row_of_the_tables_through_the_trainer(recipe: Recipe, dtype: str, engine: EngineName) -> None:
    recipe = replace(recipe, dtype=dtype, engine=engine, population=5, diverging=(1,))
    laws.alone_as_in_company(recipe)
    laws.any_company_will_do(recipe, [4, 1, 0])
    laws.shards_are_the_whole(recipe, [1, 3], workers=2)
    laws.dropped_between_epochs(recipe, [3, 0, 2])
    laws.in_two_parts(recipe, 1)
    laws.regrouped(recipe, [2, 3], [4, 2, 0, 1, 3])


@given(recipes(), st.data())
@law(150)
def test_any_network_alone(recipe: Recipe, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, recipe.population - 1), min_size=1, max_size=3, unique=True))
    laws.alone_as_in_company(recipe, rows)


@given(recipes(), st.data())
@law(100)
def test_any_company(recipe: Recipe, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(recipe.population)))
    laws.any_company_will_do(recipe, order[: data.draw(st.integers(1, len(order)))])


@given(recipes(), st.lists(st.integers(0, 33), max_size=4))
@law(60)
def test_any_shards(recipe: Recipe, borders: list[int]) -> None:
    laws.shards_are_the_whole(recipe, [min(border, recipe.population) for border in borders])


@given(recipes(), st.data())
@law(100)
def test_any_survivors_in_any_order(recipe: Recipe, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(recipe.population)))
    keep = order[: data.draw(st.integers(1, len(order)))]
    laws.dropped_between_epochs(recipe, keep, after=data.draw(st.integers(1, 2)))


@given(recipes(), st.lists(st.integers(0, 33), max_size=3), st.data())
@law(60)
def test_any_regrouping(recipe: Recipe, borders: list[int], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(recipe.population)))[: data.draw(st.integers(0, recipe.population))]
    cuts = [min(border, recipe.population) for border in borders]
    laws.regrouped(recipe, cuts, order, after=data.draw(st.integers(1, 3)))


@given(recipes(), st.integers(1, 2))
@law(60)
def test_any_training_in_two_parts(recipe: Recipe, first: int) -> None:
    laws.in_two_parts(recipe, first)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_dimensions_of_one(loss: laws.LossCase, dtype: str) -> None:
    # BLAS has other routines for a row, a column and a single number than for a matrix.
    for inputs, hidden, outputs, samples, batch in product((1, 3), (1, 4), (1, 2), (1, 6), (1, 5)):
        recipe = Recipe(2, inputs, (hidden,), outputs, batch_norm=True, loss=loss, dtype=dtype, epochs=1)
        laws.alone_as_in_company(replace(recipe, samples=samples, validation=samples, batch_size=batch))


@pytest.mark.parametrize("samples", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1])
def test_chunks_of_an_evaluation(samples: int) -> None:
    for loss in (LOSSES[1], LOSSES[5], LOSSES[7]):
        recipe = Recipe(7, 3, (4,), 2, loss=loss, samples=4, validation=samples, epochs=1)
        laws.alone_as_in_company(recipe, [0, 6])


@pytest.mark.parametrize("hidden", [(64, 64), (100,) * 6], ids=str)
def test_sizes_of_real_work(hidden: tuple[int, ...]) -> None:
    data = load("digits").split(validation=0.2, seed=0)
    lr = np.geomspace(1e-4, 1e-1, 17)

    def trained(rows: list[int]) -> Trainer:
        network = nn.mlp(64, hidden, 10, population=len(rows))
        run = Trainer(network, Adam(lr=lr[rows]), data, batch_size=100)
        run.fit(1)
        return run

    whole = trained(list(range(17)))
    for k in (0, 7, 16):
        alone = trained([k])
        assert np.array_equal(alone.network.params[0], whole.network.params[k])
        assert alone.history["val_loss"][0] == whole.history["val_loss"][k]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_where_in_memory_a_network_lies_changes_nothing(case: Case, dtype: str) -> None:
    network = case.network(dtype)
    rule = optimizer("adam", POPULATION).start(network)
    wanted = stepped(case, network.copy(), rule.take(range(POPULATION)))
    for offset in range(1, 5):
        moved = network.copy()
        moved._bind(np.zeros(POPULATION * network.size + offset, dtype)[offset:].reshape(POPULATION, -1))
        moved.load(network.arrays())
        same(stepped(case, moved, rule.take(range(POPULATION))), wanted, f"offset {offset}")


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_neighbor_with_weight_decay_leaves_an_overflowing_network_alone(name: str, dtype: str) -> None:
    def stepped(rows: list[int]) -> np.ndarray:
        network = nn.mlp(2, (), 1, population=2, dtype=dtype)
        rule = optimizer(name, 2, weight_decay=np.array([0.0, 0.1])).start(network).take(rows)
        network = network.take(rows)
        network.params[0, 0] = np.inf
        rule.step(network)
        return network.params[0]

    with np.errstate(invalid="ignore"):
        alone = stepped([0])
        assert np.isinf(alone[0])
        assert np.array_equal(alone, stepped([0, 1]))
