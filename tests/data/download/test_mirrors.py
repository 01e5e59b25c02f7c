import gzip
import hashlib
import socket

import numpy as np
import pytest

from tests.bounds import bounds
from zerokara.data.download.mirrors import download
from zerokara.data.download.sources import ARCHIVES, SOURCES
from zerokara.errors import OutsideError

CONTENT = np.random.default_rng(0).bytes(100_000)
ARCHIVE = gzip.compress(CONTENT)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def get(mirror, tmp_path):
    """Download from paths of the mirror to tmp_path/file.gz, which is then complete or missing."""

    def go(*paths, timeout=5.0):
        target = tmp_path / "file.gz"
        try:
            assert (
                download([mirror.url + path for path in paths], target, SHA256, len(CONTENT), timeout=timeout)
                == CONTENT
            )
            assert gzip.decompress(target.read_bytes()) == CONTENT
            assert not (tmp_path / "file.gz.part").exists()
        except OutsideError:
            assert not target.exists()
            raise

    return go


def test_the_right_file_comes_at_once(get, mirror):
    mirror.serve("/a", ARCHIVE)
    get("/a")
    assert mirror.log == [("/a", None)]


def test_a_file_that_was_unpacked_on_the_way_is_the_same_file(mirror, tmp_path):
    mirror.serve("/a", CONTENT)
    assert download([f"{mirror.url}/a"], tmp_path / "file.gz", SHA256, len(CONTENT)) == CONTENT


def test_an_archive_that_a_mirror_declares_as_an_encoding_stays_an_archive(get, mirror):
    mirror.serve("/a", ARCHIVE, encoding="gzip", breaks=[40_000])
    get("/a")
    assert len(mirror.log) == 2


def test_after_a_break_it_goes_on_where_it_stopped(get, mirror):
    mirror.serve("/a", ARCHIVE, breaks=[40_000, 70_000])
    get("/a")
    (_, first), (_, second), (_, third) = mirror.log
    assert first is None
    starts = [int(r.removeprefix("bytes=").removesuffix("-")) for r in (second, third)]
    assert 40_000 - 8192 < starts[0] <= 40_000
    assert 70_000 - 8192 < starts[1] <= 70_000


def test_a_mirror_that_ignores_ranges_starts_over(get, mirror):
    mirror.serve("/a", ARCHIVE, breaks=[40_000], ranges=False)
    get("/a")
    assert [bool(asked) for _, asked in mirror.log] == [False, True]


def test_a_mirror_that_always_breaks_at_one_place_is_given_up(get, mirror):
    mirror.serve("/a", ARCHIVE, breaks=[40_000] * 9, ranges=False)
    with pytest.raises(OutsideError, match=r"/a: .*Incomplete"):
        get("/a")
    assert len(mirror.log) == 2


def test_the_next_mirror_goes_on_with_what_the_last_one_left(get, mirror):
    mirror.serve("/a", ARCHIVE, breaks=[40_000, 0, 0], ranges=True)
    mirror.serve("/b", ARCHIVE)
    get("/a", "/b")
    assert mirror.log[-1][0] == "/b"
    assert mirror.log[-1][1] is not None


def test_a_later_call_goes_on_too(get, mirror, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(ARCHIVE[:50_000])
    mirror.serve("/a", ARCHIVE)
    get("/a")
    assert mirror.log == [("/a", "bytes=50000-")]


@pytest.mark.parametrize(
    "left",
    [b"x" * 50_000, ARCHIVE, ARCHIVE + b"more", gzip.compress(CONTENT, 1)[:50_000]],
    ids=lambda b: len(b),
)
def test_what_does_not_belong_to_the_file_is_thrown_away(get, mirror, tmp_path, left):
    (tmp_path / "file.gz.part").write_bytes(left)
    mirror.serve("/a", ARCHIVE)
    get("/a")
    assert [asked for _, asked in mirror.log] == [f"bytes={len(left)}-", None]


def test_another_range_than_asked_for_is_not_appended(get, mirror, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(ARCHIVE[:50_000])
    mirror.serve("/a", ARCHIVE, shift=1)
    get("/a")
    assert [asked for _, asked in mirror.log] == ["bytes=50000-", None]


GARBAGE = [
    b"",
    b"<html>Please log in</html>",
    gzip.compress(b"another file"),
    ARCHIVE[:-9],
    ARCHIVE[:-9] + b"\0" * 9,
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda b: len(b))
def test_garbage_is_never_left_as_good(get, mirror, tmp_path, garbage):
    mirror.serve("/a", garbage)
    with pytest.raises(OutsideError, match="/a: the download is not the file"):
        get("/a")
    assert list(tmp_path.iterdir()) == []
    mirror.serve("/b", ARCHIVE)
    get("/a", "/b")


def test_mirrors_are_tried_in_order_and_the_error_lists_their_failures(get, mirror, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}/f"
        mirror.serve("/down", b"", status=503)
        mirror.serve("/garbage", b"x")
        mirror.serve("/hangs", b"", hangs=True)
        urls = [f"{mirror.url}/{name}" for name in ("none", "down", "garbage", "hangs")] + [closed]
        with pytest.raises(OutsideError) as caught:
            download(urls, tmp_path / "file.gz", SHA256, len(CONTENT), timeout=0.2)
    head, *lines = str(caught.value).splitlines()
    assert head == "no mirror delivered file.gz:"
    for line, url, reason in zip(
        lines,
        urls,
        (
            "HTTP 404 Not Found",
            "HTTP 503 Service Unavailable",
            "the download is not",
            "no response within 0.2 s",
            "refused",
        ),
        strict=True,
    ):
        assert line.startswith(f"  {url}: ")
        assert reason in line
    mirror.serve("/good", ARCHIVE)
    get("/none", "/hangs", "/good", timeout=0.2)


def test_a_full_disk_is_reported_and_nothing_is_left(get, mirror, tmp_path):
    mirror.serve("/a", ARCHIVE)
    (tmp_path / "file.gz.part").symlink_to("/dev/full")  # every write there says: no space left
    with pytest.raises(OutsideError, match=r"must have space for .*file.gz, got a full disk: free space"):
        get("/a")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_a_failure_outside(mirror, tmp_path):
    mirror.serve("/a", ARCHIVE)
    with pytest.raises(OutsideError, match=r"gone/file.gz must be writable, got: No such file or directory"):
        download([f"{mirror.url}/a"], tmp_path / "gone" / "file.gz", SHA256, len(CONTENT))


def test_progress_counts_from_what_is_here(mirror, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(ARCHIVE[:50_000])
    mirror.serve("/a", ARCHIVE)
    steps = []
    download([f"{mirror.url}/a"], tmp_path / "file.gz", SHA256, len(CONTENT), lambda *step: steps.append(step))
    assert steps[0][1] > 50_000
    assert steps[-1] == ("file.gz", len(ARCHIVE), len(ARCHIVE))
    assert [done for _, done, _ in steps] == sorted(done for _, done, _ in steps)


def test_a_mirror_that_sends_no_end_is_given_up(get, mirror, tmp_path):
    mirror.serve("/endless", bytes(50_000_000))
    mirror.serve("/a", ARCHIVE)
    with pytest.raises(
        OutsideError, match="/endless: the download is not the file: it must have 101,100 bytes at most"
    ):
        get("/endless")
    received = []
    urls = [f"{mirror.url}/endless", f"{mirror.url}/a"]
    download(urls, tmp_path / "file.gz", SHA256, len(CONTENT), lambda name, done, total: received.append(done))
    assert max(received) <= 101_100


def test_a_small_file_that_unpacks_to_a_large_one_is_not_unpacked(get, mirror):
    mirror.serve("/bomb", gzip.compress(bytes(90_000_000)))
    with bounds(5, 1 << 26), pytest.raises(OutsideError, match="/bomb: .* it unpacks to more than 100,000 bytes"):
        get("/bomb")


def test_mirrors_are_encrypted_and_sizes_are_known():
    for source in (*SOURCES.values(), *ARCHIVES.values()):
        assert all(mirror.startswith("https://") for mirror in source.mirrors)
    assert all(source.sizes.keys() == source.sha256.keys() for source in SOURCES.values())
