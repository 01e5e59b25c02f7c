"""Proposing: a trial's number decides what is drawn, whatever happens in between."""

import logging
import tempfile
from pathlib import Path

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.samplers import QMCSampler, RandomSampler, TPESampler
from scipy import stats

from zerokara.errors import InputError
from zerokara.search.journal import Journal
from zerokara.search.proposing import DIVERGED, SAMPLERS, Proposer, make_sampler
from zerokara.search.reseeding import Reseeded
from zerokara.search.space import Space, choice, default_space, integer
from zerokara.search.trial import Trial

SPACE = Space({**default_space(), "hidden": choice([(50,), (100, 50), ()]), "batch_size": integer(16, 64, 16)})

FACTORIES = {
    **SAMPLERS,
    "tpe": lambda seed: TPESampler(seed=seed, n_startup_trials=4, n_ei_candidates=4),
    "tpe, multivariate": lambda seed: TPESampler(seed=seed, n_startup_trials=4, multivariate=True, group=True),
}


def ended(proposal, state="complete", value=None):
    value = proposal.params["lr"] if value is None else value
    return Trial(proposal.number, proposal.params, state, value, epochs=1, epoch=1, curves={})


def run(proposer, generations):
    """Ask and tell generations of these sizes; return what was proposed."""
    proposals = []
    for count in generations:
        asked = proposer.ask(count)
        proposer.tell([ended(proposal) for proposal in reversed(asked)])
        proposals += asked
    return proposals


@pytest.mark.parametrize("name", FACTORIES)
def test_a_restart_proposes_the_same_trials(name, tmp_path):
    uninterrupted = run(Proposer(SPACE, Reseeded(FACTORIES[name], 3)), [5, 5, 5])
    path, restarted = tmp_path / "journal.log", []
    for count in (5, 5, 5):
        with Journal(path) as journal:
            restarted += run(Proposer(SPACE, Reseeded(FACTORIES[name], 3), journal), [count])
    assert restarted == uninterrupted
    assert [proposal.number for proposal in restarted] == list(range(15))


@settings(max_examples=20)
@given(seed=st.integers(0, 2**63), cuts=st.lists(st.integers(1, 4), max_size=4))
def test_neither_the_size_of_a_generation_nor_a_restart_changes_a_trial(seed, cuts):
    at_once = Proposer(SPACE, make_sampler("random", seed)).ask(sum(cuts))
    with tempfile.TemporaryDirectory() as folder:
        piecewise = []
        for count in cuts:
            with Journal(Path(folder) / "journal.log") as journal:
                piecewise += Proposer(SPACE, make_sampler("random", seed), journal).ask(count)
    assert piecewise == at_once


def test_seeds_and_numbers_differ():
    trials = [p.params["lr"] for seed in (0, 1) for p in Proposer(SPACE, make_sampler("random", seed)).ask(20)]
    assert len(set(trials)) == 40


def test_random_trials_follow_the_ranges_and_are_independent():
    params = [proposal.params for proposal in Proposer(SPACE, make_sampler("random", 0)).ask(2000)]
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
        proposer = Proposer(SPACE, make_sampler("random", 0), journal)
        asked = proposer.ask(4)
        proposer.tell(
            [
                ended(asked[2], "interrupted", np.inf),
                ended(asked[1], "diverged", np.inf),
                ended(asked[0], "complete", np.float32(0.5)),
            ]
        )
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    trials = optuna.load_study(study_name="zerokara", storage=storage).trials
    assert [(t.state.name, t.values, t.user_attrs) for t in trials] == [
        ("COMPLETE", [0.5], {}),
        ("COMPLETE", [DIVERGED], {"state": "diverged"}),
        ("FAIL", None, {"state": "interrupted"}),
        ("RUNNING", None, {}),
    ]
    assert [SPACE.decode(trial.params) for trial in trials] == [proposal.params for proposal in asked]
    assert float(np.finfo(np.float32).max) < DIVERGED < np.inf


def test_trials_are_told_in_the_order_of_their_numbers(tmp_path):
    def finished(order):
        with Journal(tmp_path / f"{order}.log") as journal:
            proposer = Proposer(SPACE, make_sampler("random", 0), journal)
            asked = proposer.ask(3)
            proposer.tell([ended(asked[i]) for i in order])
        lines = (tmp_path / f"{order}.log").read_text().splitlines()
        return [line[line.index("trial_id") :].split(',"datetime')[0] for line in lines[-3:]]

    assert finished([0, 1, 2]) == finished([2, 0, 1])


def test_the_journal_is_written_once_for_the_questions_and_once_for_the_answers(tmp_path):
    path = tmp_path / "journal.log"
    with Journal(path) as journal:
        proposer = Proposer(SPACE, make_sampler("random", 0), journal)
        asked = proposer.ask(3)
        assert path.read_bytes().count(b'"trial_id"') == 3 * len(SPACE.searched)
        proposer.tell(map(ended, asked))
        assert path.read_bytes().count(b'"trial_id"') == 3 * len(SPACE.searched) + 3


def test_a_space_without_a_range_proposes_the_same_each_time():
    first, second = Proposer(Space({}), make_sampler("random", 0)).ask(2)
    assert first.params == second.params == Space({}).fixed


def test_an_unknown_sampler():
    with pytest.raises(InputError, match=r"unknown sampler 'randon': did you mean 'random'\?"):
        make_sampler("randon", 0)


def test_optuna_says_nothing_and_keeps_its_own_settings(tmp_path, caplog):
    logging.getLogger("optuna").addHandler(caplog.handler)
    # QMC warns that it is experimental wherever it is made; a warning here would be an error.
    sampler = Reseeded(lambda seed: QMCSampler(seed=0, warn_independent_sampling=False), 0)
    before = optuna.logging.get_verbosity()
    try:
        for level in (optuna.logging.INFO, optuna.logging.ERROR):
            optuna.logging.set_verbosity(level)
            with Journal(tmp_path / f"{level}.log") as journal:
                run(Proposer(SPACE, sampler, journal), [2, 2])
            assert optuna.logging.get_verbosity() == level
        assert caplog.records == []
        optuna.logging.set_verbosity(optuna.logging.INFO)
        with pytest.warns(optuna.exceptions.ExperimentalWarning):
            QMCSampler(seed=0)
        optuna.create_study()
        assert "A new study created" in caplog.text
    finally:
        optuna.logging.set_verbosity(before)
        logging.getLogger("optuna").removeHandler(caplog.handler)


def test_the_questions_of_one_trial_go_to_one_sampler_made_for_its_number():
    made = []

    def factory(seed):
        made.append(seed)
        return RandomSampler(seed)

    study = optuna.create_study(sampler=Reseeded(factory, 7))
    for _ in range(3):
        study.tell(study.ask(SPACE.distributions()), 0.0)
    assert len(made) == len(set(made)) == 3
    again = Reseeded(factory, 7)
    study = optuna.create_study(sampler=again)
    study.ask(SPACE.distributions())
    assert made[3] == made[0]
