"""One file from several mirrors: resumed after a break, checked, and put in place whole or not at all."""

import errno
import hashlib
import os
import zlib
from collections.abc import Callable, Sequence
from gzip import BadGzipFile
from pathlib import Path
from typing import TYPE_CHECKING

from zerokara.data.download.idx import decompressed
from zerokara.data.download.progress import Progress, silent
from zerokara.errors import OutsideError, ZerokaraError

if TYPE_CHECKING:
    import requests

TIMEOUT = 30.0
_BLOCK = 8192  # bytes; what is lost at most when a connection breaks


class _MirrorError(Exception):
    """This mirror did not deliver; what arrived may be continued."""


class _ContentError(_MirrorError):
    """What arrived is not the file, or not a part of it."""


def download(
    urls: Sequence[str],
    target: Path,
    sha256: str,
    progress: Progress = silent,
    timeout: float = TIMEOUT,
    content_of: Callable[[bytes], bytes] = decompressed,
) -> bytes:
    """Fetch a file from the first of several addresses that delivers it, and return its content.

    What arrives goes to ``target.part``, which the next try continues (HTTP Range), in this call or a later
    one; only content with the right SHA-256 is renamed to `target`, in one step.

    Args:
        urls: where the file lies, tried in this order.
        target: where it shall lie.
        sha256: of the content.
        progress: told how many bytes have come.
        timeout: seconds without an answer after which a mirror is given up.
        content_of: from the file's bytes to its content, by default decompressed; `bytes` takes them as they are.

    Raises:
        OutsideError: no mirror delivered (each is listed with its reason), or the disk refused or is full.
    """
    import requests

    part = target.with_name(target.name + ".part")
    failures = []
    try:
        with requests.Session() as session:
            for url in urls:
                try:
                    content = _from_mirror(session, url, part, sha256, progress, timeout, content_of)
                    os.replace(part, target)
                    return content
                except _MirrorError as error:
                    failures.append(f"  {url}: {error}")
    except ZerokaraError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            part.unlink(missing_ok=True)
            raise OutsideError(f"the disk is full, {target} was not written: free some space and try again") from error
        raise OutsideError(f"cannot write {target}: {error.strerror or error}") from error
    raise OutsideError(f"no mirror delivered {target.name}:\n" + "\n".join(failures))


def _from_mirror(
    session: "requests.Session",
    url: str,
    part: Path,
    sha256: str,
    progress: Progress,
    timeout: float,
    content_of: Callable[[bytes], bytes],
) -> bytes:
    """Fetch from one mirror; after a break go on while every try brings the file further than the last."""
    longest = _size(part)
    while True:
        had = _size(part)
        try:
            _receive(session, url, part, progress, timeout)
            return _checked(part, sha256, content_of)
        except _ContentError:
            part.unlink(missing_ok=True)
            if had == 0:
                raise
            # What another mirror or an earlier day left was continued with other bytes: once more, whole.
        except _MirrorError:
            if _size(part) <= longest:
                raise
            longest = _size(part)


def _receive(session: "requests.Session", url: str, part: Path, progress: Progress, timeout: float) -> None:
    """Write what the mirror sends to `part`, behind what is there if the mirror can start in the middle."""
    import requests
    import urllib3

    had = _size(part)
    # identity: the archive's own bytes are wanted, not what a server compresses on the way.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={had}-"} if had else {})
    try:
        with session.get(url, headers=headers, stream=True, timeout=timeout) as answer:
            if answer.status_code == 416:
                raise _ContentError("the mirror has no more bytes than are here, and they are not the file")
            if not answer.ok:
                raise _MirrorError(f"HTTP {answer.status_code} {answer.reason}")
            resumed = answer.status_code == 206
            done = had if resumed else 0
            length = answer.headers.get("Content-Length", "")
            total = done + int(length) if length.isdigit() else None
            with part.open("ab" if resumed else "wb") as file:
                for block in answer.raw.stream(_BLOCK, decode_content=False):
                    file.write(block)
                    done += len(block)
                    progress(part.stem, done, total)
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise _MirrorError(f"no answer within {timeout:g} s") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _MirrorError(_root(error)) from error


def _checked(part: Path, sha256: str, content_of: Callable[[bytes], bytes]) -> bytes:
    """Return the content of `part` if it is the file."""
    try:
        content = content_of(part.read_bytes())
    except (EOFError, zlib.error, BadGzipFile) as error:
        raise _ContentError(f"what it sent is not the file: {error}") from error
    got = hashlib.sha256(content).hexdigest()
    if got != sha256:
        raise _ContentError(f"what it sent is not the file: SHA-256 must be {sha256}, got {got}")
    return content


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _root(error: BaseException) -> str:
    """Return what lies at the bottom of a chain of network errors, such as 'Connection refused'."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return str(error) or type(error).__name__
