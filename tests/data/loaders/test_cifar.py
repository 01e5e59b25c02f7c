import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from zerokara.data import available, fetch, load
from zerokara.data.download.archive import ensure_downloaded, find_archive
from zerokara.data.download.cache import cache_folder
from zerokara.data.download.sources import ARCHIVES, CIFAR10, Archive
from zerokara.data.loaders.cifar import load_batches, read_batch
from zerokara.errors import InputError, OutsideError

NAMES = (*CIFAR10.train, *CIFAR10.test)


class Python2(pickle._Pickler):
    """Pickle bytes as strings of Python 2, as in the official files."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_string(self, text: bytes) -> None:
        self.write(b"T" + struct.pack("<i", len(text)) + text)
        self.memoize(text)

    dispatch[bytes] = save_string


def pickled(batch: Any) -> bytes:
    stream = io.BytesIO()
    Python2(stream, protocol=2).dump(batch)
    return stream.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n", 1)


def a_batch(number: int, rows: int = 4) -> dict[bytes, Any]:
    pixels = np.random.default_rng(number).integers(0, 256, (rows, 3072)).astype(np.uint8)
    labels = [(number + k) % 10 for k in range(rows)]
    return {b"batch_label": b"x", b"labels": labels, b"data": pixels, b"filenames": [b""] * rows}


BATCHES = {name: a_batch(k) for k, name in enumerate(NAMES)}
FILES = {name: pickled(batch) for name, batch in BATCHES.items()} | {"batches.meta": pickled({b"num_vis": 3072})}


def packed(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def served(mirror) -> Archive:
    """CIFAR-10 on a mirror, with four images per batch and additional files."""
    content = packed(
        {f"cifar-10-batches-py/{name}": file for name, file in FILES.items()}
        | {"../evil": b"", "/etc/evil": b"", "cifar-10-batches-py/../../evil": b"", "cifar-10-batches-py/a/evil": b""}
    )
    mirror.serve("/good/cifar-10-python.tar.gz", content)
    return replace(
        CIFAR10, mirrors=(f"{mirror.url}/good",), sha256=hashlib.sha256(content).hexdigest(), size=len(content)
    )


def test_real_cifar10_has_its_official_parts(cifar_folder, monkeypatch):
    monkeypatch.setenv("ZEROKARA_DATA", str(cifar_folder.parent))
    data = load("cifar10")
    assert data.describe() == "cifar10: 60,000 samples of 32x32x3, 10 classes; train 50,000, test 10,000"
    assert data.sample_shape == (32, 32, 3)
    assert (data.train.x.dtype, data.train.x.shape) == (np.float32, (50_000, 3072))
    assert (data.train.x.min(), data.train.x.max()) == (0, 1)
    assert np.bincount(data.train.t).tolist() == [5000] * 10
    assert np.bincount(data.test.t).tolist() == [1000] * 10
    # the published means of the red, green and blue training pixels
    means = data.train.x.reshape(-1, 3).mean(axis=0, dtype=np.float64)
    assert np.allclose(means, [0.4914, 0.4822, 0.4465], atol=2e-4)


def test_rows_are_height_width_color_from_planes(put, monkeypatch):
    monkeypatch.setenv("ZEROKARA_DATA", str(put("data/cifar-10-batches-py", FILES).parent))
    data = load("cifar10")
    assert data.describe() == "cifar10: 24 samples of 32x32x3, 10 classes; train 20, test 4"
    planes = np.concatenate([BATCHES[name][b"data"] for name in CIFAR10.train]).reshape(-1, 3, 32, 32)
    pictures = data.train.x.reshape(-1, *data.sample_shape)
    for sample, color, row, column in [(0, 0, 0, 0), (7, 1, 3, 30), (19, 2, 31, 5)]:
        assert pictures[sample, row, column, color] == planes[sample, color, row, column] / np.float32(255)
    assert data.train.t.tolist() == [label for name in CIFAR10.train for label in BATCHES[name][b"labels"]]
    assert data.test.t.tolist() == BATCHES["test_batch"][b"labels"]
    assert data.classes[6] == "frog"


@pytest.mark.parametrize("folder", ["cifar10/cifar-10-batches-py", "cifar10", "cifar-10-batches-py", "."])
def test_where_zerokara_data_may_have_them(put, served, monkeypatch, folder):
    ensure_downloaded(served)  # the cache has them too
    own = put(f"data/{folder}", FILES)
    monkeypatch.setenv("ZEROKARA_DATA", str(own if folder == "." else own.parents[folder.count("/")]))
    assert find_archive(CIFAR10) == own
    assert fetch("cifar10") == own
    assert {row.name: row.where for row in available()}["cifar10"] == str(own)


def test_a_missing_archive_is_downloaded_once_and_only_its_folder_is_unpacked(served, mirror):
    assert find_archive(served) is None
    seen: list[tuple[str, int, int | None]] = []
    data = load_batches(served, progress=lambda *step: seen.append(step))
    assert data.describe() == "cifar10: 24 samples of 32x32x3, 10 classes; train 20, test 4"
    assert seen[-1][0] == "cifar-10-python.tar.gz"
    folder = cache_folder(served)
    assert sorted(path.name for path in folder.iterdir()) == ["cifar-10-batches-py"]
    assert sorted(path.name for path in (folder / "cifar-10-batches-py").iterdir()) == sorted(FILES)
    assert not list(folder.parent.rglob("evil"))
    assert load_batches(served).fingerprint() == data.fingerprint()
    assert len(mirror.log) == 1


def test_a_download_with_another_sum_is_refused(served, mirror):
    mirror.serve("/good/cifar-10-python.tar.gz", packed({"cifar-10-batches-py/test_batch": b"other"}))
    with pytest.raises(OutsideError, match=r"the download is not the file: its SHA-256 must be"):
        ensure_downloaded(served)
    assert not (cache_folder(served) / "cifar-10-batches-py").exists()
    # The same content compressed again is another archive: the sum is the archive's own.
    mirror.serve("/good/cifar-10-python.tar.gz", gzip.compress(b"nothing"))
    with pytest.raises(OutsideError, match="SHA-256"):
        ensure_downloaded(served)


def test_a_broken_download_is_continued(served, mirror):
    mirror.paths["/good/cifar-10-python.tar.gz"].breaks = [8192 * 2]
    ensure_downloaded(served)
    assert [asked is not None for _, asked in mirror.log] == [False, True]


def test_without_data_or_network_the_error_says_which_commands_bring_them(served, mirror, put, monkeypatch):
    mirror.paths.clear()
    folder = put("data", {"make_cifar10.py": b""})
    monkeypatch.setenv("ZEROKARA_DATA", str(folder))
    with pytest.raises(OutsideError) as caught:
        load_batches(served)
    message = str(caught.value)
    assert message.startswith("cifar10: no mirror delivered cifar-10-python.tar.gz:")
    assert f"run python {folder}/make_cifar10.py {cache_folder(served)}; or run" in message
    assert "zerokara data fetch cifar10" in message
    (folder / "make_cifar10.py").unlink()
    with pytest.raises(OutsideError, match=r"Remedy: run zerokara data fetch cifar10 to continue"):
        load_batches(served)


REFUSED: list[tuple[Callable[[], bytes | None], str]] = [
    (lambda: None, "existing file, got .*data_batch_2: add it"),
    (lambda: b"", "data_batch_2 is empty"),
    (lambda: FILES["data_batch_2"][:2000], "data_batch_2 .*cut short|data_batch_2 .*damaged"),
    (lambda: pickle.dumps(Path("/etc/passwd")), "data_batch_2 .*pathlib"),
    (lambda: pickled([1, 2]), "a batch must be a dict of data and labels, got a list"),
    (lambda: pickled({b"data": np.zeros((1, 3072), np.uint8)}), "missing: labels"),
    (lambda: pickled(a_batch(1) | {b"labels": [1, 2]}), r"a label for each row, got uint8 \(4, 3072\), \(2,\)"),
    (lambda: pickled(a_batch(1) | {b"labels": [[1], [2], [3], [4]]}), "labels must be whole numbers, 0 to 9"),
    (lambda: pickled(a_batch(1) | {b"labels": [0, 1, 2, 10]}), "labels must be whole numbers, 0 to 9"),
    (lambda: pickled(a_batch(1) | {b"labels": [0, 1, -1, 2]}), "labels must be whole numbers, 0 to 9"),
    (lambda: pickled(a_batch(1) | {b"labels": [0, 1, 2, 0.5]}), "labels must be whole numbers, 0 to 9"),
    (lambda: pickled(a_batch(1) | {b"data": np.zeros((4, 784), np.uint8)}), r"uint8 \(N, 3072\)"),
    (lambda: pickled(a_batch(1) | {b"data": np.zeros((4, 3072))}), r"uint8 \(N, 3072\) .*, got float64"),
    (lambda: pickled(a_batch(1) | {b"data": [1, 2, 3, 4]}), "got list"),
    (lambda: pickled({b"data": np.zeros((0, 3072), np.uint8), b"labels": []}), "a label for each row"),
]


@pytest.mark.parametrize(("content", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_a_batch_that_is_damaged_or_of_another_layout_is_refused(put, monkeypatch, content, message):
    files = {**FILES, "data_batch_2": content()}
    own = put("data/cifar-10-batches-py", {name: file for name, file in files.items() if file is not None})
    monkeypatch.setenv("ZEROKARA_DATA", str(own.parent))
    with pytest.raises(InputError, match=message):
        load("cifar10")


def test_a_batch_of_python_3_reads_too(tmp_path):
    path = tmp_path / "batch"
    batch = {key.decode(): value for key, value in a_batch(3).items()}
    path.write_bytes(pickle.dumps(batch))
    pictures, t = read_batch(path)
    assert (pictures.shape, pictures.dtype, t.tolist()) == ((4, 32, 32, 3), np.uint8, [3, 4, 5, 6])


def test_every_archive_names_its_files_sum_and_mirrors():
    for name, archive in ARCHIVES.items():
        assert archive.name == name
        assert len(bytes.fromhex(archive.sha256)) == 32
        assert len(archive.mirrors) >= 2
        assert all(url.startswith("https://") and not url.endswith("/") for url in archive.mirrors)
        assert len(set(archive.classes)) == 10
