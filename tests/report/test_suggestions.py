"""What the page suggests to do next, and how far a score may be off."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from zerokara.data import Part
from zerokara.report.commands import commands_of
from zerokara.report.suggestions import suggestions
from zerokara.report.uncertainty import standard_error
from zerokara.report.verdict import verdict
from zerokara.study.study import Study

CONFIG = {"dataset": "digits", "rank": "loss", "sampler": "random"}


def suggested(study: Study, **summary: Any) -> dict[str, dict[str, Any]]:
    return {each["key"]: each for each in suggestions(study, summary, commands_of(CONFIG, Path("runs/my run")))}


def tuned(space: dict[str, Any], **settings: Any) -> Study:
    data = zk.data.load("digits").first(200).split(validation=0.2, seed=0)
    return zk.tune(data, {"hidden": (8,)} | space, **{"trials": 6, "epochs": 3, "refit": 0, "workers": 1} | settings)


def test_a_winner_at_an_end_of_its_range() -> None:
    study = tuned({"lr": zk.log(1e-5, 1e-4), "dropout": 0.0, "weight_decay": 0.0}, trials=30)
    assert study.at_ends == {"lr": "upper"}
    assert suggested(study)["widen_upper"] == {
        "key": "widen_upper",
        "name": "lr",
        "range": "log:1e-05:0.0001",
        "command": "zerokara tune --config 'runs/my run/config.toml' --search lr=log:1e-05:0.001",
    }


def test_a_range_that_cannot_be_wider_has_no_command() -> None:
    study = tuned({"dropout": zk.uniform(0.5, 0.99), "lr": 0.01}, trials=30)
    winner = replace(study.winner, params=study.winner.params | {"dropout": 0.989})
    others = [trial for trial in study.trials if trial.number != winner.number]
    found = suggested(replace(study, trials=[*others, winner]))
    assert found["widen_upper"]["command"] is None


def test_a_winner_that_still_improves() -> None:
    study = tuned({"lr": zk.log(1e-4, 1e-3)}, race="none")
    assert study.best.epoch == 3
    assert suggested(study)["epochs"]["command"].endswith("--epochs 6")


def test_close_trials_are_compared_on_folds() -> None:
    study = tuned({"lr": zk.log(1e-3, 1e-2)}, race="none")
    scores = [trial.val_score for trial in study.trials]
    wide = suggested(study, validation={"standard_error": 1.0})
    assert wide["noise"]["count"] == len(scores) - 1
    assert wide["noise"]["command"].endswith("--folds 5")
    assert "noise" not in suggested(study, validation={"standard_error": 0.0})


def test_an_overfitted_winner_needs_data() -> None:
    rng = np.random.default_rng(0)
    data = rng.standard_normal((100, 50)), rng.integers(0, 2, 100)  # There is nothing to learn.
    study = zk.tune(data, {"hidden": (64,), "lr": 0.02}, trials=1, epochs=30, refit=0, keep_best=False)
    best = study.best.trial
    assert best.train_score - best.val_score > 0.2
    assert suggested(study, validation={"standard_error": 0.01})["data"]["train"] == best.train_score
    assert "data" not in suggested(study, validation={"standard_error": 0.5})


@pytest.mark.parametrize("other", [{"dataset": "arrays"}, {"rank": "mine.score:maximize"}, {"sampler": "mine.Sampler"}])
def test_what_only_python_can_give_has_no_commands(other: dict[str, str]) -> None:
    assert commands_of(CONFIG | {"dataset": "/data/table.csv"}, Path("run"))
    assert commands_of(CONFIG | other, Path("run")) == {}


def test_suggestions_without_commands() -> None:
    study = tuned({"lr": zk.log(1e-3, 1e-2)})
    assert [each["command"] for each in suggestions(study, {}, {}) if each["key"] == "trials"] == [None]
    assert not [each for each in suggestions(study, {}, {}, grid=True) if each["key"] == "trials"]


def resampled(scores: np.ndarray, t: np.ndarray, score: Any) -> float:
    """Return the spread of a score over samples drawn with replacement."""
    rng = np.random.default_rng(0)
    rows = (rng.integers(0, len(t), len(t)) for _ in range(2000))
    return float(np.std([score(scores[each], t[each]) for each in rows]))


def test_the_standard_error_of_an_accuracy() -> None:
    rng = np.random.default_rng(1)
    scores, t = rng.standard_normal((300, 3)), rng.integers(0, 3, 300)
    error = standard_error(scores, Part(np.zeros((300, 1)), t), "classification")
    right = (scores.argmax(axis=1) == t).mean()
    assert error == pytest.approx(np.sqrt(right * (1 - right) / 300))
    weights = np.full(300, 2.5)
    assert standard_error(scores, Part(np.zeros((300, 1)), t, weights), "classification") == pytest.approx(error)


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_standard_error_of_r2(outputs: int) -> None:
    rng = np.random.default_rng(2)
    t = rng.standard_normal((400, outputs))
    scores = t + rng.standard_normal((400, outputs)) * 0.6

    def r2(y: np.ndarray, t: np.ndarray) -> float:
        return float(np.mean(1 - ((y - t) ** 2).sum(axis=0) / ((t - t.mean(axis=0)) ** 2).sum(axis=0)))

    error = standard_error(scores, Part(np.zeros((400, 1)), t), "regression")
    assert error == pytest.approx(resampled(scores, t, r2), rel=0.1)


def test_the_standard_error_of_labels() -> None:
    rng = np.random.default_rng(3)
    scores, t = rng.standard_normal((200, 2)), rng.integers(0, 2, (200, 2))
    right = ((scores > 0) == (t > 0)).all(axis=1).mean()
    error = standard_error(scores, Part(np.zeros((200, 1)), t), "multilabel")
    assert error == pytest.approx(np.sqrt(right * (1 - right) / 200))


def test_a_verdict_has_the_error_of_its_score() -> None:
    study = tuned({"lr": 0.05}, trials=1, epochs=2)
    content, score = verdict(study), study.best.val_score
    assert content["standard_error"] == pytest.approx(np.sqrt(score * (1 - score) / content["samples"]))
