"""Damaged checkpoints: each is read as it was written, or left out with a warning."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from tests.fuzz import damaged, edited, seeds
from tests.study.conftest import draw_nothing
from zerokara.engine import checkpoint, workers
from zerokara.engine.checkpoint import CHECKSUM, Checkpoints
from zerokara.engine.plan import Plan
from zerokara.engine.trial import Proposal
from zerokara.space.space import Space
from zerokara.storage.journal import Journal
from zerokara.storage.local import Local

SPACE = Space({"lr": zk.log(1e-3, 1e-1), "hidden": (4,), "activation": zk.choice(["relu", "tanh"])})
SEARCH = {"trials": 6, "generation": 6, "epochs": 4, "race": "halving:2", "seeds": 2, "patience": 1, "workers": 1}

Read = Callable[[Path, list[str]], object]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Read]:
    """The checkpoints of a search that was killed, and a function that reads all of a folder."""
    root = tmp_path_factory.mktemp("killed")
    data = zk.data.load("digits").first(150).split(validation=0.2, seed=0)

    def look(epoch: zk.train.Epoch) -> None:
        files = list((root / "run" / "checkpoints").glob("[0-9c]*"))
        if len(files) > 1 and not (root / "copy").exists():
            # Beside files that another thread is writing.
            shutil.copytree(root / "run", root / "copy", ignore=shutil.ignore_patterns(".*.new-*"))

    with pytest.MonkeyPatch.context() as patch:
        draw_nothing(patch)
        for module, name in ((checkpoint, "EVERY"), (checkpoint, "MIN_TRAINED"), (workers, "SLICE")):
            patch.setattr(module, name, 0.0)
        zk.tune(data, {**SPACE.fixed, **SPACE.searched}, **SEARCH, out=root / "run", on_epoch=look)
    plan = Plan(data, epochs=4, seeds=2, patience=1)
    with Journal(root / "copy" / "journal.log") as journal:
        local = Local(SPACE, zk.samplers.registry.make_sampler("random", SPACE, 0, trials=6), 6, 6, journal)
        _, proposals = local.ask()

    def read(folder: Path, notes: list[str]) -> object:
        return contents(Checkpoints(folder, plan, notes.append), plan, proposals)

    return root / "copy" / "checkpoints", read


def contents(files: Checkpoints, plan: Plan, proposals: list[Proposal]) -> object:
    """Return all numbers of a bracket's checkpoints."""
    state = files.read("0-0", proposals)
    networks = dict(state.networks)
    for trial, own in state.candidates:
        networks |= dict(zip(plan.network_ids(trial.number), own, strict=True))
    return (
        state.rung,
        [(trial.number, trial.record) for trial in state.finished],
        [(key, trial.record) for key, trial in state.stopped.items()],
        {number: [(name, a.tolist()) for name, a in n.arrays().items()] for number, n in networks.items()},
        [(p.network_ids(), {name: np.array(a).tolist() for name, a in p.arrays().items()}) for p in state.populations],
    )


def test_no_damage_is_silent(killed, tmp_path) -> None:
    folder, read = killed
    whole = read(folder, [])
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) > 1
    assert repr(whole) == repr(read(folder, []))
    shutil.copytree(folder, tmp_path / "copy")
    for seed in seeds(150):
        path = tmp_path / "copy" / names[seed % len(names)]
        content = path.read_bytes()
        path.write_bytes(damaged(content, seed))
        notes: list[str] = []
        result = read(tmp_path / "copy", notes)
        assert path.read_bytes() == content or any(f"Corrupted checkpoint {path}" in note for note in notes), seed
        assert notes or repr(result) == repr(whole), seed
        path.write_bytes(content)


def test_a_checkpoint_with_a_right_checksum_and_other_content_raises_no_error(killed, tmp_path) -> None:
    """As another version or another program would write it."""
    folder, read = killed
    names = sorted(path.name for path in folder.iterdir())
    shutil.copytree(folder, tmp_path / "copy")
    for seed in seeds(150):
        path = tmp_path / "copy" / names[seed % len(names)]
        content = path.read_bytes()
        body = content[:-CHECKSUM]
        length = 8 + int.from_bytes(body[:8], "little")
        outer = json.loads(body[8:length])
        outer["__metadata__"]["zerokara"] = edited(outer["__metadata__"]["zerokara"], seed)
        text = json.dumps(outer) if seed % 3 else edited(body[8:length].decode(), seed)
        header = text.encode(errors="replace")
        new = damaged(body, seed) if seed % 4 == 0 else len(header).to_bytes(8, "little") + header + body[length:]
        path.write_bytes(new + hashlib.sha256(new).digest())
        read(tmp_path / "copy", [])
        path.write_bytes(content)
