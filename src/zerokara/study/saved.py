"""The study of a run folder, read only: `open`."""

import math
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.checks import is_of
from zerokara.data import Dataset
from zerokara.data.targets import Task
from zerokara.engine.plan import Plan
from zerokara.engine.settings import TrainingSettings, in_config, values_of
from zerokara.engine.shard import retrain
from zerokara.engine.trial import Trial
from zerokara.errors import InputError, OutsideError, ZerokaraError
from zerokara.figures.evaluation_data import ConfusionTable
from zerokara.model import Model
from zerokara.nn import Network
from zerokara.samplers.registry import make_local_sampler
from zerokara.space.space import Space
from zerokara.study.config import differences, space_from_config
from zerokara.study.data import data_again, load_data
from zerokara.study.run_folder import JOURNAL, RunFolder, read_summary
from zerokara.study.study import Study
from zerokara.train.metrics import METRICS
from zerokara.train.ranking import RANKS, Metric, saved_ranking


def open(
    run: str | Path,
    data: Any = None,
    *,
    target: Any = None,
    task: str | None = None,
    validation: Any = None,
    test: Any = None,
    storage: str | None = None,
) -> "SavedStudy":
    """Return the study of a run folder: its trials, curves, winner, model, ensemble and rounds; nothing is changed.

    The run may be unfinished, and a process may be training it: the study has the trials that have ended.

    Args:
        run: the folder that was the ``out`` of `tune`.
        data, target, task, validation, test: the data of the run as in `resume`, for figures of predictions. By default
            they are loaded when they are needed, from the name or path that the run has of them.
        storage: the database URL with its password, for a study that is in a database.

    Raises:
        InputError: the path is not a run, its journal is damaged, or the data are others.
        DatabaseError: the database does not respond.

    >>> import tempfile
    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = zk.tune(data, {"lr": zk.log(1e-4, 1e-1), "hidden": (16,)}, trials=4, epochs=3, out=folder)
    ...     again = zk.open(folder)
    ...     again.model.predict(data.test.x[:3])
    array([5, 6, 1])
    >>> again.best.val_loss == study.best.val_loss, again.test_score == study.test_score
    (True, True)
    """
    folder = RunFolder(run)
    config, summary = folder.config(), read_summary(folder.path)
    known: Dataset | None = None
    if data is not None:
        known = data_again(config, data, target=target, task=task, validation=validation, test=test)
        differences(config, known)
    space, plan = Space(space_from_config(config)), SavedPlan.of(config, folder.path, known)
    # Only for the rounds: another sampler, which may be the user's own, is not asked.
    sampler = make_local_sampler(
        "narrowing" if config["sampler"] == "narrowing" else "random",
        space,
        plan.seed,
        trials=config["trials"],
        generation=config["generation"],
    )
    from zerokara.storage.reading import read_database, read_journal

    what = config["trials"], space, sampler, plan.metric
    if "storage" in config:
        recorded = read_database(storage or config["storage"], config.get("study", "zerokara"), *what)
    else:
        recorded = read_journal(folder.path / JOURNAL, *what)
    trials, stopped = recorded.trials, recorded.stopped
    finished = summary.get("finished") is True and (stopped is not None or len(trials) >= config["trials"])
    if summary.get("trials") != len(trials):
        summary = {}  # Of the run before it was extended.
    return SavedStudy(
        space,
        plan,
        trials,
        [],
        _summary_number(summary.get("seconds")),
        _summary_number(summary.get("train_seconds")),
        interrupted=not finished,
        proposing_seconds=_summary_number(summary.get("proposing_seconds")),
        rounds=recorded.rounds,
        ensemble_size=config.get("ensemble"),
        stopped=stopped,
        path=folder.path,
        summary=summary,
    )


def _summary_number(value: Any) -> float:
    """Return a number of a summary; NaN if there is none."""
    return float(value) if is_of(value, float) else math.nan


class SavedPlan(Plan):
    """The plan of a run folder: its data are loaded when they are first asked for."""

    _name: str
    _parts_text: str
    _task: Task
    _outputs: int
    _rank: str
    _load: Callable[[], Dataset]

    @classmethod
    def of(cls, config: dict[str, Any], run: Path, data: Dataset | None) -> "SavedPlan":
        """Return the plan of a run's config."""
        load: Callable[[], Dataset] = partial(_load_again, config, run)
        record, known = config["record"], data
        if record.get("task") not in METRICS and known is None:  # Of an older version.
            known = load()
        rank = config.get("rank", "loss")
        settings = in_config(TrainingSettings, config) | {"rank": rank if rank in RANKS else "loss"}
        plan = object.__new__(cls)
        vars(plan).update(values_of(TrainingSettings(**settings)))
        vars(plan).update(
            _name=record.get("data_name", config["dataset"]) if known is None else known.name,
            _parts_text=record.get("data_parts", "") if known is None else known.parts_text,
            _task=record["task"] if known is None else known.task,
            _outputs=record.get("outputs", 0) if known is None else known.n_outputs,
            _rank=rank,
            _load=load,
        )
        if known is not None:
            vars(plan)["data"] = plan._checked(known)
        return plan

    def __repr__(self) -> str:
        return f"SavedPlan({self.name}, {self.task}, {self.epochs} epochs, rank={self._rank})"

    @property
    def name(self) -> str:
        return self._name

    @property
    def parts_text(self) -> str:
        return self._parts_text

    @property
    def task(self) -> Task:
        return self._task

    @cached_property
    def metric(self) -> Metric:
        return saved_ranking(self._rank, self.task, self._outputs)

    @cached_property
    def data(self) -> Dataset:
        return self._checked(self._load())

    def _checked(self, data: Dataset) -> Dataset:
        """Return the data as networks are trained on them."""
        return Plan(data, **values_of(self)).data


def _load_again(config: dict[str, Any], run: Path) -> Dataset:
    """Return the data of a run, loaded again."""
    try:
        data = load_data({"stratify": False} | config)
        differences(config, data)
    except ZerokaraError as error:
        raise InputError(
            f"this needs the data of {run}, which could not be loaded again ({error}): pass them, as in "
            "zerokara.open(run, data)"
        ) from error
    return data


@dataclass(frozen=True, eq=False, repr=False)
class SavedStudy(Study):
    """A study of a run folder, from `zerokara.open`; nothing is trained, and the test data are not read again.

    ``summary`` is the content of ``summary.json``, empty before the run has ended.
    """

    _: KW_ONLY
    path: Path
    summary: dict[str, Any]

    def _best_model(self, trial: Trial) -> Model:
        """Return the winner's model; of an unfinished run its network is trained again, with the same numbers."""
        return self.saved("best", trial) or Model.of(
            retrain(trial, self.plan).trained(), self.plan.parts[0], self._about(trial)
        )

    @cached_property
    def model(self) -> Model:
        return self.saved("model", self.best.trial) or self.best.model

    def ensemble(self, k: int | None = None) -> Model:
        """Return the ensemble that the run selected; a run folder does not contain the networks for another one."""
        path = self.path / "ensemble.safetensors"
        if k not in (None, self.ensemble_size) or not path.exists():
            kept = f"one of up to {self.ensemble_size}" if path.exists() else "no ensemble"
            raise InputError(f"a run has the ensemble that it was asked for, got {kept} in {self.path}: use tune(...)")
        return Model.load(path)

    def saved(self, name: str, trial: Trial) -> Model | None:
        """Return a model of the run if it is that of a trial."""
        path = self.path / f"{name}.safetensors"
        model = Model.load(path) if path.exists() else None
        return model if model is not None and model.about.get("trial") == trial.number else None

    @cached_property
    def test_data(self) -> Dataset:
        return self.plan.data.pooled() if "refit" in self.model.about else self.plan.parts[0]

    @cached_property
    def test_score(self) -> float:
        """The accuracy (or R2) of `model` on the test data, as the run found it; NaN if it has not read them."""
        return _summary_number(self.summary.get(f"test_{METRICS[self.plan.task]}"))

    @cached_property
    def test_errors(self) -> dict[str, dict[str, float]]:
        kinds = ("root_mean_squared_error", "mean_absolute_error")
        return {kind: self.summary[f"test_{kind}"] for kind in kinds if f"test_{kind}" in self.summary}

    def confusion(self, part: str = "validation") -> ConfusionTable:
        """Return how often each class was predicted as each; of the validation samples as the run found it."""
        verdict = self.summary.get("validation") or {}
        if part != "validation" or "confusion" not in verdict:
            return super().confusion(part)
        counts = np.array(verdict["confusion"], float)
        right = counts.trace() / counts.sum()
        title = f"{self.plan.name}: {right:.1%} of {verdict['samples']} validation samples right"
        return ConfusionTable(counts, tuple(verdict["classes"]), title)

    def start(self) -> Network | None:
        try:
            return super().start()
        except (InputError, OutsideError):
            return None
