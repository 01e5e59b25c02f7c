"""Checkpoints: what is saved, and for how long. Resuming after a kill is tested with the study."""

import pytest

import zerokara as zk
from zerokara.engine import checkpoint
from zerokara.engine.bracket import BracketState
from zerokara.engine.checkpoint import Checkpoints
from zerokara.engine.plan import Plan


def test_nothing_is_saved_twice(tmp_path, monkeypatch) -> None:
    """A checkpoint of an empty bracket is small, and one generation leaves no file for the next."""
    monkeypatch.setattr(checkpoint, "MIN_TRAINED", 0.0)
    data = zk.data.load("digits").first(150).split(validation=0.2, seed=0)
    files = Checkpoints(tmp_path / "checkpoints", Plan(data, epochs=3), pytest.fail)
    files.write("0-0", BracketState([]))
    files.write("1-0", BracketState([]))
    files.remove_generation(0)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["1-0"]
    assert (tmp_path / "checkpoints" / "1-0").stat().st_size < 500
