"""What the winner's validation score means: beside always the same answer, by class, and in units."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Dataset, Part
from zerokara.report.uncertainty import standard_error
from zerokara.study.study import Study
from zerokara.train.metrics import METRICS, Predictor, measure
from zerokara.train.ranking import Metric
from zerokara.train.scores import confusion_tables, precisions, recalls

MOST_CLASSES = 20
"""More classes are not listed."""


class SameAnswer:
    """A predictor that gives every sample the same scores (C,)."""

    population = 1

    def __init__(self, scores: Array) -> None:
        self.scores = scores

    def forward(self, x: Array) -> Array:
        """Return the scores (1, N, C) of x (1, N, D)."""
        return np.broadcast_to(self.scores, (1, x.shape[1], len(self.scores)))


def verdict(study: Study) -> dict[str, Any]:
    """Return how good the winner of the search is on the validation samples; of several folds, on those of the first.

    Where the model is a mean over folds, it is that of the model on all samples, see `FoldMean`.
    ``standard_error`` is that of the accuracy or R2 over the samples.
    ``always`` is the most frequent answer among the training samples (or their mean) and ``base`` the scores of giving
    it always; ``classes`` the samples, recall and precision of each class or label, and ``confusion`` how many samples
    of class i are taken for class j, for up to `MOST_CLASSES`; ``errors`` those of each target, in its units.
    Everything is weighted as the scores are.
    """
    plan, data = study.plan, study.plan.parts[0]
    part, task = data.validation, data.task
    assert part is not None
    if study.fold_mean is None:
        decided = _all_scores(study.candidates[0][1][0], part, task)
    else:
        decided, part = study.fold_mean.scores, study.fold_mean.part
    constant, always = _constant(data)
    content: dict[str, Any] = {"samples": len(part), "always": always, "base": _base(constant, part, data, plan.metric)}
    content["standard_error"] = standard_error(decided, part, task)
    if task == "regression":
        content["errors"] = _errors(decided, constant, part, data)
    elif len(data.classes) <= MOST_CLASSES:
        content |= _by_class(decided, part, data)
    return content


def verdict_lines(content: Mapping[str, Any]) -> list[str]:
    """Return a `verdict` as text: the scores of always the same answer, and the errors in units."""
    always = content["always"] if "errors" in content else repr(content["always"])
    known = {name.removeprefix("val_").replace("_", " "): value for name, value in content["base"].items()}
    base = ", ".join(f"{name} {value:.4f}" for name, value in known.items() if value is not None)
    lines = [f"for comparison, always {always}: {base}"]
    for target, errors in content.get("errors", {}).items():
        parts = [
            f"{kind.replace('_', ' ')} {value:.6g} (always {always}: {constant:.6g})"
            for kind, (value, constant) in errors.items()
        ]
        lines.append(f"validation errors in the units of {target}: {', '.join(parts)}")
    return lines


def verdict_table(content: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows of a table with a line for each class, the header first; empty unless there are classes."""
    classes = content.get("classes", {})
    if not classes:
        return []
    cells = content.get("confusion", [[]] * len(classes))
    header = ["class", "samples", "recall", "precision", *(f"as {name}" for name in classes if "confusion" in content)]
    rows = []
    for (name, values), row in zip(classes.items(), cells, strict=True):
        scores = ["" if values[kind] is None else f"{values[kind]:.4f}" for kind in ("recall", "precision")]
        rows.append([name, f"{values['samples']:,}", *scores, *(f"{cell:,.6g}" for cell in row)])
    return [header, *rows]


def _all_scores(network: Predictor, part: Part, task: str) -> Array:
    """Return the scores of all samples, (N, C)."""
    scores = measure(network, part, task, collect=lambda scores: scores.astype(float))[2]
    assert scores is not None
    return np.asarray(scores[0])


def _constant(data: Dataset) -> tuple[Array, str]:
    """Return the scores (C,) of always the same answer, and that answer in words."""
    t, w = data.train.t, data.train.weights
    if data.task == "regression":
        return np.average(t, axis=0, weights=w), "the mean"
    if data.task == "classification":
        share = np.bincount(data.train.t, w, len(data.classes)) / (len(t) if w is None else w.sum())
        return np.log(np.maximum(share, 1e-12)), data.classes[int(share.argmax())]
    share = np.clip(np.average(t, axis=0, weights=w), 1e-12, 1 - 1e-12)
    names = [name for name, one in zip(data.classes, share, strict=True) if one > 0.5]
    return np.log(share / (1 - share)), ", ".join(names) or "none of the labels"


def _base(constant: Array, part: Part, data: Dataset, metric: Metric) -> dict[str, float | None]:
    """Return the score of always the same answer, and the metric that ranks the trials."""
    same = SameAnswer(constant)
    base = {f"val_{METRICS[data.task]}": _number(measure(same, part, data.task)[1][0])}
    if metric.scoring:
        scores = np.broadcast_to(constant, (1, len(part), len(constant)))
        predictions = metric.predictions(scores, data.preprocess)
        base = {metric.label: _number(metric.evaluate(predictions, part, data.preprocess)[0])} | base
    return base


def _by_class(scores: Array, part: Part, data: Dataset) -> dict[str, Any]:
    w = np.ones(len(part)) if part.weights is None else part.weights.astype(float)
    if data.task == "classification":
        table = confusion_tables(scores.argmax(axis=1)[None], part.t, w, len(data.classes))
        samples = np.bincount(part.t, minlength=len(data.classes))
        pairs = list(zip(recalls(table)[0], precisions(table)[0], strict=True))
        cells = table[0].round(3).tolist() if part.weights is not None else table[0].astype(int).tolist()
        more = {"confusion": cells}
    else:
        tables = [confusion_tables((scores[:, c] > 0)[None], part.t[:, c], w, 2) for c in range(len(data.classes))]
        samples = (part.t > 0).sum(axis=0)
        pairs = [(recalls(table)[0, 1], precisions(table)[0, 1]) for table in tables]
        more = {}
    classes = {
        name: {"samples": int(count), "recall": _number(recall), "precision": _number(precision)}
        for name, count, (recall, precision) in zip(data.classes, samples, pairs, strict=True)
    }
    return {"classes": classes, **more}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _errors(scores: Array, constant: Array, part: Part, data: Dataset) -> dict[str, dict[str, tuple[float, float]]]:
    """Return the errors of each target in its units, each with that of always the mean."""
    restore = data.preprocess.restore_target
    errors: dict[str, dict[str, tuple[float, float]]] = {}
    for c, name in enumerate(data.classes):
        misses = [(restore(y) - restore(part.t.astype(float)))[:, c] for y in (scores, constant[None])]
        squares = [float(np.sqrt(np.average(miss**2, weights=part.weights))) for miss in misses]
        sizes = [float(np.average(np.abs(miss), weights=part.weights)) for miss in misses]
        errors[name] = {
            "root_mean_squared_error": (squares[0], squares[1]),
            "mean_absolute_error": (sizes[0], sizes[1]),
        }
    return errors
