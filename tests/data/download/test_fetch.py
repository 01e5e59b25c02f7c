import gzip
import threading

import pytest

from zerokara.data import available, fetch, load
from zerokara.data.download.fetch import cache_folder, contents, find_files
from zerokara.data.download.sources import FASHION_MNIST, MNIST, SOURCES, TRAIN_IMAGES, TRAIN_LABELS
from zerokara.data.loaders.mnist import load_idx
from zerokara.errors import InputError, OutsideError


def test_missing_files_are_downloaded_once_and_then_come_from_the_cache(tiny, mirror):
    assert find_files(tiny) is None
    seen = []
    data = load_idx(tiny, progress=lambda *step: seen.append(step))
    assert data.describe() == "tiny: 30 samples of 3x4, 10 classes; train 20, test 10"
    assert [path for path, _ in mirror.log] == [f"/good/{name}.gz" for name in tiny.sha256]
    sizes = {name: len(mirror.paths[f"/good/{name}.gz"].content) for name in tiny.sha256}
    assert [step for step in seen if step[1] == step[2]] == [(f"{n}.gz", k, k) for n, k in sizes.items()]
    folder = find_files(tiny)
    assert folder == cache_folder(tiny)
    assert sorted(p.name for p in folder.iterdir()) == sorted(f"{name}.gz" for name in tiny.sha256)
    mirror.paths.clear()
    assert load_idx(tiny).fingerprint() == data.fingerprint()
    assert len(mirror.log) == 4


@pytest.mark.parametrize(
    "damage", [lambda b: b[:50], lambda b: b"", lambda b: gzip.compress(b"other"), lambda b: b"other"]
)
def test_a_damaged_file_in_the_cache_is_fetched_again(tiny, mirror, damage):
    expected = contents(tiny)
    path = cache_folder(tiny) / f"{TRAIN_IMAGES}.gz"
    path.write_bytes(damage(path.read_bytes()))
    assert contents(tiny) == expected
    assert [p for p, _ in mirror.log[4:]] == [f"/good/{TRAIN_IMAGES}.gz"]
    assert path.read_bytes() == mirror.paths[f"/good/{TRAIN_IMAGES}.gz"].content


def test_two_at_once_download_once(tiny, mirror):
    results = []
    threads = [threading.Thread(target=lambda: results.append(contents(tiny))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert results[0] == results[1] == results[2] == results[3]
    assert len(mirror.log) == 4


def test_files_in_zerokara_data_win_over_cache_and_download(tiny, mirror, put, tiny_files, monkeypatch):
    folder = put("data/tiny", tiny_files)
    monkeypatch.setenv("ZEROKARA_DATA", str(folder.parent))
    assert find_files(tiny) == folder
    assert list(contents(tiny)) == [folder / name for name in tiny_files]
    assert mirror.log == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (TRAIN_IMAGES, b"", r"magic must be"),
        (TRAIN_LABELS, b"\x1f\x8bxx", r"train-labels-idx1-ubyte must hold complete gzip data"),
        (TRAIN_IMAGES, None, r"must hold all files of tiny, missing: train-images-idx3-ubyte: add them"),
    ],
)
def test_damage_in_zerokara_data_is_never_passed_over(
    tiny, mirror, put, tiny_files, monkeypatch, name, content, message
):
    contents(tiny)  # the cache has them all, and the mirror too
    files = {**tiny_files, name: content}
    folder = put("data/tiny", {k: v for k, v in files.items() if v is not None})
    monkeypatch.setenv("ZEROKARA_DATA", str(folder.parent))
    with pytest.raises(InputError, match=message):
        load_idx(tiny)
    assert len(mirror.log) == 4


def test_a_zerokara_data_without_the_set_leads_to_the_cache(tiny, put, monkeypatch):
    monkeypatch.setenv("ZEROKARA_DATA", str(put("data", {})))
    contents(tiny)
    assert find_files(tiny) == cache_folder(tiny)
    monkeypatch.setenv("ZEROKARA_DATA", "")
    assert find_files(tiny) == cache_folder(tiny)


def test_a_zerokara_data_that_is_no_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("ZEROKARA_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"ZEROKARA_DATA must be an existing folder, got '.*nowhere'"):
        load("mnist")


def test_bare_files_belong_to_the_set_whose_labels_they_have(mnist_folder, put, tiny_files, monkeypatch):
    monkeypatch.setenv("ZEROKARA_DATA", str(mnist_folder))
    assert find_files(MNIST) == mnist_folder
    assert find_files(FASHION_MNIST) is None
    monkeypatch.setenv("ZEROKARA_DATA", str(put("unknown", tiny_files)))
    assert find_files(MNIST) is not None
    assert find_files(FASHION_MNIST) is None


def test_one_sets_files_under_anothers_name_are_refused(mnist_folder, tmp_path, monkeypatch):
    (tmp_path / "fashion-mnist").symlink_to(mnist_folder)
    monkeypatch.setenv("ZEROKARA_DATA", str(tmp_path))
    with pytest.raises(
        InputError, match=r"must hold the files of fashion-mnist, got those of mnist: move them to mnist/"
    ):
        load("fashion-mnist")


def test_a_mirror_of_ones_own_is_asked_first(tiny, mirror, tiny_files, monkeypatch):
    from dataclasses import replace

    mirror.paths = {path.replace("/good/", "/own/tiny/"): served for path, served in mirror.paths.items()}
    monkeypatch.setenv("ZEROKARA_MIRROR", f"{mirror.url}/own/")
    assert list(contents(replace(tiny, mirrors=())).values()) == list(tiny_files.values())
    monkeypatch.setenv("ZEROKARA_MIRROR", "/a/folder")
    with pytest.raises(InputError, match=r"ZEROKARA_MIRROR must start with .*, got '/a/folder'"):
        contents(replace(tiny, name="other"))


def test_when_no_mirror_delivers_the_error_names_each_and_the_remedy(tiny, mirror):
    mirror.paths.clear()
    with pytest.raises(OutsideError) as caught:
        contents(tiny)
    assert caught.value.exit_code == 1
    message = str(caught.value)
    assert message.startswith(
        f"tiny: no mirror delivered {TRAIN_IMAGES}.gz:\n  {mirror.url}/good/{TRAIN_IMAGES}.gz: HTTP 404"
    )
    assert f"put {', '.join(f'{name}.gz' for name in tiny.sha256)} into a folder tiny/ and set ZEROKARA_DATA" in message


def test_a_cache_that_cannot_be_written_is_a_failure_outside(tiny):
    cache_folder(tiny).parent.mkdir(parents=True)
    cache_folder(tiny).write_text("a file where the folder should be")
    with pytest.raises(OutsideError, match=r"the cache .*tiny must be writable, got: "):
        contents(tiny)


def test_the_list_says_where_each_set_is(mnist_folder, monkeypatch):
    rows = {row.name: row.where for row in available()}
    assert rows == {
        "digits": "in the package",
        "mnist": "not downloaded: run zerokara data fetch mnist",
        "fashion-mnist": "not downloaded: run zerokara data fetch fashion-mnist",
        "cifar10": "not downloaded: run zerokara data fetch cifar10",
    }
    monkeypatch.setenv("ZEROKARA_DATA", str(mnist_folder))
    assert {name: where for name, _, where in available()}["mnist"] == str(mnist_folder)


def test_fetch_returns_the_folder(mnist_folder, monkeypatch):
    assert (fetch("digits") / "digits.npz").exists()
    monkeypatch.setenv("ZEROKARA_DATA", str(mnist_folder))
    assert fetch("mnist") == mnist_folder
    with pytest.raises(InputError, match="unknown dataset 'mnits': did you mean 'mnist'"):
        fetch("mnits")


def test_every_source_names_its_files_sums_and_mirrors():
    for name, source in SOURCES.items():
        assert source.name == name
        assert [key.split("-")[1] for key in source.sha256] == ["images", "labels"] * 2
        assert all(len(bytes.fromhex(digest)) == 32 for digest in source.sha256.values())
        assert len(source.classes) == 10
        assert len(source.mirrors) >= 2
        assert all(url.startswith("http") and not url.endswith("/") for url in source.mirrors)


def test_real_mnist_has_the_sums_that_downloads_must_have(mnist_folder, monkeypatch):
    import hashlib

    monkeypatch.setenv("ZEROKARA_DATA", str(mnist_folder))
    got = [hashlib.sha256(content).hexdigest() for content in contents(MNIST).values()]
    assert got == list(MNIST.sha256.values())
