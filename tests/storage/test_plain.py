"""Studies without Optuna: the same proposals, lines and errors as those of Optuna's storage."""

import json
import math
from pathlib import Path

import optuna
import pytest

from zerokara.engine.trial import Trial
from zerokara.samplers.registry import make_local_sampler
from zerokara.space.space import Space, choice, integer, layers, log, powers, uniform
from zerokara.storage.comparison import Compared, Comparison
from zerokara.storage.journal import Journal
from zerokara.storage.proposer import Proposer
from zerokara.storage.repair import LinesInMemory
from zerokara.storage.store import Stop
from zerokara.storage.studies.plain import PlainStorage
from zerokara.train.ranking import ranking

SPACE = Space(
    {
        "lr": log(1e-4, 1e-1),
        "weight_decay": uniform(0.0, 0.5, 0.25),
        "hidden": layers((0, 3), (16, 64)),
        "batch_size": powers(16, 64),
        "optimizer": choice(["sgd", "adam", "momentum"]),
        "momentum": uniform(0.5, 0.9),
        "dropout": uniform(0.1, 0.1),
    }
)
"""Every kind of range, with conditions, and a range of one value."""
WHOLE = Space({"batch_size": integer(8, 64, 8), "hidden": choice([(), (50,), (50, 50)])})
STATES = "complete", "pruned", "diverged", "interrupted"


def searched(path: Path, space: Space, plain: bool, rank: str = "loss") -> list[str]:
    """Write a journal of a search, and return its parameters as text."""
    sampler = make_local_sampler("random", space, 3)
    with Journal(path) as journal:
        metric = ranking(rank, "classification", 10)
        proposer = Proposer(space, sampler if plain else sampler.optuna(), journal, metric=metric)
        proposals = [*proposer.ask(7), *proposer.ask(3)]
        trials = []
        for proposal in proposals:
            state, epochs = STATES[proposal.number % 4], 2 * proposal.number % 5
            value = math.inf if state == "diverged" else 0.1 * proposal.number
            trial = Trial(proposal.number, proposal.params, state, value=value, epochs=epochs, epoch=epochs, curves={})
            trials.append(trial)
        proposer.report(trials)
        proposer.tell(trials[:7])
        proposer.record_stop(Stop("Callback", "enough", 10, (1, 0, 5)))
        for epoch in (2, 4, 4):
            compared = [Compared(t.number, t.params, t.value, {"epochs": t.epochs}) for t in trials[:7]]
            proposer.write_comparison(Comparison(epoch, "val_loss", rank != "loss", tuple(compared)))
    return [repr(proposal) for proposal in proposals]


def lines(path: Path) -> list[str]:
    """Return the lines of a journal without what is another in each run; one that opens a study again is left out."""
    logs = [json.loads(line) for line in path.read_text().splitlines()]
    for log_entry in logs:
        for name in ("worker_id", "crc32"):
            del log_entry[name]
        for name in ("datetime_start", "datetime_complete"):
            if log_entry.get(name):
                log_entry[name] = len(log_entry[name])
    return [json.dumps(log_entry) for log_entry in logs]


@pytest.mark.parametrize("space", [SPACE, WHOLE, Space({})], ids=["all", "whole", "empty"])
@pytest.mark.parametrize("rank", ["loss", "accuracy"])
def test_the_lines_are_those_of_optuna(tmp_path: Path, space: Space, rank: str) -> None:
    plain, theirs = tmp_path / "plain.log", tmp_path / "optuna.log"
    assert searched(plain, space, True, rank=rank) == searched(theirs, space, False, rank=rank)
    assert lines(plain) == lines(theirs)


def test_both_read_the_journal_of_either(tmp_path: Path) -> None:
    for plain in (True, False):
        path = tmp_path / f"{plain}.log"
        searched(path, SPACE, plain)
        content = [line for line in path.read_bytes().split(b"\n") if line]
        ours = PlainStorage(LinesInMemory(content, path))
        theirs = LinesInMemory(content, path).storage()
        assert [s.study_name for s in ours.get_all_studies()] == ["zerokara", "zerokara@4"]
        for own, other in zip(ours.get_all_studies(), theirs.get_all_studies(), strict=True):
            names = ("_study_id", "study_name", "directions", "user_attrs", "system_attrs")
            assert [getattr(own, name) for name in names] == [getattr(other, name) for name in names]
            trials = ours.get_all_trials(own._study_id), theirs.get_all_trials(other._study_id)
            for trial, expected in zip(*trials, strict=True):
                for name in ("number", "state", "values", "params", "user_attrs", "system_attrs"):
                    assert getattr(trial, name) == getattr(expected, name), name
                assert trial.intermediate_values == expected.intermediate_values
                assert {name: each.optuna() for name, each in trial.distributions.items()} == expected.distributions


def test_a_study_of_optuna_is_continued_without_it(tmp_path: Path) -> None:
    """As written by Optuna's own ask and tell, parameter by parameter."""
    path = tmp_path / "journal.log"
    with Journal(path) as journal, journal.generation():
        study = optuna.create_study(storage=journal.storage(), study_name="zerokara")
        study.set_user_attr("generations", [2])
        trial = study.ask(WHOLE.distributions())
        trial.report(0.5, 1)
        trial.set_user_attr("record", {"state": "complete", "value": 0.25, "epochs": 1, "epoch": 1, "curves": {}})
        study.tell(trial, 0.25)
        study.ask(WHOLE.distributions())
    with Journal(path) as journal:
        proposer = Proposer(WHOLE, make_local_sampler("random", WHOLE), journal)
        assert {n: (t.value, t.params) for n, t in proposer.ended().items()} == {
            0: (0.25, WHOLE.decode(study.trials[0].params))
        }
        assert [p.params for p in proposer.ask_again(0)] == [WHOLE.decode(t.params) for t in study.trials]
        assert [p.number for p in proposer.ask(2)] == [2, 3]


def damages(line: dict) -> list[tuple[str, dict]]:
    """Return a line with each of its keys left out, and with values of a wrong type."""
    cut = [(f"without {name}", {n: v for n, v in line.items() if n != name}) for name in line]
    wrong = {"op_code": 11, "state": 9, "datetime_start": "noon", "datetime_complete": "noon", "directions": [7]}
    wrong |= {"distributions": {"lr": "{}"}, "user_attr": {}, "system_attr": {"a": 1, "b": 2}, "trial_id": [1]}
    wrong |= {"study_id": [1], "params": {"other": 1}, "intermediate_values": {"x": 1}}
    return cut + [(f"{name}={wrong[name]}", line | {name: wrong[name]}) for name in line if name in wrong]


def test_a_damaged_line_is_refused_where_optuna_refuses_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    searched(path, WHOLE, True)
    content = [line for line in path.read_bytes().split(b"\n") if line]
    seen, checked = set(), 0
    for place, line in enumerate(content):
        log_entry = json.loads(line)
        del log_entry["crc32"]
        if (kind := (log_entry["op_code"], log_entry.get("state"))) in seen:
            continue
        seen.add(kind)
        for what, damaged in damages(log_entry):
            if what in ("without worker_id", "without values"):
                continue
            changed = [*content[:place], json.dumps(damaged).encode(), *content[place + 1 :]]
            outcomes = []
            for opened in (PlainStorage, lambda journal: journal.storage()):
                try:
                    opened(LinesInMemory(changed, path))
                    outcomes.append("read")
                except Exception:
                    outcomes.append("refused")
            assert outcomes[0] == outcomes[1] or outcomes == ["refused", "read"], (what, line)
            checked += 1
    assert len(seen) >= 9
    assert checked > 50
