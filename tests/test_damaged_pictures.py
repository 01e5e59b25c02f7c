"""Picture files that are damaged, or claim to be huge: a sample, or an error of ours, at once."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.bounds import bounds
from tests.fuzz import damaged, seeds
from tests.test_picture_folders import FILES
from zerokara.data import load
from zerokara.errors import InputError
from zerokara.pictures import read_picture

KINDS = [*FILES]


def damaged_file(seed: int) -> bytes:
    """Half of the damages are in the first bytes, where the sizes are."""
    content = FILES[KINDS[seed % len(KINDS)]]
    return damaged(content[:64], seed) + content[64:] if seed // len(KINDS) % 2 else damaged(content, seed)


def test_a_damaged_picture_is_read_or_refused(tmp_path: Path) -> None:
    read = 0
    for seed in seeds(600):
        path = tmp_path / f"a{Path(KINDS[seed % len(KINDS)]).suffix}"
        path.write_bytes(damaged_file(seed))
        try:
            with bounds(30, 2 << 30):  # It may claim to have 50 million pixels.
                sample = read_picture(path, (8, 8) if seed % 2 else (8, 8, 3)).x
            assert np.isfinite(sample).all()
            assert 0 <= sample.min() <= sample.max() <= 1
            read += 1
        except InputError:
            pass
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
    assert read


@pytest.mark.filterwarnings("ignore::zerokara.errors.ZerokaraWarning")
def test_a_folder_with_a_damaged_picture_is_read_or_refused(tmp_path: Path) -> None:
    for k, name in enumerate(("a", "a", "b", "b")):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / f"{k}.png").write_bytes(FILES["small.png"])
    for seed in seeds(60):
        path = tmp_path / "a" / f"x{Path(KINDS[seed % len(KINDS)]).suffix}"
        path.write_bytes(damaged_file(seed))
        try:
            with bounds(30, 2 << 30):
                load(tmp_path)
        except InputError as error:
            assert str(tmp_path) in str(error)
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
        path.unlink()


def huge_png(side: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = zlib.compressobj(9)
    pixels = b"".join(rows.compress(bytes(1 + side // 8)) for _ in range(side)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("side", "message"), [(13_000, "50,000,000 pixels at most, got "), (7_000, "add --size 64")])
def test_small_files_of_huge_pictures(side: int, message: str, tmp_path: Path) -> None:
    content = huge_png(side)
    for k in range(24):
        (tmp_path / "ab"[k % 2]).mkdir(exist_ok=True)
        (tmp_path / "ab"[k % 2] / f"{k}.png").write_bytes(content)
    with bounds(), pytest.raises(InputError, match=message):
        load(tmp_path)
    if side == 7_000:
        for k in range(2, 24):
            (tmp_path / "ab"[k % 2] / f"{k}.png").unlink()
        with bounds(60, 2 << 30):
            assert load(tmp_path, size=64).sample_shape == (64, 64)
        return
    with bounds():
        for read in (lambda: load(tmp_path, size=8), lambda: read_picture(tmp_path / "a" / "0.png", (8, 8))):
            with pytest.raises(InputError, match=message):
                read()
