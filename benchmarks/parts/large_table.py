"""A table of 100,000 rows: seconds, memory and score beside boosted trees, and how they grow with the rows."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from benchmarks.keep import Kept
from benchmarks.parts.asked import Asked, table, verdict
from benchmarks.tables import LARGE
from benchmarks.tabular.contestants import BOOSTING, CATBOOST, ENTRIES, FIVE, LINEAR, SHORT, TUNE, Entry
from benchmarks.tabular.measure import Process, content

NAMES = (TUNE, SHORT, FIVE, LINEAR, BOOSTING, "LightGBM", CATBOOST)
BASE = Entry("the mean", "base:mean", ())
GROWTH = 8.0
"""How many times the seconds and the memory of four times the rows may be; 4 is linear, 16 quadratic."""

ABOUT = f"""A generated table of 20 numbers and 10 texts of 2 to 50 levels (benchmarks/tables.py has the formula), a \
quarter held out, each contestant in a fresh process on one thread. Seconds are those of `fit`; memory is the peak of \
the process less that of one which only reads the table and predicts {BASE.name}."""


def large_table(asked: Asked) -> str:
    kept = Kept(asked.kept.path.with_name("tables.jsonl"))
    names = list(LARGE)[:1] if asked.quick else list(LARGE)
    entries = [BASE, *(entry for entry in ENTRIES if entry.name in NAMES)]
    found = {entry.name: one for entry in entries if (one := measured(asked, kept, entry, names))}
    return section(found, asked.judge)


def measured(asked: Asked, kept: Kept, entry: Entry, names: list[str]) -> dict[str, Any]:
    """Return what a contestant came to at each table, or nothing."""
    runs = entry is BASE or any(name in entry.name.lower() for name in asked.only)
    found: dict[str, Any] = {}
    for name in () if entry.missing else names:
        key = f"{name} {content(name)} 0 {entry.name} {entry.version}"
        if key not in kept and not runs:
            return {}
        with closing(Process(entry)) as process:
            found[name] = kept.get(key, lambda process=process, name=name: process(name, 0))
        asked.say(f"{name}: {entry.name}: {found[name]['score']:.4f}, CPU {found[name]['cpu']:.1f} s")
    return found


def section(found: Mapping[str, Mapping[str, Any]], judge: bool) -> str:
    """Return the table, and the floors of `zk.tune`."""
    rows = []
    for contestant, tables in found.items():
        for name, one in tables.items():
            cells = (
                f"{one['score']:.4f}",
                f"{one['cpu']:.1f}",
                f"{one['seconds']:.1f}",
                f"{memory(found, contestant, name):.0f}",
            )
            rows.append((name, contestant, *cells))
    parts = ["## A large table", ABOUT, table(("table", "contestant", "R2", "CPU s", "s", "MB"), sorted(rows), 2)]
    if TUNE in found and len(found[TUNE]) == len(LARGE):
        few, many = list(LARGE)
        for what, values in (
            ("CPU seconds", [found[TUNE][name]["cpu"] for name in (few, many)]),
            ("memory", [memory(found, TUNE, name) for name in (few, many)]),
        ):
            times = values[1] / values[0]
            parts.append(
                verdict(
                    times <= GROWTH,
                    f"{TUNE}, {what} of four times the rows at most {GROWTH:g} times",
                    f"{times:.1f}",
                    judge,
                )
            )
    return "\n\n".join(parts)


def memory(found: Mapping[str, Mapping[str, Any]], contestant: str, name: str) -> float:
    """Return the megabytes that a contestant needed beyond the table."""
    return max(0.0, found[contestant][name]["peak"] - found[BASE.name][name]["peak"]) / 1024
