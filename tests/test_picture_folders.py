"""A picture is the same sample whether it is learned from a folder or asked about."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zerokara as zk
from tests.test_pictures import png
from zerokara.cli import main
from zerokara.data import load
from zerokara.errors import InputError, ZerokaraWarning
from zerokara.model import Model
from zerokara.pictures import describe_pixels, read_picture
from zerokara.rng import stream


def noise(width: int, height: int, seed: int = 0) -> np.ndarray:
    return stream(seed, "test").integers(0, 256, (height, width, 3), np.uint8)


def photo(turn: int) -> bytes:
    """A photo whose left half is dark, stored in one of the eight orientations."""
    exif = Image.Exif()
    exif[0x0112] = turn
    file = io.BytesIO()
    Image.fromarray(noise(24, 16, turn)).save(file, format="JPEG", exif=exif, quality=95)
    return file.getvalue()


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format=kind, **options)
    return file.getvalue()


FRAMES = [Image.fromarray(noise(24, 16, k)).convert("P") for k in range(3)]
FILES = {
    **{f"turned {turn}.jpg": photo(turn) for turn in range(1, 9)},
    "a.bmp": saved(Image.fromarray(noise(24, 16)), "BMP"),
    "a.webp": saved(Image.fromarray(noise(24, 16)), "WEBP"),
    "a.tif": saved(Image.fromarray(noise(24, 16)), "TIFF"),
    "a.ppm": saved(Image.fromarray(noise(24, 16)), "PPM"),
    "still.gif": saved(FRAMES[0], "GIF"),
    "moving.gif": saved(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:]),
    "moving.webp": saved(
        FRAMES[0].convert("RGB"), "WEBP", save_all=True, append_images=[f.convert("RGB") for f in FRAMES[1:]]
    ),
    "pages.tif": saved(FRAMES[0], "TIFF", save_all=True, append_images=FRAMES[1:]),
    "clear.png": saved(Image.fromarray(np.dstack([noise(24, 16), noise(24, 16, 1)[..., :1]])), "PNG"),
    "clear palette.png": saved(FRAMES[1], "PNG", transparency=int(np.asarray(FRAMES[1])[0, 0])),
    "deep.png": saved(Image.fromarray(noise(24, 16)[..., 0].astype(np.uint16) * 257), "PNG"),
    "gray.jpg": saved(Image.fromarray(noise(24, 16)[..., 0]), "JPEG"),
    "inks.jpg": saved(Image.fromarray(noise(24, 16)).convert("CMYK"), "JPEG"),
    "white.png": saved(Image.new("RGB", (24, 16), "white"), "PNG"),
    "small.png": saved(Image.fromarray(noise(6, 4)), "PNG"),
    "wide.png": saved(Image.fromarray(noise(90, 8)), "PNG"),
}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with pictures of every kind in each of two classes; most have a black border."""
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for file, content in FILES.items():
            (tmp_path / name / file).write_bytes(content)
    for k in range(200):
        Image.new("L", (24, 16)).save(tmp_path / "cat" / f"black {k}.png")
    return tmp_path


@pytest.mark.filterwarnings("ignore::zerokara.errors.ZerokaraWarning")
@pytest.mark.parametrize("size", [None, "24x16", 10])
def test_every_file_is_the_same_sample_learned_and_asked(photos, size) -> None:
    data = load(photos, size=size)
    pixels = describe_pixels(data)
    assert pixels["background"] == 0, "a picture with a bright border would be inverted"
    assert data.sample_shape == {None: (16, 24, 3), "24x16": (16, 24, 3), 10: (10, 10, 3)}[size]
    dogs = sorted(FILES)
    for x, name in zip(data.train.x[data.train.t == 1], dogs, strict=True):
        asked = read_picture(photos / "dog" / name, data.sample_shape, pixels)
        assert np.array_equal(asked.x.ravel(), x), name


def test_what_was_changed_is_reported_with_counts(photos) -> None:
    with pytest.warns(ZerokaraWarning) as caught:
        load(photos)
    assert [str(warning.message) for warning in caught] == [
        f"pictures of 4 sizes, 6x4 to 90x8, in {photos} are resized to 24x16: --size WIDTHxHEIGHT, in Python "
        "size=(WIDTH, HEIGHT), sets another size",
        f"4 of 248 pictures in {photos} had transparent parts, which became white",
        f"6 of 248 pictures in {photos} had several frames: the first is used",
        f"10 of 248 pictures in {photos} were padded to the common proportions with the color of their border",
    ]


def test_pictures_are_upright(tmp_path) -> None:
    upright = noise(24, 16)
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for turn, back in {1: None, 3: 2, 6: 1, 8: 3}.items():
            exif = Image.Exif()
            exif[0x0112] = turn
            stored = upright if back is None else np.rot90(upright, back)
            Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / name / f"{turn}.png", exif=exif)
    data = load(tmp_path)
    assert data.sample_shape == (16, 24, 3)
    assert np.array_equal(data.train.x, np.tile(upright.ravel() / np.float32(255), (8, 1)))


def test_the_first_frame_is_used(tmp_path) -> None:
    (tmp_path / "some.gif").write_bytes(FILES["moving.gif"])
    (tmp_path / "still.gif").write_bytes(FILES["still.gif"])
    found = read_picture(tmp_path / "some.gif", (16, 24, 3))
    assert found.notes == ("it has 3 frames: the first is used",)
    assert np.array_equal(found.x, read_picture(tmp_path / "still.gif", (16, 24, 3)).x)


def test_large_mixed_pictures_become_small(tmp_path) -> None:
    for name, size in {"cat": (400, 300), "dog": (300, 300)}.items():
        (tmp_path / name).mkdir()
        Image.new("L", size, 9).save(tmp_path / name / "a.png")
    with pytest.warns(ZerokaraWarning) as caught:
        assert load(tmp_path).sample_shape == (55, 64)
    assert ["resized to 64x55" in str(caught[0].message), "were padded" in str(caught[1].message)] == [True, True]


def test_a_folder_has_a_limit(tmp_path) -> None:
    """It is checked before a picture is decoded: the files hold next to nothing."""
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for k in range(11):
            (tmp_path / name / f"{k}.png").write_bytes(png(7000, 7000))
    with pytest.raises(
        InputError, match=r"1,000,000,000 numbers in all .* 22 pictures of 7000x7000 = .* add --size 64"
    ):
        load(tmp_path)
    (tmp_path / "cat" / "0.png").write_bytes(png(7000, 7200))
    with pytest.raises(InputError, match=r"50,000,000 pixels at most, got .*0.png with 7,000 x 7,200"):
        load(tmp_path, size=4)


@pytest.mark.parametrize("size", ["", "64x", "0", "1x2x3", "big", 0, -1, (1, 2, 3), (), 2.5])
def test_sizes_that_are_none_are_refused(photos, size) -> None:
    with pytest.raises(InputError, match="size must be a width and a height"):
        load(photos, size=size)


def test_size_is_for_folders(tmp_path) -> None:
    with pytest.raises(InputError, match="size needs a folder of images, got digits"):
        load("digits", size=8)


def run(*tokens: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(token) for token in tokens])
    return int(ended.value.code or 0)


QUICK = ["--hidden", "4", "--epochs", "2", "--workers", "1"]


def test_the_command_line_learns_and_asks_alike(photos, tmp_path, capsys) -> None:
    out = tmp_path.parent / f"{tmp_path.name}-run"
    assert run("train", photos, *QUICK, "--size", "12x8", "--out", out) == 0
    model = Model.load(out / "model.safetensors")
    assert model.sample_shape == (8, 12, 3)
    assert run("evaluate", out / "model.safetensors", photos) == 0
    assert "held out when the model was trained" in capsys.readouterr().out
    for name in ("a.bmp", "a.webp", "moving.gif", "a.tif", "turned 6.jpg", "deep.png", "clear.png", "wide.png"):
        capsys.readouterr()
        assert run("predict", out / "model.safetensors", photos / "dog" / name) == 0
        probability = model.predict_proba(read_picture(photos / "dog" / name, model.sample_shape).x)[0, 1]
        assert f"dog {probability:6.4f}" in capsys.readouterr().out
    assert run("tune", "--config", out / "config.toml", "--out", out / "again") == 0
    assert Model.load(out / "again" / "model.safetensors").about["data_sha256"] == model.about["data_sha256"]
    gray = tmp_path.parent / f"{tmp_path.name}-gray"
    for name in ("cat", "dog"):
        (gray / name).mkdir(parents=True)
        Image.new("L", (30, 30)).save(gray / name / "a.png")
    assert run("evaluate", out / "model.safetensors", gray) == 0
    assert run("predict", out / "model.safetensors", gray, "--index", 1) == 0
    assert "truth: dog" in capsys.readouterr().out


def parts(folder: Path, *names: str, classes: tuple[str, ...] = ("cat", "dog"), count: int = 10) -> Path:
    for value, part in enumerate(names):
        for name in classes:
            (folder / part / name).mkdir(parents=True)
            for k in range(count):
                Image.new("L", (3, 2), value * 100 + k).save(folder / part / name / f"{k}.png")
    return folder


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Training", "Valid", "TEST"), ("TRAIN", "validation", "Testing")]
)
def test_folders_named_like_parts_are_the_parts(tmp_path, names) -> None:
    data = load(parts(tmp_path, *names))
    assert data.classes == ("cat", "dog")
    assert [(what, len(part)) for what, part in data.parts.items()] == [("train", 20), ("validation", 20), ("test", 20)]
    for value, part in enumerate(data.parts.values()):
        assert (np.round(part.x * 255) // 100 == value).all()
    split = data.split()
    assert np.array_equal(split.validation.x, data.validation.x)
    assert np.array_equal(split.test.x, data.test.x)
    with pytest.raises(InputError, match=r"has an official validation part \(20 samples\), got validation=0.3"):
        data.split(0.3)
    assert len(data.split().folds(2)[0].validation) == 20


def test_parts_that_are_missing_are_taken_from_training(tmp_path) -> None:
    data = load(parts(tmp_path, "train", "test")).split()
    assert [len(part) for part in data.parts.values()] == [16, 4, 20]
    data = load(parts(tmp_path / "other", "train", "val")).split(test=0.1)
    assert [len(part) for part in data.parts.values()] == [18, 20, 2]


@pytest.mark.parametrize("names", [("train", "val"), ("train", "test")])
def test_the_command_line_uses_the_parts(tmp_path, capsys, names) -> None:
    folder, out = parts(tmp_path / "data", *names), tmp_path / "run"
    assert run("train", folder, *QUICK, "--out", out) == 0
    drawn = {
        "val": ("train 16, validation 20, test 4 (20 % stratified)", 4),
        "test": ("train 16, validation 4 (20 % stratified), test 20", 20),
    }
    text, tested = drawn[names[1]]
    assert f"; {text}\n" in capsys.readouterr().out
    assert run("evaluate", out / "model.safetensors", folder) == 0
    assert f"on the {tested} test samples" in capsys.readouterr().out


def test_classes_may_be_named_like_parts(tmp_path) -> None:
    for name in ("train", "bus"):
        (tmp_path / name).mkdir()
        Image.new("L", (3, 2)).save(tmp_path / name / "a.png")
    assert load(tmp_path).classes == ("bus", "train")


def flat(folder: Path) -> None:
    for name in ("train", "test"):
        (folder / name).mkdir()
        Image.new("L", (3, 2)).save(folder / name / "a.png")


def unsorted_test(folder: Path) -> None:
    parts(folder, "train", "test")
    Image.new("L", (3, 2)).save(folder / "test" / "a.png")


def unlabeled_test(folder: Path) -> None:
    parts(folder, "train")
    (folder / "test").mkdir()


REFUSED = [
    (flat, "test and .*train must have a subfolder for each class, got only pictures"),
    (unsorted_test, "images must lie in a class folder, got .*test/a.png"),
    (unlabeled_test, "test must have a subfolder for each class, got no subfolder"),
    (lambda f: parts(f, "test", "val"), "must have the part train, got only test, validation: add the folder train"),
    (lambda f: parts(f, "train", "val", "valid"), "beside the parts .* one folder for validation, got .*valid"),
    (lambda f: parts(f, "train", "more"), "beside the parts .*train there must be no other folder, got .*more"),
    (lambda f: parts(parts(f, "train"), "test", classes=("cat", "fox")), "training pictures, got 'fox' in .*test only"),
    (lambda f: parts(f, "photos"), "must have subfolders that are classes or parts, got only .*photos: pass that one"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_refuses_parts_that_are_none(tmp_path, make, message) -> None:
    make(tmp_path)
    with pytest.raises(InputError, match=message):
        load(tmp_path)


def test_a_class_that_a_part_lacks_is_warned_of(tmp_path) -> None:
    parts(parts(tmp_path, "train"), "test", classes=("cat",))
    with pytest.warns(ZerokaraWarning, match=r"no test samples of class 'dog' \(10 in all\)"):
        assert len(load(tmp_path).split().test) == 10


def test_a_photo_with_a_bright_border_is_not_inverted(tmp_path) -> None:
    """Where training pictures have bright borders too; ink on paper is still inverted where they have none."""
    model = {"low": 0.0, "high": 1.0, "background": 0.0}
    Image.new("L", (3, 2), 230).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png", (2, 3), {**model, "brightest_border": 0.7}).x.max() < 0.2
    assert read_picture(tmp_path / "a.png", (2, 3), {**model, "brightest_border": 0.902}).x.min() > 0.8
    assert zk.pictures.describe_pixels(load("digits")) == model
