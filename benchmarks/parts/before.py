"""zerokara now against an earlier commit of it, with the same settings and the same race."""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contestants import PLAIN, Contestant
from benchmarks.harness import ROOT
from benchmarks.parts.asked import Asked
from benchmarks.parts.pairs import Pairs, Seconds, in_turn, section
from benchmarks.parts.races import RACE
from benchmarks.work import Work

ROUNDS, ROUNDS_OF_COMMAND = 5, 9
COMMAND = ("tune", "digits", "--out", "run", "--race", RACE)
AS_BEFORE = ("--refit", "0", "--no-keep-best", "--schedule", "constant")
"""What the command does by default now and did not at the commit."""
SAME = 0.99
"""The least part of the other side's network-epochs; networks that diverge may stop at another one."""

ABOUT = f"""Pairs of runs in turn, each in fresh processes, of the same works with the same settings (keep_best=False, \
refit=0, schedule="constant", and in races {RACE}); medians over {ROUNDS} pairs, of the command over \
{ROUNDS_OF_COMMAND}, and medians of the ratios within a pair. A search and a network are warm, after one epoch; the \
command is all of it, from the start of Python to its end. One network: ten fits of a Trainer, one after the other. \
Default space: learning rate, weight decay and dropout, layers of 100 and 100. CPU time: of all processes."""


@dataclass(frozen=True)
class Side:
    """A zerokara: its name, the Python that runs it, and the folder that it is imported from, or "": as it is here."""

    name: str
    python: str = sys.executable
    source: str = ""

    def contestant(self, target: str, settings: dict[str, Any]) -> Contestant:
        return Contestant(self.name, PLAIN, target, "", settings, self.python, self.source)


@dataclass(frozen=True)
class Case:
    """What is measured: a name, the floor if there is one, and the function with its work and settings."""

    name: str
    floor: float | None
    work: Work
    target: str
    settings: dict[str, Any]


def cases(works: dict[str, Work]) -> list[Case]:
    search = "benchmarks.ours:summary"
    found = []
    if w1 := works.get("W1"):
        found.append(Case("W1, full search", 1.5, w1, search, {"race": "none"}))
        found.append(Case("W1, raced", None, w1, search, {"race": RACE}))
    if w2 := works.get("W2"):
        hidden = f"{','.join(map(str, w2.sizes[1:-1]))}|relu|{w2.batch}"
        ten = w2.shortened(10, w2.epochs)
        one = replace(ten, structures=np.full(ten.trials, hidden))
        found.append(Case("W2, full search", 2.0, w2, search, {"race": "none"}))
        found.append(Case("W2, one network", 4.0, one, "benchmarks.mixed:one_by_one", {}))
        found.append(Case("Default space, digits", 2.0, w2, "benchmarks.ours:default", {"race": "none"}))
    return found


def before(asked: Asked) -> str:
    with tempfile.TemporaryDirectory() as folder:
        now, then = Side("zerokara"), earlier(asked.against, Path(folder))
        pairs = [measure(asked, case, now, then) for case in cases(asked.works)]
        if "W2" in asked.works:
            pairs += [
                measure_command(asked, "`zerokara tune digits`", 2.0, now, then, AS_BEFORE),
                measure_command(asked, "`zerokara tune digits`, with all it does now", None, now, then, ()),
            ]
    return section(f"Before: against {asked.against}", ABOUT, then.name, pairs, asked.judge) if pairs else ""


def earlier(revision: str, folder: Path, repository: Path = ROOT) -> Side:
    """Return zerokara as it was at a commit, with the libraries that are here, or with its own if they do not suit."""
    archive = subprocess.run(["git", "archive", revision], cwd=repository, stdout=subprocess.PIPE)
    if archive.returncode:
        sys.exit(f"the part before needs the repository with the commit {revision}: fetch it, or use --against")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    if (kernel := folder / "src" / "zerokara" / "native" / "compile.py").exists():
        subprocess.run([sys.executable, str(kernel)], check=True)
    side = Side(revision, source=str(folder / "src"))
    if command(side, folder, ("tune", "--help")):
        return side
    venv.create(folder / "venv", with_pip=True)
    own = str(folder / "venv" / "bin" / "python")
    subprocess.run([own, "-m", "pip", "install", "--quiet", str(folder)], check=True)
    return replace(side, python=own)


def measure(asked: Asked, case: Case, now: Side, then: Side) -> Pairs:
    def run(side: Side, k: int) -> Seconds:
        found = asked.run(side.contestant(case.target, case.settings), case.work, repetition=k)
        [answer] = found.answers
        epochs.append(answer["epochs"] if isinstance(answer, dict) else len(answer) * case.work.epochs)
        if min(epochs) < SAME * max(epochs):
            raise RuntimeError(f"{case.name}: the sides trained {min(epochs)} and {max(epochs)} network-epochs")
        return found.seconds, found.cpu

    epochs: list[int] = []
    rounds = asked.range(ROUNDS)
    return in_turn(case.name, case.floor, rounds, lambda k: run(now, k), lambda k: run(then, k))


def measure_command(
    asked: Asked, name: str, floor: float | None, now: Side, then: Side, options: tuple[str, ...]
) -> Pairs:
    """Run the whole command on both sides; ``options`` are for zerokara as it is now."""

    def run(side: Side, k: int) -> Seconds:
        short = ("--trials", "20", "--epochs", "10") if asked.quick else ()
        arguments = (*COMMAND, *short, *(options if side is now else ()))
        label = f"{name}, {side.name}: {' '.join(arguments)}, {k}"
        with tempfile.TemporaryDirectory() as folder:
            found = asked.kept.get(label, lambda: command(side, Path(folder), arguments))
        if found is None:
            raise RuntimeError(f"zerokara {' '.join(arguments)} failed at {side.name}; its own words stand above")
        asked.say(f"{label}: {found[0]:.2f} s, CPU {found[1]:.2f} s")
        return found[0], found[1]

    rounds = asked.range(ROUNDS_OF_COMMAND)
    return in_turn(name, floor, rounds, lambda k: run(now, k), lambda k: run(then, k))


def command(side: Side, folder: Path, arguments: tuple[str, ...]) -> Seconds | None:
    """Run a command of zerokara in a folder; return what it took, or None if it failed."""
    environment = side.contestant("", {}).environment
    start = time.perf_counter()
    process = subprocess.Popen(
        [side.python, "-m", "zerokara", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    return None if process.returncode else (seconds, usage.ru_utime + usage.ru_stime)
