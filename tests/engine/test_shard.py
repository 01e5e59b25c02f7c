"""Shards: structure groups, numbers ride, and how trials are divided changes no number."""

import numpy as np
import pytest

import zerokara as zk
from zerokara.engine.plan import Plan
from zerokara.engine.population import Population, make_trials
from zerokara.engine.shard import NETWORKS, grouping_remark, shards, trainer
from zerokara.engine.trial import Proposal
from zerokara.errors import InputError
from zerokara.space.hyperparameters import complete
from zerokara.train import History

SPACES = {
    "numbers": [{"lr": 0.01 * (k + 1), "weight_decay": 1e-4 * k, "dropout": 0.1 * k} for k in range(5)],
    "every number": [
        {
            "optimizer": "adam",
            "lr": 0.001 * (k + 1),
            "beta1": 0.5 + 0.1 * k,
            "beta2": 0.9 + 0.01 * k,
            "dropout": 0.1 * k,
            "init_scale": 0.5 + 0.2 * k,
            "label_smoothing": 0.05 * k,
        }
        for k in range(5)
    ],
    "structure": [
        {"hidden": hidden, "activation": activation, "optimizer": optimizer, "batch_norm": norm, "schedule": schedule}
        for hidden, activation, optimizer, norm, schedule in [
            ((6,), "relu", "sgd", False, "constant"),
            ((6, 5), "tanh", "momentum", True, "exponential:0.9"),
            ((6,), "relu", "sgd", False, "constant"),
            ((), "gelu", "adamw", False, "cosine:1"),
            ((6,), "sigmoid", "rmsprop", False, "step:2:0.5"),
        ]
    ],
}


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(120).split(validation=0.25, test=0.2, seed=0)


def proposals(space: list[dict[str, object]]) -> list[Proposal]:
    return [Proposal(number, complete(params)) for number, params in enumerate(space)]


def results(pieces, plan):
    populations = [Population(shard) for shard in pieces]
    for population in populations:
        while not population.reached(plan.epochs):
            population.attach(plan).fit(plan.epochs)
    return [trial for _, trial in sorted(pair for p in populations for pair in p.trials(plan).items())]


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("paired", [True, False])
def test_in_company_and_alone_are_the_same_to_the_bit(data, space, paired) -> None:
    plan = Plan(data, epochs=3, paired=paired, keep_best=True)
    trials = proposals(SPACES[space])
    together = results(shards(trials, plan, workers=1), plan)
    alone = results([s for p in trials for s in shards([p], plan, workers=1)], plan)
    for a, b in zip(together, alone, strict=True):
        assert (a.number, a.state, a.value, a.epoch) == (b.number, b.state, b.value, b.epoch)
        for name in a.curves:
            assert np.array_equal(a.curves[name], b.curves[name], equal_nan=True), (a.number, name)


def test_structure_groups_and_numbers_ride(data) -> None:
    plan = Plan(data, epochs=1)
    # The first has no dropout, and so one layer less.
    assert [len(s.proposals) for s in shards(proposals(SPACES["numbers"]), plan, workers=1)] == [1, 4]
    cut = shards(proposals(SPACES["structure"]), plan, workers=1)
    assert sorted([p.number for p in s.proposals] for s in cut) == [[0, 2], [1], [3], [4]]
    for shard in cut:
        assert shard.structure["hidden"] == shard.proposals[0].params["hidden"]


@pytest.mark.parametrize(("trials", "workers"), [(1, 2), (7, 2), (100, 2), (100, 3), (3, 8)])
def test_every_trial_is_in_one_shard_and_every_worker_has_its_share(data, trials, workers) -> None:
    pieces = shards(proposals([{} for _ in range(trials)]), Plan(data, epochs=1), workers)
    sizes = [len(s.proposals) for s in pieces]
    assert sorted(p.number for s in pieces for p in s.proposals) == list(range(trials))
    assert len(pieces) >= min(workers, trials)
    assert max(sizes) < NETWORKS.stop
    assert max(sizes) - min(sizes) <= 1


def test_large_networks_train_one_by_one_so_that_memory_holds(data) -> None:
    big = proposals([{"hidden": (8192, 8192)}] * 4)
    assert [len(s.proposals) for s in shards(big, Plan(data, epochs=1), workers=1)] == [1] * 4


def test_paired_trials_share_their_draws_and_unpaired_ones_do_not(data) -> None:
    same = proposals([{}, {}])
    for paired in (True, False):
        plan = Plan(data, epochs=1, paired=paired)
        a, b = results(shards(same, plan, workers=2), plan)
        assert (a.val_loss == b.val_loss) == paired


def test_a_number_reaches_its_network(data) -> None:
    space = [{"lr": 0.1, "init_scale": 1.0, "optimizer": "momentum", "momentum": 0.5}] * 2
    space[1] = {**space[1], "lr": 0.2, "init_scale": 3.0, "momentum": 0.9}
    run = trainer(shards(proposals(space), Plan(data, epochs=1), 1)[0], Plan(data, epochs=1))
    assert run.optimizer.lr.tolist() == [0.1, 0.2]
    assert run.optimizer.momentum.tolist() == [0.5, 0.9]
    W = run.network.layers[0].W
    assert np.allclose(W[1], 3 * W[0], rtol=1e-6)


def test_divergence_is_a_state_and_ranks_last(data) -> None:
    space = [{"lr": 0.01, "optimizer": "sgd"}, {"lr": 1e30, "optimizer": "sgd"}]
    plan = Plan(data, epochs=3)
    good, bad = results(shards(proposals(space), plan, 1), plan)
    assert (good.state, bad.state) == ("complete", "diverged")
    assert bad.value == np.inf
    assert bad.epochs == len(bad.curves["val_loss"]) < 3
    assert sorted([bad, good], key=lambda t: t.rank_key)[0] is good


def test_the_score_is_the_last_epoch_or_with_keep_best_the_best(data) -> None:
    history = History(1)
    for number, (loss, score) in enumerate([(0.5, 0.7), (0.3, 0.6), (0.4, 0.9)], start=1):
        row = np.zeros(1)
        history.record(zk.train.Epoch(number, np.arange(1), row, row, row + loss, row + score, row, row, row > 0, 0.0))
    expected = {("loss", False): (0.4, 3), ("loss", True): (0.3, 2), ("accuracy", True): (-0.9, 3)}
    for (rank, keep_best), (value, epoch) in expected.items():
        plan = Plan(data, epochs=3, rank=rank, keep_best=keep_best)
        [trial] = make_trials([Proposal(0, {})], history, plan)
        assert (trial.value, trial.epoch) == (value, epoch)
        assert trial.val_loss == history["val_loss"][0, epoch - 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number, 1 or above, got 0"),
        ({"epochs": 2.5}, "epochs must be a whole number"),
        ({"seed": -1}, "seed must be a whole number, 0 or above, got -1"),
        ({"rank": "acuracy"}, "did you mean 'accuracy'"),
        ({"dtype": "float16"}, "unknown dtype"),
        ({"data": zk.data.load("digits")}, "validation"),
    ],
)
def test_a_plan_is_checked(data, change, message) -> None:
    with pytest.raises(InputError, match=message):
        Plan(**{"data": data, "epochs": 1, **change})


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ((1,), None),
        ((1, 1), None),
        ((100,), None),
        ((3,) * 20, None),
        ((2, 2), "2 structures for 4 trials, 2 of them with fewer than 3: these train up to three times slower"),
        ((1, 2, 3), None),
        ((1, 1, 2, 3), "4 structures for 7 trials, 3 of them"),
    ],
)
def test_cohorts_too_small_to_train_fast_have_a_remark(sizes, says) -> None:
    space = [{"hidden": (k + 1,), "lr": 0.01 * (i + 1)} for k, size in enumerate(sizes) for i in range(size)]
    remark = grouping_remark(proposals(space))
    assert remark is None if says is None else remark.startswith(says)


def test_a_hyperparameter_that_is_not_used_does_not_separate_trials() -> None:
    linear = [Proposal(k, {"hidden": (), **extra}) for k, extra in enumerate([{}, {"activation": "relu"}, {}])]
    assert grouping_remark(linear) is None


def test_a_trial_trains_without_what_it_does_not_use(data) -> None:
    plan = Plan(data, epochs=2, seed=3)
    params = complete({"hidden": (), "optimizer": "sgd", "lr": 0.1})
    lacking = {name: value for name, value in params.items() if name not in ("dropout", "activation", "momentum")}
    one, other = (results(shards([Proposal(0, each)], plan, 1), plan)[0] for each in (params, lacking))
    assert one.value == other.value
    assert set(other.params) == set(lacking)
