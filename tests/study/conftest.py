"""A search without pictures, which take longer than a small search."""

import pytest

from zerokara import figures


def draw_nothing(patch: pytest.MonkeyPatch) -> None:
    for name in (name for name in dir(figures) if name.startswith(("draw_", "save_"))):
        patch.setattr(figures, name, lambda *_, **__: None)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    draw_nothing(monkeypatch)
