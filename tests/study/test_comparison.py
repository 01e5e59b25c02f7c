"""Trials are compared at one epoch, which most of them reached; what mattered there is known to Optuna's tools too."""

import json
import signal
import warnings
from pathlib import Path

import numpy as np
import optuna
import pytest

import zerokara as zk
from tests.databases import plain_storage
from zerokara.errors import InputError
from zerokara.report.run import what_mattered
from zerokara.storage.comparison import write_comparison
from zerokara.storage.studies.classes import classes_of
from zerokara.study.study import Study

SPACE = {
    "lr": zk.log(1e-3, 1e-1),
    "momentum": zk.uniform(0.5, 0.95),
    "dropout": zk.uniform(0, 0.5, 0.1),
    "hidden": zk.layers(depth=(0, 2), width=(8, 32)),
    "activation": zk.choice(["relu", "tanh"]),
    "optimizer": zk.choice(["sgd", "momentum"]),
    "batch_size": zk.integer(16, 64, log=True),
    "weight_decay": optuna.distributions.FloatDistribution(1e-6, 1e-2, log=True),
}


def digits(count: int = 200) -> zk.data.Dataset:
    return zk.data.load("digits").first(count).split(validation=0.2, seed=0)


@pytest.fixture(scope="module")
def race(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    out = tmp_path_factory.mktemp("runs") / "race"
    space = {"lr": zk.log(1e-4, 1e5), "dropout": zk.uniform(0, 0.5), "hidden": (16,), "optimizer": "sgd"}
    space["activation"] = "leaky_relu"
    return zk.tune(digits(300), space, trials=60, epochs=9, race="halving:3:2", seed=0, out=out), out


@pytest.fixture(scope="module")
def mixed() -> Study:
    return zk.tune(digits(), SPACE, trials=60, epochs=2, race="halving:3:1", seed=1)


def load(out: Path, name: str) -> optuna.Study:
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(out / "journal.log")))
    return optuna.load_study(study_name=name, storage=storage)


def names(out: Path) -> list[str]:
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(out / "journal.log")))
    return sorted(study.study_name for study in storage.get_all_studies())


def test_at_an_epoch_are_the_trials_that_had_it(race: tuple[Study, Path]) -> None:
    study, _ = race
    for epoch in (1, 2, 3, 6, 9):
        found = study.at(epoch)
        had = [t for t in study.trials if t.epochs > epoch or (t.epochs == epoch and t.state != "diverged")]
        assert list(found) == [trial.number for trial in had]
        for trial in had:
            curves = {"val_loss": "val_loss", "val_accuracy": "val_score", "train_loss": "train_loss"}
            curves["train_accuracy"] = "train_score"
            assert found[trial.number] == {name: trial.curves[curve][epoch - 1] for name, curve in curves.items()}
    assert len(study.at(2)) > 40 > 20 >= len(study.at(3)) > len(study.at(9)) >= 1
    assert study.at(10) == {}
    with pytest.raises(InputError, match="epoch must be 1 or more"):
        study.at(0)


def test_a_race_is_compared_at_its_first_rung_and_a_full_search_at_its_end(race: tuple[Study, Path]) -> None:
    study, _ = race
    states = {trial.state for trial in study.trials}
    assert states >= {"pruned", "diverged"}
    comparison = study.comparison()
    assert comparison.epoch == 2
    assert [trial.number for trial in comparison.trials] == list(range(60)), "diverged ones are compared too"
    full = zk.tune(digits(), {"hidden": (8,)}, trials=12, epochs=4, race="none")
    assert full.comparison().epoch == 4
    space = {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}
    early = zk.tune(digits(), space, trials=12, epochs=40, race="none", patience=2)
    reached = sorted((trial.epochs for trial in early.trials), reverse=True)
    assert early.comparison().epoch == reached[10]
    assert reached[0] > reached[10]


@pytest.mark.parametrize("name", ["race", "mixed"])
def test_importances_are_those_of_optuna(name: str, request: pytest.FixtureRequest) -> None:
    study = request.getfixturevalue(name)
    study = study[0] if isinstance(study, tuple) else study
    comparison, ours = study.comparison(), study.importances()
    theirs = optuna.create_study()
    theirs.add_trials(comparison.as_trials(study.space, classes_of(theirs._storage)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = optuna.importance.get_param_importances(theirs)
    assert len(ours) == len(found) == {"race": 2, "mixed": 9}[name]
    keys = {one.key(part): part for part, one in study.space.parts.items()}
    assert ours == pytest.approx({keys[key]: share for key, share in found.items()}, abs=1e-9)
    assert list(ours.values()) == sorted(ours.values(), reverse=True)
    assert sum(ours.values()) == pytest.approx(1)


def test_the_learning_rate_matters_most_and_a_line_says_so(race: tuple[Study, Path]) -> None:
    study, _ = race
    shares = study.importances()
    assert shares["lr"] > 0.8
    line = what_mattered(study)
    assert line == f"what mattered: lr {shares['lr']:.2f}, dropout {shares['dropout']:.2f} (at epoch 2, all 60 trials)"
    few = zk.tune(digits(), {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}, trials=9, epochs=1)
    assert (few.importances(), what_mattered(few)) == ({}, "")


def test_by_accuracy_the_higher_is_better() -> None:
    space = {"lr": zk.log(1e-5, 1e-1), "hidden": (8,)}
    study = zk.tune(digits(), space, trials=30, epochs=2, race="none", rank="accuracy", keep_best=False)
    comparison = study.comparison()
    assert (comparison.metric, comparison.maximize) == ("val_accuracy", True)
    assert [t.value for t in comparison.trials] == [t.val_score for t in study.trials]
    assert study.importances()["lr"] > 0


def test_the_journal_has_a_second_study_of_complete_trials(race: tuple[Study, Path]) -> None:
    study, out = race
    assert names(out) == ["zerokara", "zerokara@2"]
    second = load(out, "zerokara@2")
    assert {trial.state.name for trial in second.trials} == {"COMPLETE"}
    assert [trial.user_attrs["trial"] for trial in second.trials] == list(range(60))
    for number, scores in study.at(2).items():
        assert second.trials[number].value == scores["val_loss"]
        assert second.trials[number].user_attrs["val_accuracy"] == scores["val_accuracy"]
        assert second.trials[number].params["lr"] == study.trials[number].params["lr"]
    assert second.metric_names == ["val_loss"]
    shares = optuna.importance.get_param_importances(second)
    assert shares == pytest.approx(study.importances())


def test_a_table_of_the_main_study_has_scores_epochs_and_seconds(race: tuple[Study, Path]) -> None:
    study, out = race
    table = load(out, "zerokara").trials_dataframe()
    trained = [trial for trial in study.trials if trial.state != "diverged"]
    rows = table.iloc[[trial.number for trial in trained]]
    assert rows["user_attrs_accuracy"].tolist() == [trial.val_score for trial in trained]
    assert table["user_attrs_epochs"].tolist() == [trial.epochs for trial in study.trials]
    seconds = table["user_attrs_seconds"].to_numpy()
    assert (seconds > 0).all()
    assert seconds.sum() == pytest.approx(study.train_seconds)
    # Each has its own share, not that of its generation.
    assert seconds[study.best.number] > np.median(seconds)


def test_a_resumed_search_replaces_the_second_study(tmp_path: Path) -> None:
    data, out, space = digits(), tmp_path / "run", {"lr": zk.log(1e-4, 1e-1), "hidden": (8,)}
    zk.tune(data, space, trials=12, epochs=3, generation=12, seed=0, out=out)
    lines = (out / "journal.log").read_text().count("\n")
    zk.resume(out, data)
    assert (out / "journal.log").read_text().count("\n") == lines
    extended = zk.resume(out, data, trials=20)
    assert names(out) == ["zerokara", "zerokara@1"]
    assert len(load(out, "zerokara@1").trials) == 20
    fresh = zk.tune(data, space, trials=20, epochs=3, generation=12, seed=0)
    assert [trial.record for trial in extended.trials] == [trial.record for trial in fresh.trials]


def test_a_kill_while_the_second_study_is_written_leaves_a_run_that_resumes(tmp_path: Path) -> None:
    data, out, space = digits(), tmp_path / "run", {"lr": zk.log(1e-4, 1e-1), "hidden": (8,)}
    study = zk.tune(data, space, trials=12, epochs=3, seed=0, out=out)
    content = (out / "journal.log").read_bytes()
    whole = [(trial.value, trial.params, trial.state) for trial in load(out, "zerokara@1").trials]
    first = content[: content.index(b"zerokara@1")].count(b"\n")
    lines = content.splitlines(keepends=True)
    for count in (first, first + 1, first + 2, first + 3, len(lines) - 1):
        (out / "journal.log").write_bytes(b"".join(lines[:count]))
        assert [trial.record for trial in zk.resume(out, data).trials] == [trial.record for trial in study.trials]
        assert [(trial.value, trial.params, trial.state) for trial in load(out, "zerokara@1").trials] == whole


def test_a_study_of_that_name_of_another_program_stays(race: tuple[Study, Path]) -> None:
    study, storage = race[0], optuna.storages.InMemoryStorage()
    theirs = [optuna.create_study(storage=storage, study_name=name) for name in ("ours@2", "ours@7", "yours@2")]
    for other in theirs:
        other.add_trial(optuna.trial.create_trial(value=7.0))
    write_comparison(storage, "ours", study.space, study.comparison(2))
    assert [trial.value for other in theirs for trial in other.trials] == [7.0] * 3
    write_comparison(storage, "ours", study.space, study.comparison(1))
    write_comparison(storage, "ours", study.space, study.comparison(9))
    assert sorted(each.study_name for each in storage.get_all_studies()) == ["ours@2", "ours@7", "ours@9", "yours@2"]


def test_a_database_has_it_too_once(tmp_path: Path) -> None:
    url, data = f"sqlite:///{tmp_path}/studies.db", digits()
    space = {"lr": zk.log(1e-4, 1e-1), "hidden": (8,)}
    options = {"trials": 6, "epochs": 3, "race": "none", "storage": url, "study": "ours"}
    zk.tune(data, space, **options)
    storage = plain_storage(url)
    second = optuna.load_study(study_name="ours@3", storage=storage)
    zk.tune(data, space, **options, warn=[].append)  # This process finds all trials ended.
    assert [t._trial_id for t in optuna.load_study(study_name="ours@3", storage=storage).trials] == [
        trial._trial_id for trial in second.trials
    ]
    found = {study.study_name: study for study in optuna.get_all_study_summaries(storage)}
    assert sorted(found) == ["ours", "ours@3"]
    assert found["ours@3"].n_trials == 6
    first = optuna.load_study(study_name="ours", storage=storage).trials[0]
    assert {"accuracy", "epochs", "seconds"} <= set(first.user_attrs)


def test_an_interrupted_search_has_no_second_study(tmp_path: Path) -> None:
    calls = []

    def stop(_: object) -> None:
        if not calls:
            calls.append(signal.raise_signal(signal.SIGINT))

    study = zk.tune(digits(), {"hidden": (8,)}, trials=4, epochs=500, out=tmp_path / "run", progress=stop)
    assert study.interrupted
    assert names(tmp_path / "run") == ["zerokara"]


def test_encoding_is_the_inverse_of_decoding(mixed: Study) -> None:
    space = mixed.space
    for trial in mixed.trials:
        assert space.decode(json.loads(json.dumps(space.encode(trial.params)))) == trial.params
    stats = pytest.importorskip("scipy.stats")
    space = zk.tune(digits(), {"lr": stats.lognorm(1.0, scale=1e-3), "hidden": (4,)}, trials=1, epochs=1).space
    for u in np.linspace(0.001, 0.999, 7):
        assert space.encode(space.decode({"lr": u}))["lr"] == pytest.approx(u)
