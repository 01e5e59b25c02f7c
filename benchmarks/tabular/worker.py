"""One process of a contestant of tables: it warms up on a small table, then fits each part that is asked for.

    python -m benchmarks.tabular.worker MODULE:FUNCTION [SETTINGS]

The function takes a `Task` and the settings, and returns what predicts, or a list of `Answer`. Requests are lines of
JSON, {"table": NAME, "seed": SEED}; answers are {"cpu", "seconds", "score", "answers", "peak"}: of `fit` alone, and
the score on the test part; for each `Answer` [CPU seconds, score]; the process's peak memory in KB.
"""

import importlib
import json
import os
import sys
import time
import warnings
from typing import Any

import numpy as np

from benchmarks import tables
from benchmarks.tabular.task import Answer, Task, score, targets
from benchmarks.worker import cpu, peak


def main(target: str, settings: str = "{}") -> None:
    # The answers keep the real standard output; whatever a library prints goes to standard error.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")  # Networks that did not converge, classes of few samples.
    module, name = target.split(":")
    function, others = getattr(importlib.import_module(module), name), json.loads(settings)
    warm: set[bool] = set()
    for line in sys.stdin:
        asked = json.loads(line)
        train, test, goal, classes = parts(asked["table"], asked["seed"])
        if classes not in warm:
            warm.add(classes)
            function(small(classes), **others)
        print(json.dumps(measured(function, Task(train, goal, classes, asked["seed"]), test, others)), file=answers)


def parts(table: str, seed: int) -> tuple[Any, Any, str, bool]:
    """Return the training part, the test part, the target, and whether it is classes."""
    frame, goal = tables.load(table)
    train, test = (frame.iloc[rows].reset_index(drop=True) for rows in tables.split(len(frame), seed))
    return train, test, goal, tables.TABLES[table].classes


def small(classes: bool) -> Task:
    """Return a table of 60 rows, for the warm-up."""
    import pandas as pd

    rng = np.random.default_rng(0)
    number, text = rng.normal(size=60), rng.choice(["a", "b"], 60)
    frame = pd.DataFrame({"number": number, "text": text, "t": np.where(number > 0, "x", "y") if classes else number})
    return Task(frame, "t", classes)


def measured(function: Any, task: Task, test: Any, settings: dict[str, Any]) -> dict[str, Any]:
    start, before = time.perf_counter(), cpu()
    fitted = function(task, **settings)
    used, seconds = cpu() - before, time.perf_counter() - start
    y, x = targets(test, task.target, task.classes), test.drop(columns=task.target)

    def of(predict: Any) -> float:
        return score(y, predict(x), task.classes)

    answers = fitted if isinstance(fitted, list) else [Answer(used, fitted)]
    scores = [[answer.seconds, of(answer.predict)] for answer in answers]
    return {"cpu": used, "seconds": seconds, "score": scores[-1][1], "answers": scores, "peak": peak()}


if __name__ == "__main__":
    main(*sys.argv[1:])
