"""``get_ipython()`` in notebooks that were converted to scripts."""

import builtins
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

RUN = ("time", "capture", "prun")
"""Magics whose argument is Python that the script needs."""


class Shell:
    """Runs the Python in magics such as ``%time``, and skips all other commands of IPython, which `skipped` lists."""

    def __init__(self) -> None:
        self.skipped: dict[str, None] = {}

    def _skip(self, command: str) -> None:
        self.skipped[command.strip()] = None

    def run_line_magic(self, magic_name: str, line: str = "", _stack_depth: int = 1) -> Any:
        """Run ``%name line``."""
        if magic_name not in RUN or not line:
            return self._skip(f"%{magic_name} {line}")
        names = sys.modules["__main__"].__dict__
        try:
            code = compile(line, f"<%{magic_name}>", "eval")
        except SyntaxError:
            return exec(line, names)
        return eval(code, names)

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> None:
        """Run ``%%name line`` and the lines below it."""
        if magic_name in RUN:
            exec(cell, sys.modules["__main__"].__dict__)
        else:
            self._skip(f"%%{magic_name} {line}")

    def magic(self, arg_s: str) -> Any:
        """Run ``%arg_s``, as old versions of IPython convert it."""
        name, _, line = arg_s.lstrip("%").partition(" ")
        return self.run_line_magic(name, line)

    def system(self, cmd: str) -> None:
        """Skip ``!cmd``."""
        self._skip(f"!{cmd}")

    def getoutput(self, cmd: str) -> list[str]:
        """Skip ``!cmd``, whose output is assigned."""
        self._skip(f"!{cmd}")
        return []


@contextmanager
def get_ipython() -> Iterator[None]:
    """Define ``get_ipython()`` for a script, and report in one line what was skipped."""
    shell = Shell()
    vars(builtins)["get_ipython"] = lambda: shell
    try:
        yield
    finally:
        if shell.skipped:
            print(f"zerokara.classic: commands of IPython were skipped: {', '.join(shell.skipped)}", file=sys.stderr)
