"""What the tests of the search share."""

from collections.abc import Iterator

import optuna
import pytest


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Keep Optuna's own log out of the output."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)
