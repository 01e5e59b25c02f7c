"""Failing writes: the N-th operation of this process that changes a folder fails, or kills the process."""

import builtins
import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

KINDS = {
    "fails": "the operation fails once",
    "tears": "a write writes half of its bytes, then fails once",
    "ends": "this operation and all after it fail",
    "kills": "the process ends before the operation",
    "halves": "the process ends after half of a write",
}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Faults:
    """Counts the operations that change files in a folder; the one with the number ``at`` fails.

    Args:
        folder: the folder.
        at: the number of the operation, from 1; 0 for none.
        kind: one of ``KINDS``.
    """

    def __init__(self, folder: Path, at: int = 0, kind: str = "fails") -> None:
        assert kind in KINDS
        self.folder, self.at, self.kind = str(folder), at, kind
        self.log: list[str] = []
        self.files: set[int] = set()

    @property
    def happened(self) -> bool:
        return 0 < self.at <= len(self.log)

    def inside(self, path: Any) -> bool:
        return isinstance(path, str | bytes | os.PathLike) and os.path.abspath(os.fsdecode(path)).startswith(
            self.folder
        )

    def reached(self, what: str) -> bool:
        """Count an operation, and return whether it fails; a process that is killed ends here."""
        self.log.append(what)
        due = len(self.log) >= self.at if self.kind == "ends" else len(self.log) == self.at
        due = due and self.at > 0
        if due and self.kind == "kills":
            os._exit(9)
        return due

    def step(self, what: str) -> None:
        if self.reached(what):
            if self.kind == "halves":
                os._exit(9)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write(self, what: str, write: Callable[[Any], int], content: Any) -> int:
        if not self.reached(what):
            return write(content)
        content = bytes(content)
        if self.kind in ("tears", "halves"):
            write(content[: len(content) // 2])
        if self.kind == "halves":
            os._exit(9)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def failing(folder: Path, at: int = 0, kind: str = "fails") -> Iterator[Faults]:
    """Count the operations of the block that change a folder, and let one fail."""
    faults = Faults(folder, at, kind)
    real = {name: getattr(os, name) for name in ("open", "write", "fsync", "ftruncate", "close")}

    class Raw(io.FileIO):
        def write(self, content: Any) -> int:
            return faults.write(f"write {self.name}", super().write, content)

    def os_open(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        counts = flags & WRITES and faults.inside(path)
        if counts:
            faults.step(f"open {path}")
        file: int = real["open"](path, flags, *args, **kwargs)
        if counts:
            faults.files.add(file)
        return file

    def file_open(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **kwargs: Any) -> Any:
        if not (set(mode) & set("wax+") and faults.inside(file)):
            return io_open(file, mode, buffering, *args, **kwargs)
        faults.step(f"open {file}")
        buffered = io.BufferedWriter(Raw(file, mode.replace("b", "").replace("t", "")))
        return buffered if "b" in mode else io.TextIOWrapper(buffered, *args, **kwargs)

    def os_close(file: int) -> None:
        faults.files.discard(file)
        real["close"](file)

    def on_file(name: str) -> Callable[..., Any]:
        def call(file: int, *args: Any) -> Any:
            if file in faults.files and name == "write":
                return faults.write(f"{name} {file}", lambda content: real[name](file, content), *args)
            if file in faults.files or name == "fsync":
                faults.step(f"{name} {file}")
            return real[name](file, *args)

        return call

    def on_path(name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *args: Any, **kwargs: Any) -> Any:
            if faults.inside(path) or kwargs.get("dir_fd") is not None:
                faults.step(f"{name} {path}")
            return operation(path, *args, **kwargs)

        return call

    io_open = io.open
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", os_open)
        patch.setattr(os, "close", os_close)
        patch.setattr(builtins, "open", file_open)
        patch.setattr(io, "open", file_open)
        for name in ("write", "fsync", "ftruncate"):
            patch.setattr(os, name, on_file(name))
        for name in ("replace", "rename", "mkdir", "unlink", "remove", "rmdir"):
            patch.setattr(os, name, on_path(name, getattr(os, name)))
        yield faults
