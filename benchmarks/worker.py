"""One process of a contestant: gets ready, says so, waits for the word, does its share, answers.

    python -m benchmarks.worker MODULE:FUNCTION WORK.npz SHARE OF [SETTINGS]

SETTINGS are the function's other arguments, in JSON; two are for the worker: ``"shared": false`` gives it the whole
work, ``"warm_up": false`` leaves out the warm-up. The answers are two lines of JSON: the seconds that one epoch of the
share took, which warms up (and compiles) what the run will use; and, after a line has come in, what the function
returned and the CPU seconds that it took.
"""

import importlib
import json
import os
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.work import Work


def main(target: str, path: str, share: int, of: int, settings: str = "{}") -> None:
    # The answers keep the real standard output; whatever a library prints goes to standard error.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    module, function = target.split(":")
    run = getattr(importlib.import_module(module), function)
    others = json.loads(settings)
    work = Work.load(Path(path))
    if others.pop("shared", True):
        work = work.share(share, of)
    warm_up = others.pop("warm_up", True)
    start = time.perf_counter()
    if warm_up:
        run(work.shortened(work.trials, epochs=1), **others)
    print(json.dumps(time.perf_counter() - start), file=answers)
    if sys.stdin.readline():
        before = cpu()
        result = run(work, **others)
        print(json.dumps({"result": result, "cpu": cpu() - before}), file=answers)


def cpu() -> float:
    """Return the CPU seconds of this process and its children; of those that still run where there is a /proc."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    children: list[str] = []
    for of_thread in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # The thread has ended.
            children += of_thread.read_text().split()
    for child in children:
        with suppress(OSError):  # It has ended.
            # What follows the name: the state, and ten fields later the ticks of the process and its children.
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            seconds += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return seconds


def peak() -> float:
    """Return the most memory that this process has had, in KB.

    Linux counts the parent's in ``ru_maxrss``, up to the moment when it started this process.
    """
    with suppress(OSError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
