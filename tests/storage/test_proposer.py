"""Proposing: a trial's number decides what is drawn, whatever happens in between."""

import logging
import re
import tempfile
from pathlib import Path

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from zerokara.engine.trial import Proposal, Trial
from zerokara.samplers.diverged import DIVERGED
from zerokara.samplers.registry import SAMPLERS, make_sampler
from zerokara.space.defaults import default_space
from zerokara.space.space import Space, choice, integer, log, uniform
from zerokara.storage.journal import Journal
from zerokara.storage.proposer import Proposer

SPACE = Space({**default_space(), "hidden": choice([(50,), (100, 50), (9, 9, 9)]), "batch_size": integer(16, 64, 16)})

SIZE = 10
"""Trials of a generation."""


def proposer(name="random", seed=0, journal=None, space=SPACE, trials=4 * SIZE):
    return Proposer(space, make_sampler(name, space, seed, trials=trials, generation=SIZE), journal)


def ended(proposal, state="complete", value=None, epochs=1):
    value = proposal.params["lr"] if value is None else value
    return Trial(proposal.number, proposal.params, state, value, epochs, epoch=1, curves={"val_score": np.array([0.5])})


def outcome(proposal):
    """A result of every kind: most trials complete, some are dropped at a rung, some diverge."""
    if proposal.number % 7 == 3:
        return ended(proposal, "diverged", np.inf)
    value = abs(np.log10(proposal.params["lr"]) + 2) + proposal.params["dropout"] + len(proposal.params["hidden"])
    return ended(proposal, "pruned", value, 2) if proposal.number % 5 == 2 else ended(proposal, "complete", value, 6)


def unfinished(asker):
    """Return what was asked for and never told, in the order of the numbers."""
    running = asker.study.get_trials(states=(optuna.trial.TrialState.RUNNING,))
    return [Proposal(trial.number, SPACE.decode(trial.params)) for trial in running]


def run(asker, generations):
    """Ask and tell so many generations; return what was proposed."""
    proposals = []
    for _ in range(generations):
        asked = asker.ask(SIZE)
        asker.tell([outcome(proposal) for proposal in reversed(asked)])
        proposals += asked
    return proposals


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_restart_between_generations_proposes_the_same_trials(name, tmp_path):
    uninterrupted = run(proposer(name), 4)
    restarted = []
    for _ in range(4):
        with Journal(tmp_path / "journal.log") as journal:
            restarted += run(proposer(name, journal=journal), 1)
    assert restarted == uninterrupted
    assert [proposal.number for proposal in restarted] == list(range(4 * SIZE))
    assert len({str(proposal.params) for proposal in restarted}) == 4 * SIZE


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("told", [0, 2])
def test_a_generation_that_was_asked_and_not_told_is_completed(name, told, tmp_path):
    uninterrupted = run(proposer(name), 4)
    with Journal(tmp_path / "journal.log") as journal:
        killed = proposer(name, journal=journal)
        run(killed, told)
        asked = killed.ask(SIZE)
    with Journal(tmp_path / "journal.log") as journal:
        resumed = proposer(name, journal=journal)
        assert unfinished(resumed) == asked == uninterrupted[told * SIZE : (told + 1) * SIZE]
        resumed.tell(map(outcome, asked))
        assert unfinished(resumed) == []
        assert run(resumed, 3 - told) == uninterrupted[(told + 1) * SIZE :]


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_question_torn_by_a_kill_is_asked_again_to_the_same_answer(name, tmp_path):
    path = tmp_path / "journal.log"
    with Journal(path) as journal:
        killed = proposer(name, journal=journal)
        run(killed, 2)
        before = path.read_bytes()
        asked = killed.ask(SIZE)
    new = path.read_bytes()[len(before) :].splitlines(keepends=True)
    assert len(new) == 1 + SIZE, "the size of the generation, and a line a trial"
    for kept in (0, 1, 3, len(new) - 1):
        path.write_bytes(before + b"".join(new[:kept]) + b'{"torn')
        with Journal(path) as journal:
            resumed = proposer(name, journal=journal)
            assert len(unfinished(resumed)) == max(0, kept - 1)
            assert len(resumed.sizes) == (3 if kept else 2)
            assert (resumed.ask_again(2) if kept else resumed.ask(SIZE)) == asked


@pytest.mark.parametrize("name", SAMPLERS)
def test_results_that_come_early_change_nothing_before_the_next_generation(name):
    one, other = proposer(name), proposer(name)
    run(one, 1)
    run(other, 1)
    asked = one.ask(SIZE)
    first = other.ask(4)
    other.tell(map(outcome, first))
    assert first + other.ask(SIZE - 4) == asked


@pytest.mark.parametrize("name", [name for name, kind in SAMPLERS.items() if kind.learns])
def test_a_sampler_that_learns_goes_where_the_best_are(name):
    space = Space({"lr": log(1e-6, 1e-2), "dropout": uniform(0, 0.5)})

    def away(p):
        return abs(np.log10(p.params["lr"]) + 5) + 4 * abs(p.params["dropout"] - 0.4)

    gains = []
    for seed in range(3):
        asker = proposer(name, seed, space=space, trials=60)
        means = []
        for _ in range(6):
            asked = asker.ask(SIZE)
            means.append(np.mean([away(p) for p in asked]))
            asker.tell([ended(p, value=away(p)) for p in asked])
        gains.append(means[0] / means[-1])
    assert min(gains) > 1.5


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize(
    "space",
    [
        {},
        {"lr": log(1e-3, 1e-3)},
        {"lr": log(1e-3, 1e-1)},
        {"hidden": choice([(k,) for k in range(1, 50)])},
        {"batch_size": integer(1, 1000, log=True), "beta1": uniform(0, 0.9, 0.1), "hidden": choice([(8,), ()])},
        {"lr": stats.lognorm(1.0)},
    ],
    ids=["nothing", "one point", "one range", "many options", "steps", "scipy"],
)
def test_every_kind_of_range(name, space):
    space = Space(space)
    trials = 30 if any(not found.single() for found in space.distributions().values()) else 1
    asker = proposer(name, space=space, trials=trials)
    for _ in range(-(-trials // SIZE)):
        asked = asker.ask(min(SIZE, trials))
        assert all({**space.fixed, **p.params} == p.params for p in asked)
        asker.tell([ended(p, value=float(p.number)) for p in asked])
    for trial in asker.study.trials:  # Optuna raises for a value outside its range.
        optuna.create_trial(params=trial.params, distributions=space.distributions(), value=0.0)
    assert asker.seconds > 0


@settings(max_examples=20)
@given(seed=st.integers(0, 2**63), cuts=st.lists(st.integers(1, 4), max_size=4))
def test_neither_the_size_of_a_generation_nor_a_restart_changes_a_trial(seed, cuts):
    at_once = Proposer(SPACE, make_sampler("random", SPACE, seed)).ask(sum(cuts))
    with tempfile.TemporaryDirectory() as folder:
        piecewise = []
        for count in cuts:
            with Journal(Path(folder) / "journal.log") as journal:
                piecewise += Proposer(SPACE, make_sampler("random", SPACE, seed), journal).ask(count)
    assert piecewise == at_once


def test_seeds_and_numbers_differ():
    trials = [p.params["lr"] for seed in (0, 1) for p in Proposer(SPACE, make_sampler("random", SPACE, seed)).ask(20)]
    assert len(set(trials)) == 40


def test_random_trials_follow_the_ranges_and_are_independent():
    params = [proposal.params for proposal in Proposer(SPACE, make_sampler("random", SPACE)).ask(2000)]
    lr, decay, dropout = (np.array([p[n] for p in params]) for n in ("lr", "weight_decay", "dropout"))
    assert stats.kstest(lr, stats.loguniform(1e-4, 1e-1).cdf).pvalue > 0.01
    assert stats.kstest(decay, stats.loguniform(1e-6, 1e-2).cdf).pvalue > 0.01
    assert stats.kstest(dropout, stats.uniform(0, 0.5).cdf).pvalue > 0.01
    pairs = np.corrcoef([np.log(lr), np.log(decay), dropout, np.roll(np.log(lr), 1)])
    assert np.abs(pairs - np.eye(4)).max() < 0.08
    sizes = np.unique([len(p["hidden"]) for p in params], return_counts=True)[1]
    assert stats.chisquare(sizes).pvalue > 0.01


def test_how_trials_end_is_recorded(tmp_path):
    path = tmp_path / "journal.log"
    with Journal(path) as journal:
        asker = proposer(journal=journal)
        asked = asker.ask(5)
        asker.report([ended(asked[4], "pruned", 0.7, epochs=3)])
        asker.tell(
            [
                ended(asked[4], "pruned", 0.7, epochs=3),
                ended(asked[2], "interrupted", np.inf),
                ended(asked[1], "diverged", np.inf),
                ended(asked[0], "complete", np.float32(0.5)),
            ]
        )
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    trials = optuna.load_study(study_name="zerokara", storage=storage).trials
    assert [(t.state.name, t.values, t.user_attrs.get("state")) for t in trials] == [
        ("COMPLETE", [0.5], None),
        ("COMPLETE", [DIVERGED], "diverged"),
        ("FAIL", None, "interrupted"),
        ("RUNNING", None, None),
        ("PRUNED", [0.7], "pruned"),
    ]
    assert trials[4].user_attrs["record"]["epochs"] == 3
    assert trials[4].intermediate_values == {3: 0.7}
    assert [SPACE.decode(trial.params) for trial in trials] == [proposal.params for proposal in asked]
    assert float(np.finfo(np.float32).max) < DIVERGED < np.inf


def test_trials_are_told_in_the_order_of_their_numbers(tmp_path):
    def finished(order):
        with Journal(tmp_path / f"{order}.log") as journal:
            asker = proposer(journal=journal)
            asked = asker.ask(3)
            asker.tell([ended(asked[i]) for i in order])
        lines = (tmp_path / f"{order}.log").read_text().splitlines()
        return [re.split(',"(?:datetime|crc32)', line[line.index("trial_id") :])[0] for line in lines[-3:]]

    assert finished([0, 1, 2]) == finished([2, 0, 1])


def test_the_journal_is_written_once_for_the_questions_and_once_for_the_answers(tmp_path):
    path = tmp_path / "journal.log"
    with Journal(path) as journal:
        asker = proposer(journal=journal)
        asked = asker.ask(3)
        assert path.read_bytes().count(b'"datetime_start"') == 3
        asker.tell(map(ended, asked))
        assert path.read_bytes().count(b'"trial_id"') == 2 * 3


def test_a_space_without_a_range_proposes_the_same_each_time():
    first, second = Proposer(Space({}), make_sampler("random", Space({}))).ask(2)
    assert first.params == second.params == Space({}).fixed


def test_optuna_says_nothing_and_keeps_its_own_settings(tmp_path, caplog):
    logging.getLogger("optuna").addHandler(caplog.handler)
    before = optuna.logging.get_verbosity()
    try:
        for level in (optuna.logging.INFO, optuna.logging.ERROR):
            optuna.logging.set_verbosity(level)
            with Journal(tmp_path / f"{level}.log") as journal:
                run(proposer("tpe", journal=journal), 2)
            assert optuna.logging.get_verbosity() == level
        assert caplog.records == []
        optuna.logging.set_verbosity(optuna.logging.INFO)
        optuna.create_study()
        assert "A new study created" in caplog.text
    finally:
        optuna.logging.set_verbosity(before)
        logging.getLogger("optuna").removeHandler(caplog.handler)
