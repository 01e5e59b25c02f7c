"""Archives of arrays that are damaged, or made to ask for much: a dataset, or an error of ours, at once."""

import io
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bounds import bounds
from tests.fuzz import damaged, edited, seeds
from zerokara.data import from_arrays, load
from zerokara.errors import InputError

X, T, NAMES = np.arange(12.0).reshape(4, 3), np.array([0, 1, 1, 0]), np.array(["b", "a", "a", "b"])


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


FILES = [
    npz(x=X, t=T),
    npz(x=X.astype("f4"), t=NAMES, classes=np.array(["a", "b"]), x_test=X[:2].astype("f4"), t_test=NAMES[:2]),
    npz(x=np.zeros((4, 3, 3), np.uint8), t=X[:, :1], weights=np.ones(4)),
]


def with_member(raw: bytes, name: str, edit: Callable[[bytes], bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return an archive with one member changed, whose checksums are right."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as archive, zipfile.ZipFile(stream, "w", method) as new:
        for member in archive.namelist():
            new.writestr(member, edit(archive.read(member)) if member == name else archive.read(member))
    return stream.getvalue()


def with_header(content: bytes, header: str) -> bytes:
    length = struct.unpack("<H", content[8:10])[0]
    encoded = header.encode("latin1", "replace")[:65535]
    return content[:8] + struct.pack("<H", len(encoded)) + encoded + content[10 + length :]


def header_of(content: bytes) -> str:
    return content[10 : 10 + struct.unpack("<H", content[8:10])[0]].decode("latin1")


def damaged_file(seed: int) -> bytes:
    draw, raw = random.Random(seed), FILES[seed % 3]
    if draw.random() < 0.4:
        return damaged(raw, seed)

    def edit(content: bytes) -> bytes:
        return with_header(content, edited(header_of(content), seed)) if draw.random() < 0.5 else damaged(content, seed)

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        name = draw.choice(archive.namelist())
    return with_member(raw, name, edit, draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


def test_a_damaged_archive_is_read_or_refused(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    path = tmp_path / "a.npz"
    for seed in seeds(150):
        path.write_bytes(damaged_file(seed))
        try:
            with bounds():
                load(path)
        except InputError:
            pass
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
        recwarn.clear()


def claims(shape: str, descr: str = "<f8") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    return with_member(FILES[0], "t.npy", lambda content: with_header(content, header))


ODD = {
    "more numbers than bytes": claims("(1000000000000,)"),
    "4,000 digits": claims(f"({'9' * 4000},)"),
    "a negative size": claims("(-4,)"),
    "65 axes": claims(f"({'1, ' * 65})"),
    "a size that is no number": claims("('4',)"),
    "an open bracket": claims("(((4,)"),
    "deep brackets": claims("(" * 3000 + ")" * 3000),
    "texts without characters": claims("(1000000000000,)", "<U0"),
    "an unknown type": claims("(4,)", "<q9"),
    "characters beyond Unicode": npz(x=X, t=np.frombuffer(b"\x00\x00\x11\x00" * 4, "<U1")),
    "characters of half a pair": npz(x=X, t=np.array(["\ud800", "a", "a", "b"])),
    "names of half a pair": npz(x=X, t=T, classes=np.array(["\ud800", "a"])),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_array_is_an_input_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(ODD[name])
    with bounds(), pytest.raises(InputError, match=r"a\.npz"):
        load(tmp_path / "a.npz")


def test_arrays_unpack_up_to_a_limit_that_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros((4, 500_000)), t=T)
    monkeypatch.setenv("ZEROKARA_MAX_BYTES", "1000000")
    with bounds(5, 1 << 24), pytest.raises(InputError, match=r"a.npz may unpack to 1,000,000 bytes, got 16,000,288: "):
        load(path)
    monkeypatch.setenv("ZEROKARA_MAX_BYTES", "20000000")
    assert load(path).n_inputs == 500_000
    monkeypatch.setenv("ZEROKARA_MAX_BYTES", "1")
    np.savez(path, x=np.zeros((4, 500_000)), t=T)  # It has as many bytes as it unpacks to.
    assert load(path).n_inputs == 500_000


def test_half_of_a_pair_in_labels_is_an_input_error() -> None:
    for odd in ({"t": ["\udcff", "a", "a", "b"]}, {"t": T, "classes": ["\udcff", "a"]}):
        with pytest.raises(InputError, match=r"must be Unicode text, got '\\udcff': correct it"):
            from_arrays(X, **odd)
