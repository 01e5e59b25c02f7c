"""Fixtures of the data tests: an isolated environment, and a mirror that can fail in many ways."""

import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.data.download.sources import TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, Source


@pytest.fixture(autouse=True)
def surrounding(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Remove the user's settings; use an empty cache and no proxy for 127.0.0.1."""
    monkeypatch.delenv("ZEROKARA_DATA", raising=False)
    monkeypatch.delenv("ZEROKARA_MIRROR", raising=False)
    monkeypatch.delenv("ZEROKARA_MAX_BYTES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@dataclass
class Served:
    """The response of a path."""

    content: bytes
    status: int = 200
    ranges: bool = True
    breaks: list[int] = field(default_factory=list)
    """The offsets at which the connection breaks at the first request, the second and so on."""
    hangs: bool = False
    encoding: str = ""
    """The Content-Encoding header."""
    shift: int = 0
    """The offset of a range from the requested one, in bytes."""


@dataclass
class Mirror:
    """A real HTTP server on 127.0.0.1."""

    url: str
    paths: dict[str, Served] = field(default_factory=dict)
    log: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range of each request."""
    closing: threading.Event = field(default_factory=threading.Event)

    def serve(self, path: str, content: bytes, **behavior: Any) -> None:
        self.paths[path] = Served(content, **behavior)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers["Range"]
            it.log.append((self.path, asked))
            served = it.paths.get(self.path, Served(b"", status=404))
            if served.hangs:
                it.closing.wait(10)
                return
            if served.status != 200:
                self.send_error(served.status)
                return
            start = 0
            if asked and served.ranges:
                start = int(asked.removeprefix("bytes=").removesuffix("-")) + served.shift
                if start >= len(served.content):
                    self.send_error(416)
                    return
            self.send_response(206 if start else 200)
            if start:
                last = len(served.content) - 1
                self.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
            self.send_header("Content-Length", str(len(served.content) - start))
            if served.encoding:
                self.send_header("Content-Encoding", served.encoding)
            self.end_headers()
            end = served.breaks.pop(0) if served.breaks else len(served.content)
            with suppress(ConnectionError):  # The client may have had enough.
                self.wfile.write(served.content[start:end])

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    it = Mirror(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield it
    it.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def idx() -> Callable[[np.ndarray], bytes]:
    """Return an array as IDX content."""

    def write(array: np.ndarray) -> bytes:
        header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
        return header + array.astype(np.uint8).tobytes()

    return write


@pytest.fixture(scope="session")
def tiny_files(idx: Callable[[np.ndarray], bytes]) -> dict[str, bytes]:
    """The content of four files in MNIST's format: 20 training and 10 test images of 3x4."""
    rng = np.random.default_rng(0)
    return {
        TRAIN_IMAGES: idx(rng.integers(0, 256, (20, 3, 4))),
        TRAIN_LABELS: idx(np.arange(20) % 10),
        TEST_IMAGES: idx(rng.integers(0, 256, (10, 3, 4))),
        TEST_LABELS: idx(np.arange(10)[::-1]),
    }


@pytest.fixture
def tiny(mirror: Mirror, tiny_files: dict[str, bytes]) -> Source:
    """A source of these files, which the mirror serves under /good/."""
    for name, content in tiny_files.items():
        mirror.serve(f"/good/{name}.gz", gzip.compress(content))
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in tiny_files.items()}
    sizes = {name: len(content) for name, content in tiny_files.items()}
    return Source("tiny", "for tests", tuple("abcdefghij"), (f"{mirror.url}/good",), sums, sizes)


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write files into a folder under tmp_path and return the folder."""

    def write(folder: str, files: dict[str, bytes], gz: bool = False) -> Path:
        target = tmp_path / folder
        target.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (target / (f"{name}.gz" if gz else name)).write_bytes(gzip.compress(content) if gz else content)
        return target

    return write
