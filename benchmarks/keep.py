"""Results of a run that has not ended, a JSON line each as it comes: a run that was cut goes on where it was."""

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import zerokara
from benchmarks.contestants import CORES

HERE = Path(__file__).parent


def fingerprint() -> str:
    """Return a hash of all that the results depend on: both sources, the libraries, and the machine."""
    package = Path(zerokara.__file__).parent
    told = hashlib.sha256(
        f"{platform.python_version()} {version('numpy')} {version('optuna')} {platform.node()} {CORES}".encode()
    )
    sources = [*package.rglob("*.py"), *(HERE / f"{name}.py" for name in ("work", "worker", "ours", "splits"))]
    for path in [*sorted(sources), *sorted((HERE / "rivals").glob("*.py"))]:
        told.update(path.read_bytes())
    return told.hexdigest()[:16]


class Kept:
    """The results of a run, by what was asked; each is on the disk before the next is measured.

    Args:
        path: the file, beside no source; None is the cache folder's, one file for each ``fingerprint``.
    """

    def __init__(self, path: Path | None = None) -> None:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zerokara-benchmark"
        self.path = path or cache / f"{fingerprint()}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = self.path.read_text() if self.path.exists() else ""
        whole = content[: content.rfind("\n") + 1]  # What a kill has torn is measured again.
        if whole != content:
            self.path.write_text(whole)
        self._found = {line["asked"]: line for line in map(json.loads, whole.splitlines())}
        self._used: set[str] = set()
        self.resumed: list[float] = []  # When the results were measured that this run did not measure itself.

    def __contains__(self, asked: str) -> bool:
        return asked in self._found

    def get(self, asked: str, make: Callable[[], Any]) -> Any:
        """Return the result of what is asked, measured now unless a run that was cut has measured it."""
        if asked not in self._found:
            line = {"asked": asked, "when": time.time(), "result": make()}
            with self.path.open("a") as file:
                file.write(json.dumps(line) + "\n")
            # As JSON gives it back, so that a resumed run sees what this one sees.
            self._found[asked] = json.loads(json.dumps(line))
        elif asked not in self._used:
            self.resumed.append(self._found[asked]["when"])
        self._used.add(asked)
        return self._found[asked]["result"]

    def forget(self) -> None:
        """Drop what this run has used: it has ended, and the next one measures anew."""
        rest = [line for asked, line in self._found.items() if asked not in self._used]
        self.path.write_text("".join(json.dumps(line) + "\n" for line in rest))
        if not rest:
            self.path.unlink()
