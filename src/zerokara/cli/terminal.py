"""Output that any terminal, log or pipe takes: no markup in names, no control characters, no error of the stream."""

import errno
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from zerokara.errors import InputError

HIDDEN = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of characters that a terminal runs or cannot show: control characters, halves of pairs, line ends."""
REORDERING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that let a terminal show the text around them in another order."""
GONE = (errno.EPIPE, errno.EIO, *([errno.EINVAL] if sys.platform == "win32" else []))
"""The reader of a pipe, or a terminal, has closed, which Windows calls an invalid argument."""


def printable(text: str, keep: str = "") -> str:
    r"""Return a text with its control characters escaped, except for those to keep.

    >>> printable("red\x1b[31m\nor not")
    'red\\x1b[31m\\nor not'
    """
    if text.isprintable():
        return text
    return "".join(
        c.encode("unicode_escape").decode()
        if c not in keep and (unicodedata.category(c) in HIDDEN or c in REORDERING)
        else c
        for c in text
    )


class PlainConsole(Console):
    """A console that prints every text literally, on one line: names of files, classes and columns may be anything."""

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        stream: Any = sys.stderr if stderr else sys.stdout
        super().__init__(file=stream, width=width, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)


def print_error(text: str) -> None:
    """Print an error to stderr."""
    print(f"zerokara: {printable(text, keep=chr(10))}", file=sys.stderr)


def print_csv(text: str) -> None:
    """Print the content of a CSV file: exactly, unless a terminal shows it.

    Raises:
        InputError: the encoding of standard output lacks a character.
    """
    if sys.stdout.isatty():
        text = printable(text, keep="\n")
    else:
        try:
            text.encode(sys.stdout.encoding or "utf-8")
        except UnicodeEncodeError as error:
            raise InputError(
                f"standard output must have all characters of the predictions, got {error.encoding} without "
                f"{text[error.start]!a}: write a file with --out, or set PYTHONIOENCODING=utf-8"
            ) from error
    print(text, end="")


class SafeStream:
    """A text stream whose writing never fails.

    Characters that its encoding lacks are replaced. After an error, such as a reader that has closed, it is kept in
    ``error``, and further text is dropped.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write a text."""
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            encoding = self._stream.encoding or "ascii"
            return self.write(text.encode(encoding, "replace").decode(encoding))
        except OSError as error:
            self._drop(error)
        return len(text)

    def flush(self) -> None:
        """Pass on what is buffered."""
        try:
            self._stream.flush()
        except OSError as error:
            self._drop(error)

    def _drop(self, error: OSError) -> None:
        self.error = self.error or error
        # What is still buffered, and what Python writes when it ends, must not fail again.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def safe_streams() -> Iterator[SafeStream]:
    """Let standard output and standard error be `SafeStream`, and yield the first."""
    streams = sys.stdout, sys.stderr
    output = SafeStream(sys.stdout)
    sys.stdout, sys.stderr = output, SafeStream(sys.stderr)
    if reconfigure := getattr(sys.stdin, "reconfigure", None):
        with suppress(OSError, ValueError):
            reconfigure(errors="surrogateescape")  # A typed file name may be anything.
    try:
        yield output
    finally:
        output.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = streams
