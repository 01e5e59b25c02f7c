import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerokara.data.augment import Augment
from zerokara.errors import InputError
from zerokara.rng import stream

SHAPES = [(3, 3), (3, 5), (5, 3, 1), (4, 6, 3), (3, 4, 4)]


def moved(picture: np.ndarray, down: int, right: int, mirrored: bool) -> np.ndarray:
    """Return an image shifted and mirrored, pixel by pixel."""
    height, width = picture.shape[:2]
    out = np.empty_like(picture)
    for row in range(height):
        for column in range(width):
            from_row = min(max(row - down, 0), height - 1)
            from_column = min(max(column - right, 0), width - 1)
            out[row, width - 1 - column if mirrored else column] = picture[from_row, from_column]
    return out


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("text", ["flip", "shift:1", "flip,shift:1"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_picture_is_one_of_those_that_its_changes_allow(shape, text, dtype):
    x = stream(0, "pictures").standard_normal((7, int(np.prod(shape)))).astype(dtype)
    before = x.copy()
    augment = Augment.parse(text)
    samples = np.array([0, 3, 3, 6, 1] * 60)
    out = augment.apply(x, samples, shape, stream(1, "augment"))
    assert (out.dtype, out.shape) == (x.dtype, (300, x.shape[1]))
    assert np.array_equal(x, before)
    steps, sides = range(-augment.shift, augment.shift + 1), (False, True)[: 1 + augment.flip]
    seen = set()
    for row, sample in zip(out, samples, strict=True):
        picture = x[sample].reshape(shape)
        allowed = {
            (down, right, side): moved(picture, down, right, side)
            for down in steps
            for right in steps
            for side in sides
        }
        matches = [key for key, wanted in allowed.items() if np.array_equal(wanted.ravel(), row)]
        assert matches
        seen.update(matches[:1])
    assert len(seen) == len(steps) ** 2 * len(sides)


@given(seed=st.integers(0, 1000), n=st.integers(1, 40))
def test_draws_follow_from_the_stream_alone(seed, n):
    x = np.arange(24, dtype=np.float32).reshape(2, 12)
    samples = np.arange(n) % 2
    augment = Augment(flip=True, shift=2)
    one, other = (augment.apply(x, samples, (3, 4), stream(seed, "augment", 5)) for _ in range(2))
    assert np.array_equal(one, other)


def test_half_are_mirrored_and_moves_are_even():
    x = np.zeros((1, 81), np.float32)
    x[0, 40] = 1  # the middle of 9 x 9: where it comes to lie says how it was moved
    out = Augment(shift=2).apply(x, np.zeros(20_000, int), (9, 9), stream(0, "augment"))
    places = np.bincount(out.argmax(axis=1), minlength=81).reshape(9, 9)
    assert places[2:7, 2:7].sum() == 20_000
    assert np.abs(places[2:7, 2:7] - 800).max() < 5 * np.sqrt(800)
    x = np.array([[0.0, 1.0]], np.float32)
    mirrored = Augment(flip=True).apply(x, np.zeros(10_000, int), (1, 2), stream(0, "augment"))[:, 0].mean()
    assert abs(mirrored - 0.5) < 0.02


@pytest.mark.parametrize("text", ["flip", "shift:4", "flip,shift:4"])
def test_the_text_reads_back(text):
    assert str(Augment.parse(text)) == text
    assert Augment.parse(Augment.parse(text)) == Augment.parse(text)


def test_none_is_none():
    assert Augment.parse("none") is None
    assert Augment.parse(None) is None
    assert Augment.parse(" shift:4 , flip ") == Augment(True, 4)
    assert str(Augment()) == "none"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("flop", "unknown augmentation 'flop': did you mean 'flip'"),
        ("", "unknown augmentation ''"),
        ("flip,", "unknown augmentation ''"),
        ("flip,none", "unknown augmentation 'none'"),
        ("shift", "try flip,shift:4"),
        ("shift:0", "try flip,shift:4"),
        ("shift:-1", "try flip,shift:4"),
        ("shift:1.5", "try flip,shift:4"),
        ("shift:²", "try flip,shift:4"),
        ("flip:1", "try flip,shift:4"),
        ("flip,flip", "each at most once"),
        ("shift:1,shift:2", "each at most once"),
    ],
)
def test_what_is_no_augmentation_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        Augment.parse(text)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((12,), r"needs images, .* got \(12,\)"),
        ((1, 2, 3, 2), "needs images"),
        ((1, 8, 8), r"\(1, 8, 8\): transpose"),
        ((3, 8, 8), r"got \(3, 8, 8\): transpose to \(N, H, W, C\)"),
        ((2, 6), r"shift must be smaller than the images, got 2 for \(2, 6\)"),
    ],
)
def test_samples_that_are_not_images_are_refused(shape, message):
    with pytest.raises(InputError, match=message):
        Augment(shift=2).require(shape)
