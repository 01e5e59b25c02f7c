"""Optuna driving PyTorch eager: the processes share one study, report each epoch and ask whether to go on.

The study is a journal file, as Optuna advises for several processes of one machine; it lies in memory where there is
such a folder, for the disk costs three times as much an epoch. Trial k of a seed is the same trial in every run,
whichever process draws it, so that a race has the trials of the full search. Training data are not scored.
"""

import time
from pathlib import Path

import optuna
import torch
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import RandomSampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import Trial, TrialState
from torch.nn.functional import cross_entropy

from benchmarks.rivals.torch_eager import epochs
from benchmarks.work import Work


def make_pruner(name: str, epochs: int, eta: int, first: int) -> BasePruner:
    """Return a pruner by name, none without one; "as it comes" has Optuna's settings, the other halving our rungs."""
    if name == "HyperbandPruner":
        return HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)
    if name == "SuccessiveHalvingPruner":
        return SuccessiveHalvingPruner(min_resource=first, reduction_factor=eta)
    return SuccessiveHalvingPruner(min_resource=1) if name else NopPruner()


def run(
    work: Work,
    *,
    seed: int,
    journal: str,
    pruner: str = "",
    eta: int = 3,
    first: int = 1,
    goal: float = 0.0,
    budget: float = float("inf"),
) -> list[tuple[float, float, int]]:
    """Search, and return this process's epochs that beat its own before: (seconds, validation loss, trial).

    Without a pruner it ends with the work's trials. With one it goes on with more until the budget of seconds is
    spent, or a process has reached the goal.
    """
    start = time.perf_counter()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    journal = f"{journal}.{work.epochs}"  # The warm-up has one of its own.
    done = Path(f"{journal}.done")
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(journal)),
        study_name="race",
        pruner=make_pruner(pruner, work.epochs, eta, first),
        load_if_exists=True,
    )
    found: list[tuple[float, float, int]] = []

    def over() -> bool:
        return time.perf_counter() - start > budget or done.exists()

    def train(trial: Trial) -> TrialState:
        study.sampler = RandomSampler(100_000 * seed + trial.number)
        torch.manual_seed(100_000 * seed + trial.number)
        lr = trial.suggest_float("lr", work.lrs.min(), work.lrs.max(), log=True)
        decay = 0.0
        if work.decays.any():
            decay = trial.suggest_float("weight_decay", work.decays.min(), work.decays.max(), log=True)
        x, t = torch.from_numpy(work.x_val), torch.from_numpy(work.t_val)
        for epoch, model in enumerate(epochs(work, lr, decay), start=1):
            with torch.inference_mode():
                loss = float(cross_entropy(model(x), t))
            trial.report(loss, epoch)
            if loss < (found[-1][1] if found else float("inf")):
                found.append((time.perf_counter() - start, loss, trial.number))
                if loss <= goal:
                    done.touch()
            if over() or (epoch < work.epochs and trial.should_prune()):
                return TrialState.PRUNED
        study.tell(trial, loss)
        return TrialState.COMPLETE

    while not over():
        trial = study.ask()
        if trial.number >= work.trials and (not pruner or work.epochs == 1):
            study.tell(trial, state=TrialState.FAIL)
            break
        if train(trial) is TrialState.PRUNED:
            study.tell(trial, state=TrialState.PRUNED)
    return found
