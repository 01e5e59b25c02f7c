"""What Python lacks or does otherwise on Windows, as far as Linux can show it.

`simulate` changes the whole process, which has to be one of its own.

The modules of Python and of the dependencies are imported before and keep what they found. Not shown: paths with
drives, the start of processes, the console.
"""

# ruff: noqa: SIM905 (long lists of names are read as text)
import builtins
import ctypes
import io
import os
import pathlib
import platform
import shutil
import signal
import sys
from collections.abc import Callable
from typing import Any

GONE = "fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog", "readline", "_posixshmem"
"""Modules that Windows does not have."""
GONE_IN_OS = """
fork forkpty getuid geteuid getgid getegid getgroups sched_getaffinity sched_setaffinity statvfs mkfifo setsid killpg
nice uname chown getpgid getpgrp pipe2 posix_spawn wait3 wait4 sysconf openpty O_CLOEXEC O_NOFOLLOW O_DIRECTORY
""".split()
SIGNALS = "SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM"
GONE_IN_SIGNAL = """
pthread_sigmask pthread_kill sigwait sigpending setitimer getitimer alarm pause siginterrupt
""".split()
RESERVED = set('<>:"|?*')
"""Characters that a file name must not have."""


def simulate(*dependencies: str) -> None:
    """Let this process be one of Windows from now on, after importing the modules that it will use."""
    for name in dependencies:
        __import__(name)
    loaded = 0
    while loaded < len(sys.modules):  # Python 3.15 imports some of their parts when a name is first read.
        loaded = len(sys.modules)
        for module in [module for name, module in sys.modules.items() if name.partition(".")[0] in dependencies]:
            for attribute in dir(module):
                getattr(module, attribute, None)
    platform.uname()  # Python keeps the answer.
    sys.platform = "win32"
    for name in GONE:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in GONE_IN_OS:
        if hasattr(os, name):
            delattr(os, name)
    _signals()
    _files()
    _descriptors()
    parent = os.getppid()
    os.getppid = lambda: parent  # An orphan keeps its parent's number.
    library = ctypes.CDLL

    class CDLL(library):  # type: ignore[misc, valid-type]
        def __init__(self, name: Any, *args: Any, **settings: Any) -> None:
            if name is None:
                raise TypeError("argument of type 'NoneType' is not iterable")
            super().__init__(name, *args, **settings)

    ctypes.CDLL = CDLL  # type: ignore[misc]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="cp1252", errors="strict")  # type: ignore[union-attr]


def _signals() -> None:
    for name in [name for name in dir(signal) if name.startswith("SIG") and name[3:4] != "_"]:
        if name not in (*SIGNALS, "SIG_DFL", "SIG_IGN"):
            delattr(signal, name)
    for name in GONE_IN_SIGNAL:
        delattr(signal, name)
    allowed, set_handler, get_handler = {getattr(signal, n) for n in SIGNALS}, signal.signal, signal.getsignal

    def checked(signum: int, handler: Any) -> Any:
        if signum not in allowed:
            raise ValueError("invalid signal value")
        return set_handler(signum, handler)

    signal.signal = checked
    signal.getsignal = lambda signum: get_handler(signum) if signum in allowed else None


def _check_name(path: Any) -> None:
    name = os.path.basename(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else ""
    if RESERVED & set(name) or name != name.rstrip(". "):
        raise OSError(22, "Invalid argument", os.fspath(path))


def in_use(path: Any) -> bool:
    """Return whether this process has a file open or mapped, or one below a folder."""
    target = os.path.realpath(os.fsdecode(path))
    known = {os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")}
    with _open("/proc/self/maps", encoding="utf-8") as maps:
        known |= {line[line.index("/") :].rstrip() for line in maps if "/" in line}
    return any(name == target or name.startswith(target + os.sep) for name in known)


_open = io.open


def _refusing(call: Callable[..., Any], target: bool = False) -> Callable[..., Any]:
    """Return a call that fails for a path, and for a ``target``, that is in use; a folder is no target."""

    def refused(path: Any, *others: Any, **settings: Any) -> Any:
        if target:
            _check_name(others[0])
        for each in (path, *others[:1]) if target else (path,):
            if in_use(each) or (target and each is not path and os.path.isdir(each)):
                raise PermissionError(
                    13, "The process cannot access the file because it is being used", os.fspath(each)
                )
        return call(path, *others, **settings)

    return refused


def _files() -> None:
    def open_text(file: Any, mode: str = "r", buffering: int = -1, encoding: Any = None, *rest: Any, **settings: Any):
        _check_name(file)
        if "b" not in mode:
            encoding = "cp1252" if encoding in (None, "locale") else encoding
            newline = rest[1] if len(rest) > 1 else settings.get("newline")
            if newline is None and "r" not in mode:
                rest, settings = rest[:1], {**settings, "newline": "\r\n"}
        return _open(file, mode, buffering, encoding, *rest, **settings)

    builtins.open = io.open = open_text  # type: ignore[assignment]
    shutil._use_fd_functions = False  # type: ignore[attr-defined]
    os.replace, os.rename = _refusing(os.replace, True), _refusing(os.rename, True)
    os.unlink = os.remove = _refusing(os.unlink)
    os.rmdir = _refusing(os.rmdir)
    make = os.mkdir

    def mkdir(path: Any, *others: Any, **settings: Any) -> None:
        _check_name(path)
        make(path, *others, **settings)

    os.mkdir = mkdir
    del pathlib.Path.owner, pathlib.Path.group


def _descriptors() -> None:
    """A descriptor without O_BINARY is one of text: a line's end is written as two characters."""
    os.O_BINARY, texts = 1 << 30, set()  # type: ignore[attr-defined]
    opened, written = os.open, os.write

    def os_open(path: Any, flags: int, *others: Any, **settings: Any) -> int:
        _check_name(path)
        number = opened(path, flags & ~os.O_BINARY, *others, **settings)  # type: ignore[attr-defined]
        (texts.discard if flags & os.O_BINARY else texts.add)(number)  # type: ignore[attr-defined]
        return number

    def os_write(number: int, content: Any) -> int:
        if number in texts:
            return written(number, bytes(content).replace(b"\n", b"\r\n")) and len(content)
        return written(number, content)

    os.open, os.write = os_open, os_write
