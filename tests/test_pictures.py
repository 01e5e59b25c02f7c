"""A picture becomes a sample, a sample a picture; what is no picture is named for what it is."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import zerokara as zk
from zerokara.data import from_arrays
from zerokara.data.pixels import border_mask
from zerokara.errors import InputError, OutsideError
from zerokara.pictures import describe_pixels, read_picture, write_picture
from zerokara.rng import stream

DARK = {"low": 0.0, "high": 1.0, "background": 0.0}
"""What the pixels of digits are like: bright strokes on a dark ground."""


def picture(folder: Path, pixels: np.ndarray, name: str = "some.png", **options: object) -> Path:
    Image.fromarray(pixels).save(folder / name, **options)
    return folder / name


def ring(size: int, ink: int, paper: int) -> np.ndarray:
    """A digit 0, drawn with ink on paper."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.where(np.abs(np.hypot(x, y) - size / 4) < size / 12, ink, paper).astype(np.uint8)


@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (32, 32, 3), (5, 9), (9, 5), (3, 4, 1), (300, 200)])
def test_a_written_sample_reads_back(tmp_path, shape) -> None:
    """Eight bits are all that is lost; a border that happens to be bright must not invert it."""
    sample = stream(0, "test").random(shape).astype(np.float32)
    path = write_picture(tmp_path / "sample.png", sample.ravel(), shape)
    with Image.open(path) as image:
        assert max(image.size) >= 280
        assert image.size[0] * shape[0] == image.size[1] * shape[1]
    again = read_picture(path, shape)
    assert again.x.shape == shape
    assert again.x.dtype == np.float32
    assert np.abs(again.x - sample).max() < 0.5 / 255 + 1e-6
    assert again.notes == ()


def test_every_digit_is_predicted_alike_from_its_picture(tmp_path) -> None:
    data = zk.data.load("digits").split(0.2, 0.2)
    run = zk.Trainer(zk.nn.mlp(64, (16,), 10), zk.optim.Adam(lr=0.01), data)
    run.fit(3)
    model = zk.Model.of(run.trained(), data)
    for x in data.test.x[:30]:
        path = write_picture(tmp_path / "digit.png", x, (8, 8), model.about["pixels"])
        again = read_picture(path, model.sample_shape, model.about["pixels"])
        assert model.predict(again.x) == model.predict(x)


@pytest.mark.parametrize("name", ["ink.png", "ink.jpg", "ink.jpeg"])
def test_ink_on_paper_is_inverted_and_says_so(tmp_path, name) -> None:
    light, dark = ring(280, 255, 0), ring(280, 20, 240)
    wanted = read_picture(picture(tmp_path, light), (28, 28), DARK)
    found = read_picture(picture(tmp_path, dark, name), (28, 28), DARK)
    assert wanted.notes == ()
    assert found.notes == ("inverted: its border is bright, that of the training images is dark",)
    assert np.corrcoef(found.x.ravel(), wanted.x.ravel())[0, 1] > 0.99
    assert read_picture(tmp_path / name, (28, 28), {**DARK, "background": 0.5}).notes == ()
    assert read_picture(tmp_path / name, (28, 28)).notes == ()


def test_models_of_pixels_up_to_255_get_them(tmp_path) -> None:
    pixels = {"low": 0.0, "high": 255.0, "background": 0.0}
    found = read_picture(picture(tmp_path, ring(56, 0, 255)), (28, 28), pixels)
    assert found.x.max() == 255.0
    assert found.x[0, 0] == 0.0
    path = write_picture(tmp_path / "again.png", found.x, (28, 28), pixels)
    assert np.abs(read_picture(path, (28, 28), pixels).x - found.x).max() <= 0.5


@pytest.mark.parametrize(
    ("high", "white", "told"),
    [
        (1, 1, False),
        (0.97, 1, False),
        (0.4, 1, True),
        (0.0627, 0.0627, True),
        (255, 255, False),
        (250, 255, False),
        (180, 255, True),
        (100, 100, True),
        (16, 16, True),
        (1.02, 1.02, True),
        (0, 1, True),
    ],
)
def test_white_is_learned_from_the_training_pixels(tmp_path, high, white, told) -> None:
    """Dark ink on white paper: the picture of a training image is that image, and no white but 1 or 255 is silent."""
    sample = stream(0, "test").random((8, 8)).astype(np.float32)
    sample[border_mask((8, 8))] = 1
    sample *= np.float32(high)
    pixels = describe_pixels(from_arrays(np.stack([sample] * 2), [0, 1]))
    again = read_picture(write_picture(tmp_path / "sample.png", sample, (8, 8), pixels), (8, 8), pixels)
    assert np.abs(again.x - sample).max() <= 0.51 / 255 * white
    note = f"white became {white:g}: the brightest pixel of the training images is {high:g}"
    assert again.notes == ((note,) if told else ())


def test_a_thin_stroke_stays_when_it_shrinks(tmp_path) -> None:
    pixels = np.zeros((800, 800), np.uint8)
    pixels[:, 401] = 255
    found = read_picture(picture(tmp_path, pixels), (8, 8)).x
    assert np.allclose(found[:, 4], 0.01)
    assert np.allclose(np.delete(found, 4, axis=1), 0)


def test_other_proportions_are_padded_with_the_border(tmp_path) -> None:
    pixels = np.full((100, 50), 200, np.uint8)
    pixels[40:60, 20:30] = 0
    found = read_picture(picture(tmp_path, pixels), (10, 10))
    assert found.notes == ("padded to the proportions of 10x10, from 50x100",)
    assert np.allclose(found.x[:, [0, 1, 8, 9]], 200 / 255)
    assert found.x.min() < 0.1


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (7, 5)])
@pytest.mark.parametrize("shape", [(8, 8), (32, 32, 3)])
def test_any_proportions_fit(tmp_path, size, shape) -> None:
    found = read_picture(picture(tmp_path, np.full(size, 51, np.uint8)), shape).x
    assert found.shape == shape
    assert np.allclose(found, 0.2)


MODES = {
    "1": lambda gray: gray.convert("1"),
    "L": lambda gray: gray,
    "P": lambda gray: gray.convert("P"),
    "RGB": lambda gray: gray.convert("RGB"),
    "RGBA": lambda gray: gray.convert("RGBA"),
    "LA": lambda gray: gray.convert("LA"),
    "I;16": lambda gray: Image.fromarray(np.asarray(gray, np.uint16) * 257),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 3)])
def test_every_kind_of_png_reads_alike(tmp_path, mode, shape) -> None:
    MODES[mode](Image.fromarray(ring(56, 255, 0))).save(tmp_path / "some.png")
    plain = read_picture(picture(tmp_path, ring(56, 255, 0), "plain.png"), shape)
    found = read_picture(tmp_path / "some.png", shape)
    assert np.allclose(found.x, plain.x, atol=1e-6)
    assert found.notes == ()


def test_cmyk_jpegs_are_read(tmp_path) -> None:
    Image.fromarray(ring(56, 255, 0)).convert("CMYK").save(tmp_path / "some.jpg", quality=95)
    plain = read_picture(picture(tmp_path, ring(56, 255, 0)), (28, 28))
    assert np.corrcoef(read_picture(tmp_path / "some.jpg", (28, 28)).x.ravel(), plain.x.ravel())[0, 1] > 0.99


def test_transparent_parts_become_white(tmp_path) -> None:
    """What drawing programs write: black ink on nothing, whose hidden color is black as well."""
    alpha = ring(280, 255, 0)
    pixels = np.stack([np.zeros_like(alpha)] * 3 + [alpha], axis=-1)
    found = read_picture(picture(tmp_path, pixels), (28, 28), DARK)
    wanted = read_picture(picture(tmp_path, alpha, "wanted.png"), (28, 28), DARK)
    assert [note.split(":")[0] for note in found.notes] == ["its transparent parts became white", "inverted"]
    assert np.allclose(found.x, wanted.x, atol=0.01)


def test_a_photo_is_turned_as_its_camera_says(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned by a quarter, clockwise.
    pixels = np.zeros((64, 64), np.uint8)
    pixels[:8] = 255  # The top as stored is the right as seen.
    found = read_picture(picture(tmp_path, pixels, "some.jpg", exif=exif, quality=95), (8, 8)).x
    assert found[:, 7].min() > 0.9
    assert found[:, :7].max() < 0.1


def png(width: int, height: int) -> bytes:
    """A PNG that says it is this large, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "which is none of them"),
        (b"a digit, in words", "which is none of them"),
        (b"\x89PNG\r\n\x1a\n", "which is none of them|damaged or cut short"),
        (b"%PDF-1.4", "which is none of them"),
        (png(100, 100), "damaged or cut short"),
        (png(8_000, 8_000), "50,000,000 pixels at most, got .* with 8,000 x 8,000"),
        (png(10_000, 10_000), "50,000,000 pixels at most, got .* with 10,000 x 10,000"),
        (png(1_000_000, 1_000_000), "50,000,000 pixels at most"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path, raw, message) -> None:
    path = tmp_path / "some.png"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=message) as caught:
        read_picture(path, (28, 28))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["some.png", "some.jpg"])
def test_a_cut_picture_is_refused(tmp_path, name) -> None:
    noise = stream(0, "test").integers(0, 256, (64, 64), np.uint8)
    raw = picture(tmp_path, noise, name).read_bytes()
    for length in range(0, len(raw) * 9 // 10, 131):
        (tmp_path / name).write_bytes(raw[:length])
        with pytest.raises(InputError, match=r"none of them|cut short"):
            read_picture(tmp_path / name, (28, 28))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["PNG", "JPEG"]), changes=st.dictionaries(st.integers(0, 10**6), st.integers(0, 255)))
def test_changed_bytes_give_a_picture_or_an_input_error(tmp_path, kind, changes) -> None:
    file = io.BytesIO()
    Image.fromarray(ring(24, 255, 0)).convert("RGB").save(file, format=kind)
    raw = bytearray(file.getvalue())
    for place, value in changes.items():
        raw[place % len(raw)] = value
    (tmp_path / "some").write_bytes(raw)
    try:
        x = read_picture(tmp_path / "some", (8, 8)).x
    except InputError:
        return
    assert x.shape == (8, 8)
    assert ((x >= 0) & (x <= 1)).all()


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path) -> None:
    with pytest.raises(InputError, match="there is no picture"):
        read_picture(tmp_path / "none.png", (8, 8))
    with pytest.raises(InputError, match="got the folder"):
        read_picture(tmp_path, (8, 8))


def test_a_disk_that_refuses_is_an_outside_error(tmp_path) -> None:
    with pytest.raises(OutsideError, match="must be writable"):
        write_picture(tmp_path / "nowhere" / "some.png", np.zeros(64), (8, 8))


@pytest.mark.parametrize("shape", [(64,), (8, 8, 4), (2, 8, 8, 3)])
def test_samples_that_are_no_pictures_are_refused(tmp_path, shape) -> None:
    path = picture(tmp_path, ring(8, 255, 0))
    with pytest.raises(InputError, match="a picture needs samples of the shape .* import, as by --dataset mnist"):
        read_picture(path, shape)
    with pytest.raises(InputError, match="a picture needs samples of the shape"):
        write_picture(tmp_path / "out.png", np.zeros(shape), shape)


def test_a_model_of_numbers_that_are_no_pixels_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match=r"got one of -2.5 to 3: train it on such pixels"):
        read_picture(picture(tmp_path, ring(8, 255, 0)), (8, 8), {"low": -2.5, "high": 3.0, "background": 0.0})


@pytest.mark.parametrize("scaling", ["none", "center", "standard", "range"])
def test_pixels_are_described_in_their_own_units(scaling) -> None:
    x = stream(0, "test").uniform(40, 240, (50, 6, 6, 3))
    x[:, [0, 5]], x[:, :, [0, 5]] = 30, 30
    found = describe_pixels(from_arrays(x, np.arange(50) % 2).scaled(scaling))
    assert found == pytest.approx({"low": 30, "high": x.max(), "background": 30}, abs=0.01)


def test_numbers_that_are_no_pictures_are_not_described() -> None:
    assert describe_pixels(from_arrays(np.eye(3), [0, 1, 2])) is None
