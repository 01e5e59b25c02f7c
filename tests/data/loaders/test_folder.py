import numpy as np
import pytest
from PIL import Image

from zerokara.data import load
from zerokara.errors import InputError, ZerokaraWarning


def picture(value, size=(3, 2), mode="L"):
    return Image.new(mode, size, value)


@pytest.fixture
def folder(tmp_path):
    """Two classes, cats (values 0, 1, 2) and dogs (10, 11)."""
    for name, values in (("dog", (10, 11)), ("cat", (0, 1, 2))):
        (tmp_path / name).mkdir()
        for value in values:
            picture(value).save(tmp_path / name / f"{value}.png")
    return tmp_path


def test_classes_go_round_so_that_the_first_samples_hold_all(folder):
    data = load(folder)
    assert data.classes == ("cat", "dog")
    assert data.sample_shape == (2, 3)
    assert np.round(data.train.x[:, 0] * 255).tolist() == [0, 10, 1, 11, 2]
    assert data.train.t.tolist() == [0, 1, 0, 1, 0]
    assert data.name == folder.name
    assert data.describe().startswith(f"{folder.name}: 5 samples of 2x3, 2 classes")


def test_pixels_are_divided_by_255(folder):
    image = np.arange(6, dtype=np.uint8).reshape(2, 3) * 51
    Image.fromarray(image).save(folder / "cat" / "0.png")
    assert np.array_equal(load(folder).train.x[0], (image / np.float32(255)).ravel())


def test_one_image_in_color_makes_all_of_them_color(folder):
    picture((1, 2, 3), mode="RGB").save(folder / "dog" / "11.png")
    data = load(folder)
    assert data.sample_shape == (2, 3, 3)
    pixels = np.round(data.train.x.reshape(5, 2, 3, 3)[:, 0, 0] * 255)
    assert pixels.tolist() == [[0, 0, 0], [10, 10, 10], [1, 1, 1], [1, 2, 3], [2, 2, 2]]


MODES = [
    ("L", 7, "png", (2, 3)),
    ("1", 1, "png", (2, 3)),
    ("LA", (7, 255), "png", (2, 3)),
    ("RGB", (1, 2, 3), "png", (2, 3, 3)),
    ("RGBA", (1, 2, 3, 255), "png", (2, 3, 3)),
    ("P", 0, "gif", (2, 3, 3)),
    ("L", 7, "jpg", (2, 3)),
    ("CMYK", (1, 2, 3, 4), "jpg", (2, 3, 3)),
    ("L", 7, "BMP", (2, 3)),
    ("RGB", (1, 2, 3), "ppm", (2, 3, 3)),
    ("RGB", (1, 2, 3), "webp", (2, 3, 3)),
    ("RGB", (1, 2, 3), "tif", (2, 3, 3)),
    ("I;16", 65535, "png", (2, 3)),
    ("I;16", 65535, "tif", (2, 3)),
]


@pytest.mark.parametrize(("mode", "value", "suffix", "shape"), MODES)
def test_many_kinds_of_image_are_read(folder, mode, value, suffix, shape):
    for name in ("cat/0.png", "dog/10.png"):
        (folder / name).unlink()
        picture(value, mode=mode).save(folder / f"{name[:-4]}.{suffix}")
    data = load(folder)
    assert data.sample_shape == shape
    assert np.array_equal(data.train.x[0], data.train.x[1])
    highest = {"L": 7, "1": 255, "LA": 7, "P": 0, "CMYK": 251, "I;16": 255}.get(mode, 3)
    assert suffix in ("jpg", "webp") or round(data.train.x[0].max() * 255) == highest


def test_what_a_system_leaves_behind_is_skipped_and_reported(folder):
    before = load(folder).fingerprint()
    for name in ("cat", "dog", "."):
        (folder / name / ".DS_Store").write_text("x")
    for name in ("cat/Thumbs.db", "desktop.ini", "README.md"):
        (folder / name).write_text("x")
    (folder / "__MACOSX" / "cat").mkdir(parents=True)
    (folder / ".ipynb_checkpoints").mkdir()
    with pytest.warns(ZerokaraWarning) as caught:
        assert load(folder).fingerprint() == before
    [text] = [str(warning.message) for warning in caught]
    listed = ".DS_Store (3 times), .ipynb_checkpoints, README.md, Thumbs.db, __MACOSX, desktop.ini"
    assert text == f"skipped in {folder}: {listed}"


def remove_dogs(folder):
    for path in (folder / "dog").iterdir():
        path.unlink()


def only_cats(folder):
    remove_dogs(folder)
    (folder / "dog").rmdir()


REFUSED = [
    (remove_dogs, r"class folder .*dog must hold at least one image, got an empty folder"),
    (only_cats, r"each of at least 2 classes, got 1"),
    (
        lambda f: (f / "cat" / "1.png").write_bytes(b"no image"),
        r"got .*cat/1.png, which is none of them",
    ),
    (
        lambda f: (f / "cat" / "1.png").write_bytes((f / "cat" / "1.png").read_bytes()[:50]),
        r"cat/1.png is damaged or cut short",
    ),
    (lambda f: (f / "cat" / "1.png").write_bytes(b""), r"got .*cat/1.png, which is none of them"),
    (lambda f: (f / "cat" / "notes.txt").write_text("x"), r"notes.txt is another file"),
    (lambda f: (f / "cat" / "more").mkdir(), r"cat/more is a folder"),
    (lambda f: picture(0).save(f / "stray.png"), r"class folder, got .*stray.png"),
    (lambda f: picture(0.5, mode="F").save(f / "cat" / "1.tif"), r"8 or 16 bits per channel, got .*1.tif with 32"),
    (lambda f: picture(70000, mode="I").save(f / "cat" / "1.tif"), r"8 or 16 bits per channel, got .*1.tif with 32"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_refuses_folders_that_are_no_dataset(folder, change, message):
    change(folder)
    with pytest.raises(InputError, match=message):
        load(folder)


def test_a_jpeg_that_was_cut_short_is_refused(folder):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    for file in folder.glob("*/*.png"):
        Image.fromarray(noise).save(file)
    path = folder / "cat" / "0.jpg"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(InputError, match=r"0.jpg is damaged or cut short \(image file is truncated"):
        load(folder)
