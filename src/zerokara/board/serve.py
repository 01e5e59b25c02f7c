"""Serving the board, in a thread."""

import secrets
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from zerokara.board.app import HOST, make_app
from zerokara.board.hub import Hub
from zerokara.board.watched import WatchedRun
from zerokara.errors import InputError, OutsideError, needs
from zerokara.study.run_folder import RunFolder


def check_installed() -> None:
    """Raise InputError unless the packages of a board are installed."""
    for name in ("starlette", "uvicorn"):
        with needs("boards", name):
            import_module(name)


@contextmanager
def serving(runs: Sequence[Path], *, port: int = 0, storage: str | None = None) -> Iterator[str]:
    """Serve the board of some runs while the block runs, and yield its address, which has the token.

    Args:
        runs: the folders of the runs.
        port: 0 for a free one.
        storage: the database URL with its password, for runs of a shared study.

    Raises:
        InputError: a path is not a run, or Starlette or uvicorn is not installed.
        OutsideError: the port is in use.
    """
    check_installed()
    import uvicorn

    for run in runs:
        RunFolder(run)
    if not 0 <= port < 1 << 16:
        raise InputError(f"a port is a number from 0 to 65535, got {port}: leave --port out for a free one")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind((HOST, port))
        listener.listen()  # The address answers at once, as soon as the server has started.
    except OSError as error:
        listener.close()
        raise OutsideError(
            f"the board needs a free port, got {port}: {error.strerror or error}; leave --port out for a free one"
        ) from error
    token, own = secrets.token_urlsafe(24), listener.getsockname()[1]
    hub = Hub([WatchedRun(run, storage) for run in runs])
    config = uvicorn.Config(
        make_app(hub, token, lambda: own),
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
        ws="none",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="zerokara-server", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{own}/{token}/"
    finally:
        hub.close()
        server.should_exit = True
        thread.join(5)
        listener.close()
        for watched in hub.runs:
            watched.place.close()
