"""Hyperparameters that only some trials have: each sampler proposes what a trial uses, and nothing else."""

import json

import numpy as np
import optuna
import pytest

from zerokara.engine.trial import Proposal, Trial
from zerokara.samplers.registry import SAMPLERS, make_sampler
from zerokara.space.space import Space, choice, layers, log, uniform
from zerokara.storage.journal import Journal
from zerokara.storage.proposer import GENERATIONS, Proposer

SPACE = Space(
    {
        "lr": log(1e-4, 1e-1),
        "momentum": uniform(0, 0.9),
        "beta1": uniform(0.5, 0.95),
        "dropout": uniform(0, 0.5),
        "hidden": layers((0, 2), (8, 64)),
        "activation": choice(["relu", "tanh"]),
        "optimizer": choice(["sgd", "nesterov", "adam"]),
    }
)
SIZE = 12
"""Trials of a generation."""


def proposer(name, journal=None, seed=0):
    asker = Proposer(SPACE, make_sampler(name, SPACE, seed, trials=5 * SIZE, generation=SIZE), journal)
    if not asker.sizes:  # The tests ask trial by trial.
        asker.study.set_user_attr(GENERATIONS, [SIZE] * 5)
    return asker


def finish(trial, space=SPACE):
    """Ask a trial what it has not been asked yet."""
    params = space.distributions().suggest(trial)
    assert params == trial.params
    return Proposal(trial.number, space.decode(params))


def ask(asker, count=SIZE):
    return [finish(asker.study.ask()) for _ in range(count)]


def outcome(proposal):
    """Nesterov with a momentum near 0.7 and one layer is best; every eighth trial diverges."""
    p = proposal.params
    value = abs(p.get("momentum", 0) - 0.7) + abs(len(p["hidden"]) - 1) + abs(np.log10(p["lr"]) + 2)
    state = "diverged" if proposal.number % 8 == 5 else "complete"
    return Trial(proposal.number, p, state, np.inf if state == "diverged" else value, 3, 3, {})


def run(asker, generations):
    proposals = []
    for _ in range(generations):
        asked = ask(asker)
        asker.tell(map(outcome, asked))
        proposals += asked
    return proposals


def used(params):
    """Return what a trial with these parameters uses of what is searched."""
    found = {"lr", "hidden", "optimizer"}
    found |= {"momentum"} if params["optimizer"] == "nesterov" else set()
    found |= {"beta1"} if params["optimizer"] == "adam" else set()
    return found | ({"dropout", "activation"} if params["hidden"] else set())


@pytest.mark.parametrize("name", SAMPLERS)
def test_each_sampler_proposes_what_a_trial_uses_and_nothing_else(name, tmp_path):
    with Journal(tmp_path / "journal.log") as journal:
        asker = proposer(name, journal)
        proposals = run(asker, 5)
        trials = asker.study.trials
    for proposal, trial in zip(proposals, trials, strict=True):
        has = used(proposal.params)
        assert set(proposal.params) == has | set(SPACE.fixed)
        # The record too: it holds the parts of what the trial has.
        parts = (has - {"hidden"}) | {"hidden_depth"} | ({"hidden_width_log2"} if proposal.params["hidden"] else set())
        assert set(trial.params) == set(trial.distributions) == parts
    logged = [json.loads(line) for line in (tmp_path / "journal.log").read_text().splitlines()]
    assert sum("param_name" in entry for entry in logged) == sum(len(trial.params) for trial in trials)
    optimizers = {p.params["optimizer"] for p in proposals[:SIZE]}
    assert optimizers == {"sgd", "nesterov", "adam"}
    assert {0, 2} <= {len(p.params["hidden"]) for p in proposals}


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_restart_proposes_the_same(name, tmp_path):
    uninterrupted = run(proposer(name), 4)
    restarted = []
    for _ in range(4):
        with Journal(tmp_path / "journal.log") as journal:
            restarted += run(proposer(name, journal), 1)
    assert restarted == uninterrupted
    assert len({str(proposal.params) for proposal in restarted}) == 4 * SIZE


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_torn_question_is_asked_again_to_the_same_answer(name, tmp_path):
    path = tmp_path / "journal.log"
    with Journal(path) as journal:
        killed = proposer(name, journal)
        run(killed, 2)
        killed._journal.commit()
        before = path.read_bytes()
        asked = ask(killed)
    new = path.read_bytes()[len(before) :].splitlines(keepends=True)
    for kept in (1, 2, 4, len(new) // 2, len(new) - 1):
        path.write_bytes(before + b"".join(new[:kept]) + b'{"torn')
        with Journal(path) as journal:
            resumed = proposer(name, journal)
            running = resumed.study.get_trials(states=(optuna.trial.TrialState.RUNNING,))
            keys = [resumed._trial_id(trial.number) for trial in running]
            begun = [finish(optuna.trial.Trial(resumed.study, key)) for key in keys]
            assert begun + ask(resumed, SIZE - len(begun)) == asked


@pytest.mark.parametrize("name", [name for name, kind in SAMPLERS.items() if kind.learns])
def test_what_only_some_trials_have_is_learned_from_those(name):
    space = Space({"momentum": uniform(0, 0.9), "optimizer": choice(["sgd", "momentum"])})
    first, last = [], []
    for seed in range(3):
        asker = Proposer(space, make_sampler(name, space, seed, trials=8 * SIZE, generation=SIZE))
        for generation in range(8):
            asked = [finish(asker.study.ask(), space) for _ in range(SIZE)]
            away = {p.number: abs(p.params["momentum"] - 0.2) for p in asked if "momentum" in p.params}
            ended = [(p, away.get(p.number, 0.15)) for p in asked]
            asker.tell([Trial(p.number, p.params, "complete", value, 1, 1, {}) for p, value in ended])
            (first if generation == 0 else last if generation == 7 else []).extend(away.values())
    assert np.mean(last) < 0.3 * np.mean(first)


def test_a_grid_has_no_two_trials_that_differ_in_what_neither_uses():
    space = Space({"momentum": choice([0.5, 0.7, 0.9]), "optimizer": choice(["sgd", "momentum", "adam"])})
    asker = Proposer(space, make_sampler("grid", space, trials=5))
    trials = [asker.study.ask() for _ in range(5)]
    points = [space.distributions().suggest(trial) for trial in trials]
    assert len({str(sorted(point.items())) for point in points}) == 5
    assert sum("momentum" in point for point in points) == 3
