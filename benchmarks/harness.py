"""The clock: every contestant on the same works, in fresh processes, repetitions in turn."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from subprocess import PIPE
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.work import Scores, Work

ROOT = Path(__file__).parent.parent
LAST = 5.0
"""Seconds that a worker has to end after its last answer."""


@dataclass
class Row:
    """What was measured of one contestant at one work: seconds and CPU seconds of each repetition, the last scores."""

    work: Work
    contestant: Contestant
    seconds: list[float] = field(default_factory=list)
    warm_ups: list[float] = field(default_factory=list)
    scores: Scores = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def rate(self) -> float:
        """Floating-point operations of the algorithm per second."""
        return self.work.flop / self.median

    @property
    def best(self) -> tuple[float, float]:
        """The (learning rate, validation accuracy) of the best trial."""
        return max(self.scores, key=lambda score: score[1])

    @property
    def best_tenth(self) -> float:
        """The mean accuracy of the best tenth of the trials: most of W1 learns nothing, and its median says little."""
        accuracies = sorted((accuracy for _, accuracy in self.scores), reverse=True)
        return sum(accuracies[: max(1, len(accuracies) // 10)]) / max(1, len(accuracies) // 10)


@dataclass(frozen=True)
class Run:
    """One repetition: seconds from the word to the last answer, CPU seconds of all processes, each one's answer."""

    seconds: float
    cpu: float
    warm_up: float
    answers: list[Any]


def measure(rows: Sequence[Row], rounds: int, enough: float, say: Callable[[str], None] = print) -> None:
    """Run the contestants in turn, A B C A B C; one that has run twice and used ``enough`` seconds sits out."""
    for number in range(rounds):
        for row in rows:
            if len(row.seconds) >= 2 and sum(row.seconds) >= enough:
                continue
            once(row)
            who = f"{row.work.name} {row.contestant.name}, {row.contestant.way} ({row.contestant.detail})"
            say(f"round {number + 1}: {who}: {row.seconds[-1]:.2f} s, CPU {row.cpu[-1]:.2f} s")


def once(row: Row) -> None:
    """Measure one repetition of a row."""
    run = timed(row.contestant, row.work)
    row.seconds.append(run.seconds)
    row.cpu.append(run.cpu)
    row.warm_ups.append(run.warm_up)
    row.scores = [(lr, accuracy) for share in run.answers for lr, accuracy in share]
    if len(row.scores) != row.work.trials:
        raise RuntimeError(f"{row.contestant.name} did {len(row.scores)} trials of {row.work.trials}")


def timed(contestant: Contestant, work: Work) -> Run:
    """Start the contestant's processes, wait until all are warm, and time them from the word to the last answer."""
    of, settings = contestant.processes, json.dumps(dict(contestant.settings))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "work.npz"
        work.save(path)
        command = [contestant.python, "-m", "benchmarks.worker", contestant.target, str(path)]
        workers = [
            subprocess.Popen(
                [*command, str(k), str(of), settings],
                stdin=PIPE,
                stdout=PIPE,
                text=True,
                cwd=ROOT,
                env=contestant.environment,
            )
            for k in range(of)
        ]
        try:
            warm_ups = [answer(worker) for worker in workers]
            start = time.perf_counter()
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write("go\n")
                worker.stdin.flush()
            answers = [answer(worker) for worker in workers]
            seconds = time.perf_counter() - start
            cpu = sum(answer["cpu"] for answer in answers)
            return Run(seconds, cpu, max(warm_ups), [answer["result"] for answer in answers])
        finally:
            for worker in workers:
                end(worker)


def end(worker: "subprocess.Popen[str]") -> None:
    """Let a worker end, which ends its own processes too; one that does not is killed."""
    try:
        worker.communicate(timeout=LAST)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.communicate()


def answer(worker: "subprocess.Popen[str]") -> Any:
    """Return the next line that a worker says, which is JSON."""
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        raise RuntimeError(f"a contestant ended without an answer; its own words stand above: {worker.args!r}")
    return json.loads(line)
