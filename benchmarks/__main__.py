"""`python -m benchmarks`: every contestant on the same works in the same run; see `--help`."""

import argparse
import fcntl
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.contestants import CONTESTANTS, CORES
from benchmarks.harness import ROOT, Row, measure
from benchmarks.mixed import MIXED, w3
from benchmarks.peak import peak
from benchmarks.report import document
from benchmarks.work import WORKS

ALL = {**WORKS, "W3": w3}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the trials and epochs, one round")
    parser.add_argument(
        "--only", metavar="NAME", action="append", help="contestants whose name holds NAME (repeatable)"
    )
    parser.add_argument("--work", choices=ALL, action="append", help="one work instead of all (repeatable)")
    parser.add_argument("--rounds", type=int, default=5, help="at most so many repetitions each (default 5)")
    parser.add_argument(
        "--enough", type=float, default=30.0, help="seconds after which one that ran twice sits out (default 30)"
    )
    parser.add_argument("--out", type=Path, help="where to write; by default results.md beside this, for a whole run")
    options = parser.parse_args()

    # Two benchmarks at once would measure each other.
    lock = open(Path(tempfile.gettempdir()) / "zerokara-benchmark.lock", "w")  # noqa: SIM115
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        parser.exit(1, "another benchmark is running on this machine: wait until it has ended\n")

    # A folder of data beside the repository serves as ZEROKARA_DATA where that is not set.
    if (shared := ROOT.parent / "shared" / "data").is_dir():
        os.environ.setdefault("ZEROKARA_DATA", str(shared))
    works = [ALL[name]() for name in options.work or ALL]
    if options.quick:
        works = [work.shortened(work.trials // 5, work.epochs // 5) for work in works]
    names = [name.lower() for name in options.only or [""]]
    everyone = CONTESTANTS + MIXED
    rows = [
        Row(work, contestant)
        for work in works
        for contestant in (MIXED if len(work.structures) else CONTESTANTS)
        if any(name in contestant.name.lower() for name in names)
    ]
    if not rows:
        parser.error(f"no contestant is called so; there are {', '.join(sorted({c.name for c in everyone}))}")

    before = peak(1), peak(CORES)
    measure(rows, 1 if options.quick else options.rounds, options.enough)
    peaks = max(before[0], peak(1)), max(before[1], peak(CORES))

    text = document(rows, peaks, " ".join(["python -m benchmarks", *sys.argv[1:]]), not options.quick)
    print("\n" + text)
    whole = not (options.quick or options.only or options.work)
    out = options.out or (Path(__file__).parent / "results.md" if whole else None)
    if out:
        out.write_text(text)
        print(f"written to {out}")


if __name__ == "__main__":
    main()
