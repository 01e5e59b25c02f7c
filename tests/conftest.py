"""Fixtures that several rooms use."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import optuna
import pytest

from tests.report.browser import chromium

MNIST_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # As a shell's script starts a job in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# On a busy machine an example may take long, which says nothing about the law.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a name with an object's address: processes that run the tests in parallel would not agree on it."""
    if wrong := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(f"give these tests names without an address, with ids=: {wrong}")


@pytest.fixture(autouse=True, scope="module")
def quiet_optuna() -> Iterator[None]:
    """Keep Optuna's own log out of the output."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The folder of the four real MNIST files; ZEROKARA_DATA may be set to it.

    Looked for in ZEROKARA_DATA, then in ../shared/data beside the repository.
    """
    roots = [Path(__file__).parents[2] / "shared" / "data"]
    if os.environ.get("ZEROKARA_DATA"):
        roots.insert(0, Path(os.environ["ZEROKARA_DATA"]).expanduser())
    for folder in (folder for root in roots for folder in (root / "mnist", root)):
        if all((folder / name).exists() or (folder / f"{name}.gz").exists() for name in MNIST_FILES):
            return folder.resolve()
    pytest.skip("real MNIST is neither in ZEROKARA_DATA nor in ../shared/data")


@pytest.fixture(scope="session")
def cifar_folder() -> Path:
    """The folder of the real CIFAR-10 batches; ZEROKARA_DATA may be set to the folder around it.

    Looked for in ZEROKARA_DATA, in ../shared/data beside the repository, and in the user's cache.
    """
    from platformdirs import user_cache_path

    roots = [Path(__file__).parents[2] / "shared" / "data", user_cache_path("zerokara", appauthor=False)]
    if os.environ.get("ZEROKARA_DATA"):
        roots.insert(0, Path(os.environ["ZEROKARA_DATA"]).expanduser())
    for folder in (folder for root in roots for folder in (root / "cifar10", root)):
        if (folder / "cifar-10-batches-py" / "test_batch").exists():
            return (folder / "cifar-10-batches-py").resolve()
    pytest.skip("real CIFAR-10 is nowhere here: zerokara data fetch cifar10, or make_cifar10.py of the shared data")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A Chromium for all tests of pages in this process, which can have only one."""
    with chromium() as found:
        yield found
