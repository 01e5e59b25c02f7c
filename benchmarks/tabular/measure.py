"""Running the contestants of tables, a process for each table, and keeping what they came to."""

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache, partial
from subprocess import PIPE
from typing import Any

from benchmarks import tables
from benchmarks.harness import ROOT, answer, end
from benchmarks.keep import Kept
from benchmarks.parts.asked import Asked
from benchmarks.tabular.contestants import Entry


@dataclass(frozen=True)
class Result:
    """One fit: its CPU seconds, the score on the test part, and [CPU seconds, score] of each answer on the way."""

    cpu: float
    score: float
    answers: Sequence[tuple[float, float]] = ()

    def after(self, seconds: float) -> "Result | None":
        """Return the first answer that took at least so many CPU seconds, if there is one."""
        found = next((answer for answer in self.answers if answer[0] >= seconds), None)
        return Result(*found) if found else None


Results = dict[str, dict[str, list[Result]]]
"""By contestant and table, in the order of the splits; a contestant that lacks any is left out."""


class Process:
    """The process of a contestant at one table, started when it is first needed."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.worker: subprocess.Popen[str] | None = None

    def __call__(self, table: str, seed: int) -> dict[str, Any]:
        contestant = self.entry.contestant
        if self.worker is None:
            self.worker = subprocess.Popen(
                [
                    contestant.python,
                    "-m",
                    "benchmarks.tabular.worker",
                    contestant.target,
                    json.dumps(dict(contestant.settings)),
                ],
                stdin=PIPE,
                stdout=PIPE,
                text=True,
                cwd=ROOT,
                env=contestant.environment,
            )
        assert self.worker.stdin is not None
        self.worker.stdin.write(json.dumps({"table": table, "seed": seed}) + "\n")
        self.worker.stdin.flush()
        found: dict[str, Any] = answer(self.worker)
        return found

    def close(self) -> None:
        if self.worker is not None:
            end(self.worker)


@cache
def content(table: str) -> str:
    """Return a hash of a table's cells and names."""
    import pandas as pd

    frame, target = tables.load(table)
    text = " ".join([target, *frame.columns]).encode()
    return hashlib.sha256(text + pd.util.hash_pandas_object(frame).to_numpy().tobytes()).hexdigest()[:12]


def measure(asked: Asked, kept: Kept, entries: Sequence[Entry], names: Sequence[str], seeds: range) -> Results:
    """Return the results of the contestants, measured now if they are asked for and not kept."""
    results: Results = {}
    for entry in entries:
        found = {table: of_table(asked, kept, entry, table, seeds) for table in names}
        if all(len(results) == len(seeds) for results in found.values()):
            results[entry.name] = found
        else:
            asked.say(f"{entry.name} is left out: {entry.missing or 'it is not asked for'}")
    return results


def of_table(asked: Asked, kept: Kept, entry: Entry, table: str, seeds: range) -> list[Result]:
    """Return the results of one contestant at one table, up to the first that is neither kept nor to be measured."""
    if entry.missing:
        return []
    runs, version, results = any(name in entry.name.lower() for name in asked.only), entry.version, []
    with closing(Process(entry)) as process:
        for seed in seeds:
            key = f"{table} {content(table)} {seed} {entry.name} {version}"
            if not (key in kept or runs):
                break
            fresh = key not in kept
            line = kept.get(key, partial(process, table, seed))
            results.append(Result(line["cpu"], line["score"], tuple(map(tuple, line["answers"]))))
            if fresh:
                asked.say(f"{table}, split {seed}: {entry.name}: {line['score']:.4f}, CPU {line['cpu']:.2f} s")
    return results


def same_seconds(asked: Asked, kept: Kept, search: Entry, ours: Mapping[str, list[Result]]) -> dict[str, list[Result]]:
    """Return what a search came to in the CPU seconds that ours took, or a little more, split by split.

    Where its budget was shorter it is run again with one that is twice as long.
    """
    found: dict[str, list[Result]] = {}
    for table, results in ours.items():
        found[table] = []
        for seed, own in enumerate(results):
            entry = search
            while True:
                one = of_table(asked, kept, entry, table, range(seed, seed + 1))
                if not one:
                    return {}
                if (then := one[0].after(own.cpu)) is not None:
                    found[table].append(then)
                    break
                entry = replace(entry, settings={"budget": 2 * entry.settings["budget"]})
    return found
