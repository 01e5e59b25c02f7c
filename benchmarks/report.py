"""The findings in words: the table, the headline ratios, the floors, and whether all did the same work."""

import datetime
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from benchmarks.contestants import CORES, OURS, PER_CORE, PLAIN
from benchmarks.harness import Row

LIBRARIES = ("zerokara", "numpy", "optuna", "scikit-learn", "torch", "jax")


@dataclass(frozen=True)
class Floor:
    """zerokara must be at least ``factor`` times as fast as the rival, in the named way or the faster one."""

    work: str
    rival: str
    factor: float
    way: str | None = None


FLOORS = [
    Floor("W1", "textbook loop", 8.0, PLAIN),
    Floor("W1", "PyTorch eager", 1.2, PER_CORE),
    Floor("W1", "PyTorch batched", 1.4),
    Floor("W1", "JAX", 1.35),
    Floor("W2", "scikit-learn", 3.0, PER_CORE),
    Floor("W2", "PyTorch eager", 5.0, PER_CORE),
    Floor("W2", "PyTorch batched", 2.5),
    Floor("W2", "JAX", 1.5),
    Floor("W3", "one by one", 2.0, PLAIN),
]

PEAK = ("W1", 0.60)
"""The share of the machine's peak that zerokara must reach at a work."""

# The accuracies that show the work was done: the best one, and the learning rates it may be found at.
BEST = {"W1": (0.70, 1e-3, 1e-2), "W2": (0.95, 1e-4, 1e-1), "W3": (0.95, 1e-4, 1e-1)}
TENTH_APART = 0.10


def machine() -> str:
    """Return the processor's name and the cores that the benchmark may use."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = models[0] if models else name
    return (
        f"{name}, {CORES} cores, {platform.system()} {platform.release()}, load {os.getloadavg()[0]:.1f} at the start"
    )


def versions() -> str:
    """Return the versions of Python and of every library that takes part."""
    found = [f"Python {platform.python_version()}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


def fastest(rows: Sequence[Row], work: str, name: str, way: str | None = None) -> Row | None:
    """Return a contestant's fastest row at a work, of one way or of all."""
    found = [row for row in rows if row.work.name == work and row.contestant.name == name]
    return min((row for row in found if way in (None, row.contestant.way)), key=lambda row: row.median, default=None)


def table(rows: Sequence[Row], work: str, peaks: tuple[float, float]) -> str:
    """Return the Markdown table of one work, the fastest first."""
    lines = [
        "| contestant | way | median s | min | max | CPU s | runs | GFLOP/s | of peak | warm-up s "
        "| best | lr | best tenth |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in sorted((row for row in rows if row.work.name == work), key=lambda row: row.median):
        lr, accuracy = row.best
        cells = [
            row.contestant.name,
            f"{row.contestant.way}: {row.contestant.detail}",
            f"{row.median:.2f}",
            f"{min(row.seconds):.2f}",
            f"{max(row.seconds):.2f}",
            f"{median(row.cpu):.2f}",
            str(len(row.seconds)),
            f"{row.rate / 1e9:.1f}",
            f"{row.rate / peaks[1]:.0%}",
            f"{min(row.warm_ups):.1f}",
            f"{accuracy:.3f}",
            f"{lr:.1e}",
            f"{row.best_tenth:.3f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def headlines(rows: Sequence[Row], work: str) -> list[str]:
    """Return how many times as fast as each rival zerokara is, each rival in the faster of its ways."""
    ours = fastest(rows, work, OURS.name)
    names = dict.fromkeys(row.contestant.name for row in rows if row.contestant.name != OURS.name)
    rivals = [rival for name in names if (rival := fastest(rows, work, name))]
    if ours is None:
        return []
    return [
        f"{work}: {rival.median / ours.median:.2f} times as fast as {rival.contestant.name} "
        f"({rival.contestant.way}: {rival.contestant.detail})"
        for rival in rivals
    ]


def floors(rows: Sequence[Row], peak: float) -> list[str]:
    """Return a pass or fail line for each floor whose contestants both ran; ``peak`` is that of all cores."""
    lines = []
    for floor in FLOORS:
        ours, rival = fastest(rows, floor.work, OURS.name), fastest(rows, floor.work, floor.rival, floor.way)
        if ours and rival:
            ratio = rival.median / ours.median
            verdict = "pass" if ratio >= floor.factor else "FAIL"
            way = floor.way or "the faster of its ways"
            lines.append(f"{verdict}: {floor.work} at {floor.factor:g} times {floor.rival}, {way}: {ratio:.2f}")
    work, least = PEAK
    if ours := fastest(rows, work, OURS.name):
        share = ours.rate / peak
        lines.append(f"{'pass' if share >= least else 'FAIL'}: {work} at {least:.0%} of the peak: {share:.0%}")
    return lines


def same_work(rows: Sequence[Row]) -> list[str]:
    """Return a pass or fail line for each contestant: did its networks learn what the others' did?"""
    lines = []
    for work in dict.fromkeys(row.work.name for row in rows if row.work.name in BEST):
        here = [row for row in rows if row.work.name == work]
        least, low, high = BEST[work]
        tenths = sorted(row.best_tenth for row in here)
        for row in here:
            lr, accuracy = row.best
            apart = abs(row.best_tenth - tenths[len(tenths) // 2])
            right = accuracy >= least and low <= lr <= high * 1.0001 and apart <= TENTH_APART
            lines.append(
                f"{'pass' if right else 'FAIL'}: {work} {row.contestant.name}, {row.contestant.detail}: "
                f"best {accuracy:.3f} at {lr:.1e}, best tenth {row.best_tenth:.3f}"
            )
    return lines


def document(
    rows: Sequence[Row],
    peaks: tuple[float, float] | None,
    command: str,
    judge: bool = True,
    sections: Sequence[str] = (),
) -> str:
    """Return the whole of results.md: the contestants' tables, if they ran, and the sections of the other parts.

    A work that was cut short is not judged.
    """
    about = [f"- Machine: {machine()}", f"- {versions()}"]
    if peaks:
        one, all_cores = (peak / 1e9 for peak in peaks)
        about.append(f"- float32 peak: {one:.0f} GFLOP/s on one thread, {all_cores:.0f} on {CORES}")
    parts = [
        "# Benchmark results",
        f"Made by `{command}` on {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC.",
        "\n".join(about),
    ]
    found = [*(contestants(rows, peaks, judge) if rows and peaks else []), *sections]
    return "\n\n".join(part for part in [*parts, overview(found), *found] if part) + "\n"


def overview(parts: Sequence[str]) -> str:
    """Return how many floors and checks there are below, and those that are missed."""
    lines = [line for part in parts for line in part.splitlines() if line.startswith(("- pass: ", "- FAIL: "))]
    missed = [line for line in lines if line.startswith("- FAIL: ")]
    return "\n".join([f"{len(lines)} floors and checks, {len(missed)} missed.", "", *missed]).strip() if lines else ""


def contestants(rows: Sequence[Row], peaks: tuple[float, float], judge: bool) -> list[str]:
    """Return the paragraphs about all who did the same works."""
    works = {row.work.name: row.work for row in rows}
    parts = [
        "Medians of repetitions in turn. Each repetition starts fresh processes; the clock starts when they have "
        "imported everything and trained one epoch (the warm-up column, the least of the repetitions: for JAX, its "
        "compilation); CPU s: of all its processes. In one process per core, each has one thread. The operations are "
        "the algorithm's, the peak is that of all cores. Best: the best validation accuracy; best tenth: the mean of "
        "the best tenth of the trials.",
    ]
    for name, work in works.items():
        parts += [
            f"## {name}: {work.trials} {work.about}, {work.epochs} epochs, {len(work.x_train)} training and "
            f"{len(work.x_val)} validation samples ({work.flop / 1e9:.1f} GFLOP)",
            table(rows, name, peaks),
            bullets(headlines(rows, name)),
        ]
    if judge:
        parts += [
            "## Floors",
            bullets(floors(rows, peaks[1])),
            "## Did all do the same work?",
            bullets(same_work(rows)),
        ]
    return parts


def bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
