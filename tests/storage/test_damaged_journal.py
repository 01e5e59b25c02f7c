"""Damaged journals: every damage is an error of ours or changes no result, and what is sound is kept."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import zerokara as zk
from tests.fuzz import damaged, edited, seeds
from tests.study.conftest import draw_nothing
from zerokara.errors import InputError
from zerokara.samplers.registry import make_sampler
from zerokara.space.space import Space
from zerokara.storage.journal import Journal
from zerokara.storage.local import Local
from zerokara.storage.repair import read_study, repair

SIZES = {"trials": 6, "generation": 2}
SPACE = Space({"lr": zk.log(1e-3, 1e-1), "hidden": (4,), "activation": zk.choice(["relu", "tanh"])})


def study(journal: Journal) -> Local:
    return Local(SPACE, make_sampler("tpe", SPACE, 0, **SIZES), **SIZES, journal=journal)


def trials(local: Local) -> list[tuple[object, ...]]:
    """Return the trials of the Optuna study, each with its result."""
    ended = local.ended()
    asked = local._proposer.study.get_trials(deepcopy=False)
    return [(t.state, t.params, t.values, ended[t.number].record if t.number in ended else None) for t in asked]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The journal of a search that was killed in the third generation of three."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    data = zk.data.load("digits").first(150).split(validation=0.2, seed=0)
    space = {**SPACE.fixed, **SPACE.searched}
    with pytest.MonkeyPatch.context() as patch:
        draw_nothing(patch)
        zk.tune(data, space, **SIZES, sampler="tpe", epochs=2, race="halving:2", workers=1, out=folder)
    lines = (folder / "journal.log").read_bytes().splitlines(keepends=True)
    second = next(k for k, line in enumerate(lines) if b'"study_name":"zerokara@' in line)  # Written at the end.
    return b"".join(lines[: second - 3])


def outcomes(path: Path, contents: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes, list[str], object]]:
    """Open each journal and ask for the next trials: yield the trials or an error of ours, and the warnings."""
    for seed, content in contents:
        notes: list[str] = []
        path.write_bytes(content)
        try:
            with Journal(path, notes.append) as journal:
                local = read_study(journal, study)
                result: object = trials(local)
                local.ask()
        except InputError as error:
            result = error
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        yield seed, content, notes, result


def test_no_damage_is_silent_and_what_is_sound_is_kept(content, tmp_path) -> None:
    path = tmp_path / "journal.log"
    path.write_bytes(content)
    with Journal(path) as journal:
        whole = trials(study(journal))
    assert [state.name for state, *_ in whole].count("RUNNING") in (1, 2)
    cases = ((seed, damaged(content, seed)) for seed in seeds(150))
    for seed, wrong, notes, result in outcomes(path, cases):
        if isinstance(result, list):
            # Without its last line, or with those of another program, which is a warning.
            assert notes or same(result, whole), seed
            continue
        sound = re.search(r"the first (\d+) of \d+ lines are sound, with (\d+) finished trials", str(result))
        assert sound, (seed, result)
        if seed % 10 == 0:
            repair(path, study, notes.append)
            with Journal(path, pytest.fail) as journal:
                left = trials(read_study(journal, study))
            assert same(left, whole), seed
            assert sum(record is not None for *_, record in left) == int(sound[2]), seed
            copies = list(tmp_path.glob("*.damaged"))
            assert [copy.read_bytes() for copy in copies] == [wrong]
            copies[0].unlink()


def same(some: list[tuple[object, ...]], whole: list[tuple[object, ...]]) -> bool:
    """Return whether some trials are the first of all, without the results that are lost."""
    pairs = list(zip(some, whole, strict=False))
    return len(some) <= len(whole) and all(a == b or (a[1] == b[1] and a[3] is None) for a, b in pairs)


def test_a_journal_without_checksums_raises_no_other_error(content, tmp_path) -> None:
    plain = re.sub(rb',"crc32":"[0-9a-f]{8}"}', b"}", content)
    half = ((seed, damaged(plain, seed) if seed % 2 else edited(plain.decode(), seed).encode()) for seed in seeds(150))
    for seed, _, notes, result in outcomes(tmp_path / "journal.log", half):
        assert isinstance(result, InputError) or notes or not result, seed
