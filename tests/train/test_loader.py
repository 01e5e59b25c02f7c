from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zerokara import Trainer, nn, optim
from zerokara.data import Dataset, load
from zerokara.data.augment import Augment
from zerokara.rng import stream
from zerokara.train import evaluate
from zerokara.train.loader import BatchLoader

KINDS = ["none", "center", "standard", "range", "whiten", "whiten:20"]
TEXT = "flip,shift:2"


@pytest.fixture(scope="module")
def cut() -> Dataset:
    return load("digits").first(300).split(validation=0.2, seed=0)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_changed_first_and_scaled_then(cut, kind):
    loader = BatchLoader(cut.scaled(kind), "float64", TEXT, seed=3, replicate=2)
    samples = np.array([5, 0, 17, 5])
    changed = Augment.parse(TEXT).apply(cut.train.x, samples, (8, 8), stream(3, "augment", 11, 2))
    wanted = cut.scaled(kind).preprocess.transform(changed).astype(np.float64)[None]
    assert np.array_equal(loader.batch(samples, 11), wanted)
    assert not np.array_equal(loader.batch(samples, 12), wanted)
    # Without augmentation the pictures are the scaled ones, whether or not the others were kept.
    plain = BatchLoader(cut.scaled(kind), "float32", None, seed=3, replicate=2)
    assert np.array_equal(plain.batch(samples, 11)[0], cut.scaled(kind).train.x[samples])


def test_whitened_pictures_cannot_be_mirrored_afterwards(cut):
    """What the order is for: mirroring and then whitening is not whitening alone, in any order of features."""
    preprocess = cut.scaled("whiten:20").preprocess
    mirrored = cut.train.x.reshape(-1, 8, 8)[:, :, ::-1].reshape(-1, 64)
    one, other = preprocess.transform(cut.train.x), preprocess.transform(mirrored)
    assert not np.allclose(np.sort(np.abs(one), axis=1), np.sort(np.abs(other), axis=1), atol=0.1)


def trained(data: Dataset, augment: str | None, epochs: int = 2, population: int = 1, **options: object) -> Trainer:
    network = nn.mlp(data.n_inputs, (16,), 10, population=population)
    run = Trainer(network, optim.Adam(lr=np.geomspace(1e-3, 1e-1, population)), data, augment=augment, **options)
    run.fit(epochs)
    return run


def test_augmentation_changes_training_and_not_evaluation(cut):
    plain, augmented = trained(cut, None), trained(cut, TEXT)
    assert not np.array_equal(plain.network.params, augmented.network.params)
    # The training set is evaluated as it is: so are the weights that augmentation led to.
    for curve, part in (("train_loss", cut.train), ("val_loss", cut.validation)):
        assert part is not None
        assert evaluate(augmented.network, part, "classification")[0] == augmented.history[curve][0, 1]


def test_none_is_no_augmentation(cut):
    assert np.array_equal(trained(cut, None).network.params, trained(cut, "none").network.params)


def test_replicates_are_shown_other_pictures(cut):
    one, other = (BatchLoader(cut, "float32", TEXT, 0, replicate).batch(np.arange(9), 0) for replicate in (0, 1))
    assert not np.array_equal(one, other)


def test_without_shuffling_the_order_is_that_of_the_data(cut: Dataset) -> None:
    def trained(**settings: Any) -> Any:
        data = settings.pop("data", cut)
        run = Trainer(nn.mlp(64, (8,), 10), optim.SGD(0.1), data, **settings)
        run.fit(2)
        return run.network.params

    same = [trained(shuffle=False, seed=seed) for seed in (0, 1)]
    assert np.array_equal(*same)
    assert not np.array_equal(same[0], trained())
    back = cut.train.take(np.arange(len(cut.train))[::-1])
    assert not np.array_equal(same[0], trained(shuffle=False, data=replace(cut, train=back)))
