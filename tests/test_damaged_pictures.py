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
    for seed in seeds(250):
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
    for seed in seeds(40):
        path = tmp_path / "a" / f"x{Path(KINDS[seed % len(KINDS)]).suffix}"
        path.write_bytes(damaged_file(seed))
        try:
            with bounds(30, 2 << 30):
                load(tmp_path)
        except InputError:
            pass
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


def folder_of(content: bytes, count: int, folder: Path) -> Path:
    for k in range(count):
        (folder / "ab"[k % 2]).mkdir(exist_ok=True)
        (folder / "ab"[k % 2] / f"{k}.png").write_bytes(content)
    return folder


def test_small_files_of_huge_pictures(tmp_path: Path) -> None:
    folder = folder_of(huge_png(13_000), 24, tmp_path)
    with bounds():
        for read in (
            lambda: load(folder),
            lambda: load(folder, size=8),
            lambda: load(folder, sample_shape=(8, 8)),
            lambda: read_picture(folder / "a" / "0.png", (8, 8)),
        ):
            with pytest.raises(
                InputError, match=r"50,000,000 pixels at most, got .*0.png with 13,000 x 13,000: make it"
            ):
                read()


def test_many_large_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerokara.data.loaders.folder.LARGEST_FOLDER", 10_000_000)
    folder = folder_of(huge_png(1_000), 24, tmp_path)
    with bounds(), pytest.raises(InputError, match=r"10,000,000 numbers in all .*, got 24 pictures.* add --size 64,"):
        load(folder)
    assert load(folder, size=64).sample_shape == (64, 64)
