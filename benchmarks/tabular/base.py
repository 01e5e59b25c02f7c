"""What a process takes that only reads a table: the memory beyond it is a contestant's own."""

import numpy as np

from benchmarks.tabular.task import Predict, Task


def mean(task: Task) -> Predict:
    """Predict the mean of the targets, or the most frequent class."""
    levels, counts = np.unique(task.y, return_counts=True)
    value = levels[counts.argmax()] if task.classes else task.y.mean()
    return lambda x: np.full(len(x), value)
