"""The board of a search, in another process that ends with the search: a thread would slow the search down."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from zerokara.board.serve import check_installed, serving
from zerokara.study.run_folder import RunFolder

CODE = "from zerokara.board.child import serve_until_closed; serve_until_closed()"


class BoardProcess:
    """The process; as a context it ends with the block, after the pages have what was written last.

    Args:
        show: called with the address of the board, in another thread.
        warn: called with a sentence if the process fails.
    """

    def __init__(self, show: Callable[[str], object], warn: Callable[[str], object]) -> None:
        check_installed()
        self.show, self.warn = show, warn
        self.process: subprocess.Popen[str] | None = None

    def start(self, folder: RunFolder, storage: str | None) -> None:
        """Start it for a run."""
        # Ctrl-C reaches the search alone.
        group: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        try:
            self.process = subprocess.Popen([sys.executable, "-c", CODE], text=True, encoding="utf-8", **pipes, **group)
            assert self.process.stdin
            # On the command line others would see the password.
            self.process.stdin.write(json.dumps({"run": str(folder.path.absolute()), "storage": storage}) + "\n")
            self.process.stdin.flush()
        except OSError as error:
            self.warn(f"The board could not be started ({error.strerror or error}); the search continues without.")
            return
        threading.Thread(target=self._read, args=(self.process,), name="zerokara-board", daemon=True).start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout
        assert process.stderr
        with process:  # Waits for its end, and closes the pipes.
            if address := process.stdout.readline().strip():
                self.show(address)
                process.stdout.read()
                return
            lines = process.stderr.read().strip().splitlines() or ["no reason"]
            self.warn(f"The board could not be started ({lines[-1]}); the search continues without.")

    def __enter__(self) -> "BoardProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.stdin:
            with suppress(OSError):
                self.process.stdin.close()


def print_address(address: str) -> None:
    """Print the address of a board."""
    print(f"the board: {address}", flush=True)


def serve_until_closed() -> None:
    """Serve the run that standard input names, until it is closed."""
    asked = json.loads(sys.stdin.readline())
    with serving([Path(asked["run"])], storage=asked["storage"]) as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        sys.stdin.read()
