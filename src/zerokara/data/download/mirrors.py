"""Downloading one file from several mirrors: resumable, verified and written atomically."""

import errno
import hashlib
import zlib
from collections.abc import Sequence
from gzip import BadGzipFile
from pathlib import Path
from typing import TYPE_CHECKING

from zerokara.data.download.idx import decompressed
from zerokara.data.download.progress import ProgressCallback, silent
from zerokara.errors import InputError, OutsideError, ZerokaraError, needs
from zerokara.files import replace

if TYPE_CHECKING:
    import requests

TIMEOUT = 30.0
_BLOCK = 8192  # bytes; the most that a broken connection loses


class _MirrorError(Exception):
    """The mirror failed; a partial download may be continued."""


class _ContentError(_MirrorError):
    """The downloaded bytes are not those of the file."""


def download(
    urls: Sequence[str],
    target: Path,
    sha256: str,
    size: int,
    progress: ProgressCallback = silent,
    timeout: float = TIMEOUT,
    packed: bool = False,
) -> bytes:
    """Download a file from the first mirror that delivers it, and return its content.

    Bytes are written to ``target.part``, which the next attempt continues (HTTP Range), in this call or a later one. A
    file with the right SHA-256 is renamed to `target`.

    Args:
        urls: addresses of the file, tried in this order.
        target: the path to write.
        sha256: the digest of the content.
        size: the bytes of the content; a mirror that sends more than they need is given up.
        progress: called with the number of bytes received so far.
        timeout: seconds to wait for a response before trying the next mirror.
        packed: the content is the file itself; otherwise it is what the file unpacks to, if it is gzipped.

    Raises:
        OutsideError: every mirror failed (the message lists the reasons), or the disk is full or not writable.
    """
    with needs("downloads", "requests"):
        import requests

    part = target.with_name(target.name + ".part")
    failures = []
    try:
        with requests.Session() as session:
            for url in urls:
                try:
                    content = _from_mirror(session, url, part, sha256, size, progress, timeout, packed)
                    replace(part, target)
                    return content
                except _MirrorError as error:
                    failures.append(f"  {url}: {error}")
    except ZerokaraError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            part.unlink(missing_ok=True)
            raise OutsideError(
                f"the disk must have space for {target}, got a full disk: free space and try again"
            ) from error
        raise OutsideError(
            f"{target} must be writable, got: {error.strerror or error}; check the path and its permissions"
        ) from error
    raise OutsideError(f"no mirror delivered {target.name}:\n" + "\n".join(failures))


def _from_mirror(
    session: "requests.Session",
    url: str,
    part: Path,
    sha256: str,
    size: int,
    progress: ProgressCallback,
    timeout: float,
    packed: bool,
) -> bytes:
    """Download from one mirror; after a broken connection, retry as long as each attempt adds bytes."""
    longest = _bytes_on_disk(part)
    while True:
        had = _bytes_on_disk(part)
        try:
            # Compressed, content that cannot be compressed is longer by a thousandth at most.
            _receive(session, url, part, size if packed else size + size // 1000 + 1000, progress, timeout)
            return _verified(part, sha256, size, packed)
        except _ContentError:
            part.unlink(missing_ok=True)
            if had == 0:
                raise
            # The partial file came from another version: download the file from the start.
        except _MirrorError:
            if _bytes_on_disk(part) <= longest:
                raise
            longest = _bytes_on_disk(part)


def _receive(
    session: "requests.Session", url: str, part: Path, most: int, progress: ProgressCallback, timeout: float
) -> None:
    """Write the bytes of the mirror to `part`, up to ``most`` in all; append if the mirror supports ranges."""
    import requests
    import urllib3

    had = _bytes_on_disk(part)
    # identity: the server must not compress the file in transfer.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={had}-"} if had else {})
    try:
        with session.get(url, headers=headers, stream=True, timeout=timeout) as answer:
            if answer.status_code == 416:
                raise _ContentError(
                    "the file on the mirror is not longer than the partial download, which is not the file"
                )
            if not answer.ok:
                raise _MirrorError(f"HTTP {answer.status_code} {answer.reason}")
            resumed = answer.status_code == 206
            done = had if resumed else 0
            length = answer.headers.get("Content-Length", "")
            total = done + int(length) if length.isdigit() else None
            with part.open("ab" if resumed else "wb") as file:
                for block in answer.raw.stream(_BLOCK, decode_content=False):
                    done += len(block)
                    if done > most:
                        raise _ContentError(f"the download is not the file: it must have {most:,} bytes at most")
                    file.write(block)
                    progress(part.stem, done, total)
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise _MirrorError(f"no response within {timeout:g} s") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _MirrorError(_root(error)) from error


def _verified(part: Path, sha256: str, size: int, packed: bool) -> bytes:
    """Return the content of `part`; raise if it is not the file."""
    try:
        content = part.read_bytes() if packed else decompressed(part.read_bytes(), size, "its content")
    except InputError as error:
        raise _ContentError(f"the download is not the file: it unpacks to more than {size:,} bytes") from error
    except (EOFError, zlib.error, BadGzipFile) as error:
        raise _ContentError(f"the download is not the file: {error}") from error
    got = hashlib.sha256(content).hexdigest()
    if got != sha256:
        raise _ContentError(f"the download is not the file: its SHA-256 must be {sha256}, got {got}")
    return content


def _bytes_on_disk(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _root(error: BaseException) -> str:
    """Return the root cause of a chain of network errors, such as 'Connection refused'."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return str(error) or type(error).__name__
