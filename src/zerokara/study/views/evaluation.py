"""The plot data of a model's predictions on a part of a dataset, for the figures of `zerokara.figures`.

>>> import zerokara as zk
>>> from zerokara import figures
>>> data = zk.data.load("digits").split(validation=0.2, seed=0)
>>> study = zk.tune(data, {"hidden": (16,)}, trials=1, epochs=3)
>>> figure = figures.draw_confusion(confusion(study.best.model, data))
>>> path = figures.save_figure(figure, "confusion.png")  # doctest: +SKIP
"""

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Dataset
from zerokara.errors import InputError
from zerokara.figures.evaluation_data import Calibration, ConfusionTable, Mistakes, Residuals
from zerokara.figures.style import plain
from zerokara.model import Model
from zerokara.model.ensemble import probabilities
from zerokara.pictures import is_image

BINS = 10
"""The most bins of a calibration; each has equally many samples."""
LEAST = 5
"""The fewest samples of a bin."""
WORST = 20
"""The number of mistakes that are shown."""


def confusion(model: Model, data: Dataset, part: str = "validation") -> ConfusionTable:
    """Return how often each class was predicted as each, by samples or, if these have weights, by their weights."""
    _require(model, "classification", "confusion")
    chosen, scores = model.outputs(data, part)
    counts = np.zeros((len(model.classes), len(model.classes)))
    np.add.at(counts, (chosen.t, scores.argmax(axis=1)), 1 if chosen.weights is None else chosen.weights)
    right = counts.trace() / counts.sum()
    title = f"{data.name}: {right:.1%} of {len(chosen.t)} {_part_samples(part)} right"
    return ConfusionTable(counts, model.classes, title)


def residuals(model: Model, data: Dataset, part: str = "validation", output: int = 0) -> Residuals:
    """Return the truth and the prediction of one output of a regression, in its own units."""
    _require(model, "regression", "residuals")
    chosen, scores = model.outputs(data, part)
    restore = model.first.preprocess.restore_target
    truth, prediction = (restore(values)[:, output].astype(float) for values in (chosen.t, scores))
    error = float(np.sqrt(np.average((prediction - truth) ** 2, weights=chosen.weights)))
    target = model.classes[output]
    title = f"{data.name}: {target} of {len(truth)} {_part_samples(part)}, root mean squared error {plain(error)}"
    return Residuals(truth, prediction, target, title)


def calibration(model: Model, data: Dataset, part: str = "validation") -> Calibration:
    """Return how often predictions of each confidence were right: of two classes of the second, else of the best."""
    _require(model, "classification", "calibration")
    chosen, scores = model.outputs(data, part)
    chances = probabilities(scores, model.task)
    if len(model.classes) == 2:
        confidence, right, event = chances[:, 1], chosen.t == 1, f"the class is {model.classes[1]}"
    else:
        confidence, right = chances.max(axis=1), chances.argmax(axis=1) == chosen.t
        event = "the predicted class is right"
    weights = np.ones(len(right)) if chosen.weights is None else chosen.weights
    order = np.argsort(confidence, kind="stable")
    order = order[weights[order] > 0]
    bins = np.array_split(order, max(1, min(BINS, len(order) // LEAST)))
    expected, share = (
        np.array([np.average(values[each], weights=weights[each]) for each in bins], float)
        for values in (confidence, right)
    )
    counts = np.array([len(each) for each in bins])
    gap = float(np.average(np.abs(expected - share), weights=[weights[each].sum() for each in bins]))
    title = f"{data.name}: calibration on {len(order)} {_part_samples(part)}, mean gap {gap:.3f}"
    return Calibration(expected, share, counts, event, title)


def mistakes(model: Model, data: Dataset, part: str = "validation", count: int = WORST) -> Mistakes:
    """Return the samples that were predicted worst: wrong classes with the least probability, or largest errors."""
    chosen, scores = model.outputs(data, part)
    rows = np.arange(len(scores))
    if model.task == "regression":
        restore = model.first.preprocess.restore_target
        truth, prediction = restore(chosen.t).astype(float), restore(scores).astype(float)
        # In units of training, so that each output counts alike.
        worst = np.argsort(-np.abs(scores - chosen.t).max(axis=1), kind="stable")[:count]
        pairs = [
            ", ".join(
                f"{name} {plain(t)}, predicted {plain(y)}"
                for name, t, y in zip(model.classes, truth[k], prediction[k], strict=True)
            )
            for k in worst
        ]
        kind = "largest errors"
    else:
        _require(model, "classification", "mistakes")
        chances = probabilities(scores, model.task)
        best, of_truth = chances.argmax(axis=1), chances[rows, chosen.t]
        wrong = np.flatnonzero(best != chosen.t)
        worst = wrong[np.argsort(of_truth[wrong], kind="stable")[:count]]
        pairs = [
            f"true {model.classes[chosen.t[k]]} ({of_truth[k]:.2g})\n"
            f"predicted {model.classes[best[k]]} ({chances[k, best[k]]:.2g})"
            for k in worst
        ]
        kind = f"worst of {len(wrong)} mistakes"
    images = _images(data, part, worst)
    texts = [f"sample {k}: {text}" for k, text in zip(worst, pairs, strict=True)]
    if images is None:
        texts = [text.replace("\n", ", ") for text in texts]
    title = f"{data.name}: the {len(worst)} {kind} on {len(rows)} {_part_samples(part)}"
    return Mistakes(tuple(texts), worst, images, title)


def _images(data: Dataset, part: str, rows: Array) -> Array | None:
    """Return samples as images in [0, 1]; None if they are not images."""
    if not is_image(data.sample_shape):
        return None
    source = data.original or data
    samples = getattr(source, part).x[rows].astype(float)
    shape = data.sample_shape if data.sample_shape[2:] == (3,) else data.sample_shape[:2]
    low, high = float(source.train.x.min()), float(source.train.x.max())
    images: Array = np.clip((samples.reshape(-1, *shape) - low) / ((high - low) or 1), 0, 1)
    return images


def _part_samples(part: str) -> str:
    return f"{'training' if part == 'train' else part} samples"


def _require(model: Model, task: str, what: str) -> None:
    if model.task != task:
        other = "residuals" if model.task == "regression" else "mistakes or evaluate()"
        raise InputError(f"{what} needs a {task}, got a {model.task}: use {other}")
