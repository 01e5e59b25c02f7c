"""`python -m benchmarks`: zerokara and its rivals on the same works in the same run; see `--help`."""

import argparse
import datetime
import fcntl
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.contestants import CONTESTANTS, CORES
from benchmarks.harness import ROOT, Row, measure
from benchmarks.keep import Kept
from benchmarks.mixed import MIXED, w3
from benchmarks.parts.asked import Asked
from benchmarks.parts.before import before
from benchmarks.parts.costs import costs
from benchmarks.parts.estimators import estimators
from benchmarks.parts.fits import fits
from benchmarks.parts.large import large
from benchmarks.parts.large_table import large_table
from benchmarks.parts.numerical import differences
from benchmarks.parts.pages import pages
from benchmarks.parts.races import races
from benchmarks.parts.rival_races import rival_races
from benchmarks.parts.samplers import samplers
from benchmarks.parts.tables import tables
from benchmarks.parts.winners import winners
from benchmarks.peak import peak
from benchmarks.report import document
from benchmarks.tables import FRESH, TWELVE
from benchmarks.tabular.contestants import ENTRIES
from benchmarks.work import WORKS

CONTEST = "contestants"
PARTS: dict[str, Callable[[Asked], str]] = {
    "before": before,
    "races": races,
    "rivals": rival_races,
    "samplers": samplers,
    "winners": winners,
    "costs": costs,
    "numerical": differences,
    "estimators": estimators,
    "fits": fits,
    "large": large,
    "tables": tables,
    "large-table": large_table,
    "pages": pages,
}
TABULAR = {"tables", "large-table"}
"""The parts whose contestants are their own, and that need no work."""
ALL = {**WORKS, "W3": w3}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the trials and epochs, one round, two seeds")
    parser.add_argument(
        "--part", choices=[CONTEST, *PARTS], action="append", help="one part instead of all (repeatable)"
    )
    parser.add_argument("--work", choices=ALL, action="append", help="one work instead of all (repeatable)")
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        help="contestants whose name holds NAME, and no other part; of the part tables those that are measured",
    )
    parser.add_argument(
        "--table", choices=TWELVE | FRESH, action="append", help="one table instead of all (repeatable)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="at most so many repetitions each (default 5)")
    parser.add_argument(
        "--enough", type=float, default=30.0, help="seconds after which one that ran twice sits out (default 30)"
    )
    parser.add_argument("--seeds", type=int, help="at most so many seeds for each other part (default: its own number)")
    parser.add_argument("--against", default=Asked.against, metavar="REV", help="the commit of the part before")
    parser.add_argument("--out", type=Path, help="where to write; by default results.md beside this, for a whole run")
    options = parser.parse_args()
    options.names = [name.lower() for name in options.only or [""]]
    options.contestants = [c for c in CONTESTANTS if any(name in c.name.lower() for name in options.names)]
    of_tables = bool(options.part) and set(options.part) <= TABULAR
    known = {c.name for c in (ENTRIES if of_tables else CONTESTANTS)}
    if not any(name in own.lower() for name in options.names for own in known):
        parser.error(f"no contestant is called so; there are {', '.join(sorted(known))}")
    if options.seeds is not None and options.seeds < 1:
        parser.error(f"--seeds is 1 or above, got {options.seeds}")
    options.parts = options.part or ([CONTEST] if options.only else [CONTEST, *PARTS])
    cut = (options.quick, options.only, options.work, options.table, options.part, options.seeds)
    options.whole = not any(cut)
    return options


def main() -> None:
    options = parse()
    # Two benchmarks at once would measure each other.
    lock = open(Path(tempfile.gettempdir()) / "zerokara-benchmark.lock", "w")  # noqa: SIM115
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("another benchmark is running on this machine: wait until it has ended")

    # A folder of data beside the repository serves as ZEROKARA_DATA where that is not set.
    if (shared := ROOT.parent / "shared" / "data").is_dir():
        os.environ.setdefault("ZEROKARA_DATA", str(shared))
    works = {} if {*options.parts} <= {*TABULAR, "pages"} else {name: ALL[name]() for name in options.work or ALL}
    if options.quick:
        works = {name: work.shortened(work.trials // 5, work.epochs // 5) for name, work in works.items()}

    asked = Asked(
        works,
        Kept(),
        options.quick,
        options.seeds,
        against=options.against,
        only=options.names,
        tables=options.table or (),
    )
    peaks = None
    if CONTEST in options.parts:
        before = peak(1), peak(CORES)
        asked.rows = [
            Row(work, contestant)
            for work in works.values()
            for contestant in (MIXED if len(work.structures) else options.contestants)
        ]
        measure(asked.rows, 1 if options.quick else options.rounds, options.enough)
        peaks = max(before[0], peak(1)), max(before[1], peak(CORES))
    sections = [part(asked) for name, part in PARTS.items() if name in options.parts]
    if earlier := asked.kept.resumed:
        first = f"{datetime.datetime.fromtimestamp(min(earlier), datetime.UTC):%Y-%m-%d %H:%M} UTC"
        sections.append(f"{len(earlier)} of these parts' runs were measured before a cut, the first at {first}.")

    command = " ".join(["python -m benchmarks", *sys.argv[1:]])
    text = document(asked.rows, peaks, command, not options.quick, sections)
    print("\n" + text)
    out = options.out or (Path(__file__).parent / "results.md" if options.whole else None)
    if out:
        out.write_text(text)
        print(f"written to {out}")
    asked.kept.forget()


if __name__ == "__main__":
    main()
