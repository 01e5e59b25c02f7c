"""The table of a running search: its trials, how many reached each rung, the best so far, and the time left."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from textwrap import wrap

from zerokara.display import LINE, duration, pace
from zerokara.engine.plan import Plan
from zerokara.engine.progress import Progress
from zerokara.space.hyperparameters import show
from zerokara.space.space import Space

LABEL = 16
"""The columns of a row's name."""


def table_of(plan: Plan, space: Space) -> Callable[[Progress], list[str]]:
    """Return the function that makes the table of a search from its progress."""
    return partial(progress_table, space=space, metric=plan.metric.shown.title)


def progress_table(progress: Progress, space: Space, metric: str) -> list[str]:
    """Return the lines of the table, of at most 60 columns.

    Args:
        progress: the state of the search.
        space: has the searched hyperparameters.
        metric: the name of the score.

    >>> progress = Progress(9, 3, 6, 50, 20, 2.0, 0, rungs=((1, 9, 9), (3, 3, 1), (9, 1, 0)))
    >>> print(*progress_table(progress, Space({}), "accuracy"), sep="\\n")
    trials          3 of 9 ended, 6 training
    network-epochs  20 of 50, 10/s
    time left       3 s
    rung, epochs      1  3  9
    reached           9  1  0
    of trials         9  3  1
    """
    of_trials, of_epochs = _of(progress, " of ")
    trials = f"{progress.trials_done:,}{of_trials} ended, {progress.trials_running:,} training"
    if progress.diverged:
        trials += f", {progress.diverged:,} diverged"
    done = int(progress.epochs_done + progress.epochs_underway)
    epochs = f"{done:,}{of_epochs}, {pace(progress.epochs_per_second)}"
    rows = [("trials", trials), ("network-epochs", epochs), ("time left", duration(progress.seconds_left))]
    lines = [f"{name:<{LABEL}}{text}" for name, text in rows]
    if len(progress.rungs) > 1 and progress.limit is None:
        counts = [(f"{epoch:,}", f"{reached:,}", f"{planned:,}") for epoch, planned, reached in progress.rungs]
        names = ("rung, epochs", "reached", "of trials")
        lines += [f"{name:<{LABEL}}{row}" for name, row in zip(names, _aligned(counts, LABEL), strict=True)]
    if progress.top:
        lines += ["", *_best(progress, space, metric)]
    if progress.remark:
        lines += ["", *wrap(progress.remark, LINE)]
    return [line[:LINE] for line in lines]


def _best(progress: Progress, space: Space, metric: str) -> list[str]:
    """Return the best trials so far, one line each, with as many of their hyperparameters as fit."""
    top = progress.top
    columns = [
        ("best so far", *(f"trial {each.proposal.number}" for each in top)),
        (metric[:12], *(f"{each.score:.4f}" for each in top)),
        ("epoch", *(str(each.epoch) for each in top)),
    ]
    for name in space.searched:
        values = [each.proposal.params.get(name) for each in top]
        columns.append((name, *("" if value is None else show(value) for value in values)))
    return _aligned(columns, 0, left=True)


def _aligned(columns: Sequence[Sequence[str]], indent: int, left: bool = False) -> list[str]:
    """Return the lines of a table of columns: as many as fit, the last of numbers, the first of others."""
    widths = [max(map(len, column)) + 2 for column in columns]
    if left:
        fit = sum(total <= LINE + 2 - indent for total in accumulate(widths))
        columns, widths = columns[:fit], widths[:fit]
    else:
        fit = sum(total <= LINE - indent for total in accumulate(reversed(widths)))
        columns, widths = columns[-fit:], widths[-fit:]
    align = "<" if left else ">"
    rows = zip(*columns, strict=True)
    return ["".join(f"{cell:{align}{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _of(progress: Progress, word: str) -> tuple[str, str]:
    """Return the totals of trials and of epochs, with a word before; nothing where the time decides."""
    if progress.limit is not None:
        return "", ""
    return f"{word}{progress.trials:,}", f"{word}{progress.epochs:,}"


def progress_line(progress: Progress, space: Space, metric: str) -> str:
    """Return the same in one line, for a log.

    >>> progress_line(Progress(10, 2, 8, 500, 100, 2.0, 0), Space({}), "accuracy")
    'trials 2/10 done, 8 training; epochs 100/500, 50/s, 8 s left; best so far none yet'
    """
    of_trials, of_epochs = _of(progress, "/")
    trials = f"{progress.trials_done}{of_trials} done, {progress.trials_running} training"
    if progress.diverged:
        trials += f", {progress.diverged} diverged"
    left = f", {duration(progress.seconds_left)} left" if progress.seconds_left < math.inf else ""
    epochs = f"{progress.epochs_done:,}{of_epochs}, {pace(progress.epochs_per_second)}{left}"
    found = "none yet"
    if progress.top:
        best = progress.top[0]
        values = best.proposal.params
        params = ", ".join(f"{name} {show(values[name])}" for name in space.searched if name in values)
        found = f"validation {metric} {best.score:.4f} (trial {best.proposal.number}, epoch {best.epoch}) {params}"
    note = f"; note {progress.remark}" if progress.remark else ""
    return f"trials {trials}; epochs {epochs}; best so far {found}{note}"
