"""What a search keeps of its winner for a page, while its data are at hand, and what a page shows of it."""

from math import prod
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.blas import one_thread_if_possible
from zerokara.engine.shard import untrained
from zerokara.model.ensemble import probabilities
from zerokara.nn import Network
from zerokara.pictures import describe_pixels, is_image
from zerokara.report.network.habits import drawing, ranges
from zerokara.report.network.histograms import COUNTED_SAMPLES, activation_histograms, gradient_histograms
from zerokara.report.network.packing import LAYOUT, as_blobs, pack_arrays, unpack_arrays
from zerokara.report.network.samples import chosen, in_cells, raw_samples, spread_out
from zerokara.report.network.spec import beyond_limit, by_name, forward_spec
from zerokara.report.network.trace import MOST_SAMPLES, TrainingStep, trace
from zerokara.study.saved import SavedStudy
from zerokara.study.study import Study
from zerokara.study.views import evaluation, series
from zerokara.train import Trainer
from zerokara.train.loader import BatchLoader, batches

KEPT_PARTS = ("start", "ranges", "drawing", "predictions", "samples", "distributions", "step")
"""What `keep` returns."""
POINTS = 3000
"""The most points of a figure of residuals; beyond it every k-th sample is shown."""


def kept_arrays(study: Study, samples: bool = True) -> dict[str, Array]:
    """Return what `keep` does, as the arrays of one file; none without a network."""
    if not study.candidates:
        return {}
    with one_thread_if_possible():  # Others would only wait for the small products of a few samples.
        return pack_arrays(keep(study, samples))


def network_data(study: Study, kept: dict[str, Array]) -> dict[str, Any] | None:
    """Return `winner_data` for JSON, from the arrays of `kept_arrays`, which a run may lack."""
    content: dict[str, Any] | None = as_blobs(winner_data(study, unpack_arrays(kept) if LAYOUT in kept else None))
    return content


def keep(study: Study, samples: bool = True) -> dict[str, Any]:
    """Return what a page needs of the winner beside its model, as plain data and arrays; see `winner_data`.

    It reads the training and validation samples, never the test samples. Without ``samples`` it contains none of
    them, nor the numbers of a batch.
    """
    run = untrained(study.best.trial, study.plan)
    data = study.plan.parts[0]
    kept = _predictions(study, samples) | {
        "trial": study.best.trial.number,
        "start": None if beyond_limit(run.network) else by_name(run.network),
        "ranges": ranges(data) if samples and not is_image(data.sample_shape) else None,
        "drawing": drawing(data, describe_pixels(data)) if is_image(data.sample_shape) else None,
    }
    first = first_step(run)
    trained, part = study.best.model.network, data.validation
    assert part is not None
    kept["distributions"] = {
        name: {
            "activations": activation_histograms(network, part.x[:COUNTED_SAMPLES]),
            "gradients": gradient_histograms(network, first),
        }
        for name, network in (("start", run.network), ("trained", trained))
    }
    shown = trace(first) | {"pictures": batch_pictures(first.x[:MOST_SAMPLES], data.sample_shape)} if samples else None
    return kept | {"step": shown}


def batch_pictures(x: Array, sample_shape: tuple[int, ...]) -> Array | None:
    """Return the samples of a batch as pixels, bytes (N, D), from their lowest to their highest number, or None.

    None if they are not pictures, or were whitened.
    """
    if not is_image(sample_shape) or x.shape[1] != prod(sample_shape):
        return None
    low, high = float(x.min()), float(x.max())
    return np.asarray(np.rint((x - low) * (255 / ((high - low) or 1))), np.uint8)


def first_step(run: Trainer) -> TrainingStep:
    """Return the very first step of a trainer that has not trained: its batch, and its network at the start."""
    loader = run.loader  # It may keep encoded samples; the step begins with the samples themselves.
    plain = BatchLoader(run.data, loader.dtype, loader.augment, loader.seed, loader.replicate)
    start, end = batches(len(run.train), run.batch_size)[0]
    rows = plain.order(0, run.shuffle)[start:end]
    weights = None if run.train.weights is None else run.train.weights[rows]
    factor = run.schedule.factor(0, run.schedule_epochs or 1)
    x = plain.batch(rows, 0)[0]
    return TrainingStep(run.network, run.loss, run.optimizer, x, run.train.t[rows], weights, 0, factor)


def _predictions(study: Study, samples: bool) -> dict[str, Any]:
    """Return the winner's predictions on the validation samples: figures' data, and the samples behind them."""
    model, data, name = study.predicted()
    part, scores = model.outputs(data, name)
    shown: dict[str, Any] = {"count": len(part), "part": name}
    groups: list[Array] = [spread_out(len(part))]
    chances = probabilities(scores, model.task)
    cells: dict[tuple[int, int], Array] = {}
    if model.task == "classification":
        table, curve = evaluation.confusion(model, data, name), evaluation.calibration(model, data, name)
        cells = in_cells(part.t, chances)
        groups = list(cells.values())
        shown["confusion"] = {"counts": table.counts, "title": table.title}
        shown["calibration"] = {**vars(curve)}
    if model.task == "regression":
        every = slice(None, None, -(-len(part) // POINTS))
        pairs = [evaluation.residuals(model, data, name, output) for output in range(len(model.classes))]
        shown["residuals"] = [
            {"truth": p.truth[every], "prediction": p.prediction[every], "target": p.target, "title": p.title}
            for p in pairs
        ]
    if model.task != "multilabel":
        worst = evaluation.mistakes(model, data, name)
        groups.append(worst.samples)
        shown["mistakes"] = {"title": worst.title, "texts": list(worst.texts), "samples": worst.samples}
    if not samples:
        return {"predictions": shown, "samples": None}
    rows = chosen(groups)
    place = {int(row): k for k, row in enumerate(rows)}
    if "mistakes" in shown:
        shown["mistakes"]["places"] = [place[int(row)] for row in shown["mistakes"]["samples"]]
    shown["cells"] = [
        {"truth": t, "predicted": y, "places": [place[int(row)] for row in listed]} for (t, y), listed in cells.items()
    ]
    truth = model.preprocess.restore_target(part.t[rows]) if model.task == "regression" else part.t[rows]
    answers = model.preprocess.restore_target(scores[rows]) if model.task == "regression" else chances[rows]
    listed = {"rows": rows, "truth": truth, "answers": answers} | raw_samples(data, getattr(data, name), name, rows)
    return {"predictions": shown, "samples": listed}


def winner_data(study: Study, kept: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what a page shows of the winner's network, or None without one: it is not trained again for a page.

    Args:
        kept: the result of `keep`; None where a run has none, whose page then shows what its model file tells.
    """
    if study.winner is None or (isinstance(study, SavedStudy) and study.saved("best", study.winner) is None):
        return None
    model = study.best.model
    network = model.ensemble.one(0)
    learned = series.learning(study)
    if kept is None or kept.get("trial") != study.best.trial.number:  # Kept before the run was extended.
        kept = {}
    return {
        "name": study.plan.name,
        "trial": study.best.trial.number,
        "epoch": study.best.trial.epoch,
        "networks": model.ensemble.population,
        "used": study.model.about.get("refit"),
        "mean": study.model.population if "folds" in study.model.about else None,
        "weight_bytes": int(network.params[0].nbytes),
        "model": None if beyond_limit(network) else forward_spec(model, network),
        "task": model.task,
        "classes": list(model.classes),
        "sample_shape": list(model.sample_shape),
        "image": is_image(model.sample_shape) and model.encoder is None,
        "pixels": model.about.get("pixels"),
        "inputs": None if model.encoder is None else list(model.encoder.inputs),
        "curves": {**vars(learned)},
        "images": first_layer(study, network, kept.get("start")),
        **{name: kept.get(name) for name in KEPT_PARTS},
    }


def first_layer(study: Study, network: Network, start: dict[str, Array] | None) -> dict[str, Any] | None:
    """Return the weights of the first layer as images, trained, at the start and their difference; see `series`."""
    model = study.best.model
    if not is_image(model.sample_shape) or model.encoder is not None or "0.W" not in network.arrays():
        return None
    before = network.copy() if start is not None else None
    if before is not None and start is not None:
        before.load(network.arrays() | {name: value[None] for name, value in start.items()})
    drawn = series.weights(network, model.sample_shape, basis=model.preprocess.basis, start=before)
    blocks = [
        {"title": title, "images": np.rint(images * 127 + 127).astype(np.uint8)} for title, images in drawn.blocks
    ]
    return {"title": drawn.title, "blocks": blocks}
