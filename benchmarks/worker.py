"""One process of a contestant: gets ready, says so, waits for the word, does its share, answers.

    python -m benchmarks.worker MODULE FUNCTION WORK.npz SHARE OF

Each answer is a line of JSON on standard output: first {"ready": seconds of compilation or null}, and after a
line has come in, {"accuracies": [...]}.
"""

import importlib
import json
import os
import sys
from pathlib import Path

from benchmarks.work import Work


def main(module: str, function: str, path: str, share: int, of: int) -> None:
    # The answers keep the real standard output; whatever a library prints goes to standard error.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    contestant = importlib.import_module(module)
    work = Work.load(Path(path)).share(share, of)
    compilation = contestant.prepare(work)
    print(json.dumps({"ready": compilation}), file=answers)
    sys.stdin.readline()
    print(json.dumps({"accuracies": getattr(contestant, function)(work)}), file=answers)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
