"""Trained networks with all that a prediction needs: preprocessing, names, origin."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Self

import numpy as np

from zerokara.arrays import Array
from zerokara.blas import one_thread_if_possible
from zerokara.checks import require_finite
from zerokara.data import Dataset, Encoder, Part
from zerokara.errors import InputError
from zerokara.files import write
from zerokara.model.about import check_about, common, with_origin
from zerokara.model.checks import check_model, checked_shares
from zerokara.model.ensemble import Ensemble, ModelMember, probabilities
from zerokara.model.file import read_model, to_json, write_model
from zerokara.model.html import model_html
from zerokara.model.input_adapter import InputAdapter
from zerokara.model.members import Members, join_members, mean_scores, shape_of, shares
from zerokara.model.parts import metadata, read_parts, stored
from zerokara.nn import Loss, Network
from zerokara.train.metrics import METRICS, Known, evaluate
from zerokara.train.ranking import Rank, ranking
from zerokara.version import __version__


@dataclass(frozen=True, eq=False)
class Model(Members):
    """A trained network, or several, that take samples, and give predictions, in the data's own units.

    The argument ``x`` of the methods of a table's model is a DataFrame, a dict from column names to cells (NumPy
    alone), or the path of a table's file; columns may have any order, and unknown ones are ignored.

    Args:
        members: one, or several of a `mean`, each with its networks, their scaling and, for a table, their encoder.
        task: "classification", "multilabel" or "regression".
        classes: names of the classes, or of the outputs.
        sample_shape: the shape of one sample; D is its product. Of a table (D,), or, if the members have different
            inputs, the number of its columns.
        about: where it came from: anything that JSON can hold.

    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)
    >>> run = zk.Trainer(zk.nn.mlp(64, (32,), 10), zk.optim.Adam(lr=0.01), data)
    >>> history = run.fit(5)
    >>> model = Model.of(run.trained(), data)
    >>> model.predict(data.test.x[:5]), data.test.t[:5]
    (array([5, 6, 1, 4, 4]), array([5, 6, 1, 4, 4]))
    """

    members: tuple[ModelMember, ...]
    task: str
    classes: tuple[str, ...]
    sample_shape: tuple[int, ...]
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_model(self.members, self.task, self.classes, self.sample_shape)

    def __repr__(self) -> str:
        networks = self.first.ensemble.groups[0] if self.population == 1 else f"{self.population} networks"
        networks = networks if len(self.members) == 1 else f"mean of {len(self.members)} members, {networks}"
        return f"Model({self.task}, {'x'.join(map(str, self.sample_shape))} to {len(self.classes)}, {networks})"

    def _repr_html_(self) -> str:
        return model_html(self.members, self.task, self.classes, self.sample_shape, self.about)

    @classmethod
    def of(cls, network: Network | Ensemble, data: Dataset, about: Mapping[str, Any] | None = None) -> Self:
        """Return the model of one network, or of an ensemble, that was trained on ``data``.

        These are added to ``about`` unless it has them: the ``dataset``, its hash ``data_sha256``, its
        ``split_settings``, the versions ``zerokara`` and ``numpy``, for images ``pixels``, their range, and for a
        table ``table``, how it was read.
        """
        if isinstance(network, Network):
            if network.population != 1:
                raise InputError(
                    f"a model has one network, got {network.population}: choose one with take(), or pass "
                    "Ensemble.of(network)"
                )
            network = Ensemble.of(network)
        member = ModelMember(network, data.preprocess, data.encoder)
        return cls((member,), data.task, data.classes, data.sample_shape, with_origin(about or {}, data))

    @classmethod
    def mean(
        cls,
        models: "Sequence[Model]",
        weights: Sequence[float] | Array | None = None,
        data: Dataset | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> "Model":
        """Return the weighted mean of models: of their probabilities, or of their values in the target's own units.

        Each model keeps its scaling and, for a table, its encoder; those with the same ones are encoded once. The mean
        of a single model is that model.

        Args:
            models: of one task, with the same classes, and the same features or columns.
            weights: one for each model, 0 or above; by default all are equal.
            data: the data that they were trained on, each on a part, for ``about`` as in `of`.
            about: more entries; those that all models have in common are kept.

        >>> import zerokara as zk
        >>> folds = zk.data.load("digits").scaled("standard").folds(3)
        >>> Model.mean([Model.of(zk.nn.mlp(64, (8,), 10, seed=k), fold) for k, fold in enumerate(folds)])
        Model(classification, 8x8 to 10, mean of 3 members, 3 networks)
        """
        shares = checked_shares(models, weights)
        weighted = [(model, share) for model, share in zip(models, shares, strict=True) if share > 0]
        first = weighted[0][0]
        if len(weighted) == 1 and data is None and about is None:
            return first
        members = join_members(weighted)
        given = dict(about or {}) if data is None else with_origin(about or {}, data)
        origin = common([model.about for model, _ in weighted]) | given
        return cls(members, first.task, first.classes, shape_of(members) or first.sample_shape, origin)

    @property
    def metric(self) -> str:
        """The name of the score of `evaluate`: "accuracy" or "r2"."""
        return METRICS[self.task]

    @property
    def labels(self) -> Array:
        """The class names (C,) as `predict` returns them: integers if all are, like "0" to "9"; False and True.

        A model has the names alone: texts "False" and "True" are booleans too, as in the columns of a table.
        """
        names = self.classes
        if set(names) == {"False", "True"}:
            return np.array([name == "True" for name in names])
        decimal = all(len(name) < 19 and name.removeprefix("-").isdecimal() for name in names)
        return np.array([int(n) for n in names] if decimal and all(n == str(int(n)) for n in names) else names)

    def scores(self, x: Any) -> Array:
        """Return the network's outputs (N, C), in regression in the units of training, those of `first`.

        The scores of several networks are those whose probabilities are their mean probabilities, see `combine`.

        Args:
            x: samples in the data's own units, (N, D) or (N, *sample_shape), or one, (D,) or sample_shape.

        Raises:
            InputError: another shape, NaN or infinity.
        """
        raw = self._adapters[0].read(x, self.table)
        return _require_scores(mean_scores(self.members, (member.inputs(raw) for member in self.members), self.task))

    def predict_proba(self, x: Any) -> Array:
        """Return the probabilities (N, C) of the classes, which sum to 1, or of each label."""
        if self.task == "regression":
            raise InputError("a regression has no probabilities: use predict()")
        return probabilities(self.scores(x), self.task)

    def predict(self, x: Any) -> Array:
        """Return the prediction for each sample.

        In classification one of `labels` (N,); in a multilabel task 0 or 1 for each label (N, C); in regression the
        outputs in the target's own units (N, C).
        """
        scores = self.scores(x)
        if self.task == "regression":
            return self.first.preprocess.restore_target(scores)
        if self.task == "multilabel":
            return (scores > 0).astype(int)
        labels: Array = self.labels[scores.argmax(axis=1)]
        return labels

    def evaluate(self, data: Dataset, part: str = "test", loss: Loss | None = None) -> tuple[float, float]:
        """Return the loss and the score (accuracy, or R2) on a part of ``data``.

        The loss of a regression is in the units of training, those of `first`; `error` is in the target's.

        Args:
            data: unscaled, or scaled as the training data were; classes are matched by name.
            part: "train", "validation" or "test".
            loss: in place of the task's.

        Raises:
            InputError: no such part, other features or classes than the model's, or another scaling.
        """
        chosen, scores = self._outputs(data, part, self.table)
        t = chosen.t if self.task == "classification" else chosen.t.astype(scores.dtype)
        weights = None if chosen.weights is None else chosen.weights.astype(scores.dtype)
        with one_thread_if_possible(), np.errstate(all="ignore"):
            losses, values = evaluate(Known(), Part(scores, t, weights), self.task, loss=loss)
        return float(losses[0]), float(values[0])

    def score(self, rank: Rank, data: Dataset, part: str = "test") -> float:
        """Return the value of a metric on a part of ``data``, such as ``model.score("roc_auc", data)``.

        Args:
            rank: the name of a metric or a function, see `zerokara.train.ranking.ranking`.
            data, part: as for `evaluate`.
        """
        metric, scaling = ranking(rank, self.task, len(self.classes)), self.first.preprocess
        if not metric.scoring:
            return self.evaluate(data, part)[metric.name != "loss"]
        chosen, scores = self.outputs(data, part)
        return float(metric.evaluate(metric.predictions(scores[None], scaling), chosen, scaling)[0])

    def outputs(self, data: Dataset, part: str = "test") -> tuple[Part, Array]:
        """Return a part of ``data`` as the networks of `first` see it, and the outputs for it (N, C), as `scores`."""
        chosen, scores = self._outputs(data, part)
        return chosen, _require_scores(scores)

    def error(self, data: Dataset, part: str = "test") -> Array:
        """Return a regression's root mean squared error of each output, (C,), in the target's own units."""
        misses, weights = self._misses(data, part)
        error: Array = np.sqrt(np.average(misses**2, axis=0, weights=weights))
        return error

    def absolute_error(self, data: Dataset, part: str = "test") -> Array:
        """Return a regression's mean absolute error of each output, (C,), in the target's own units."""
        misses, weights = self._misses(data, part)
        error: Array = np.average(np.abs(misses), axis=0, weights=weights)
        return error

    def _misses(self, data: Dataset, part: str) -> tuple[Array, Array | None]:
        """Return y - t in the target's own units, float64 (N, C), and the weights."""
        if self.task != "regression":
            raise InputError(f"only a regression has an error in units, got a {self.task}: use evaluate()")
        restore = self.first.preprocess.restore_target
        chosen, scores = self.outputs(data, part)
        return (restore(scores) - restore(chosen.t)).astype(float), chosen.weights

    def save(self, path: str | Path) -> Path:
        """Write the model to a file in one step, and return its path.

        Raises:
            InputError: ``about`` holds what JSON cannot, or its dataset, pixels or other known entries are odd.
            OutsideError: the file cannot be written.
        """
        check_about(json.loads(to_json(self.about)))
        header = {"task": self.task, "classes": self.classes, "sample_shape": self.sample_shape}
        description, arrays = stored(self.members)
        return write_model(path, {"zerokara": __version__} | header | description | {"about": self.about}, arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the model in a file. No code in the file is run.

        Raises:
            InputError: the file is missing, damaged, truncated, not a model, or written by a newer zerokara.
            OutsideError: it cannot be read.
        """
        description, arrays = read_model(path)
        try:
            return cls(**read_parts(description, arrays))
        except InputError as error:
            raise InputError(f"{path} is not a valid model file: {error}") from error

    def to_onnx(self, path: str | Path) -> Path:
        """Write the model as an ONNX file, for other runtimes: raw samples in, labels and probabilities out.

        The graph contains the scaling and the networks, and for a table the coding of its columns; see
        `zerokara.onnx.to_bytes` for its inputs and outputs; boolean labels are texts there. Its metadata are ``task``,
        ``classes``, ``features``, ``sample_shape``, ``trial``, ``params`` and ``about``, and for a table ``table``: its
        columns and categories.

        Raises:
            InputError: the path does not end in .onnx, or the package onnx is not installed.
            OutsideError: the file cannot be written.
        """
        from zerokara.onnx import Averaged, to_bytes

        path = Path(path)
        if path.suffix != ".onnx":
            raise InputError(f"an ONNX file has a name that ends in .onnx, got {path}")
        texts = metadata(self.task, self.classes, self.sample_shape, self.about, self.table)
        parts = [
            Averaged(member.ensemble.groups, member.ensemble.weights, member.preprocess, member.encoder, float(share))
            for member, share in zip(self.members, shares(self.members), strict=True)
        ]
        labels = np.array(self.classes) if self.labels.dtype == bool else self.labels
        return write(path, to_bytes(parts, self.task, labels, texts))

    @property
    def _adapters(self) -> list[InputAdapter]:
        return [InputAdapter(self.task, self.classes, self.sample_shape, member) for member in self.members]

    def _outputs(self, data: Dataset, part: str, known: Encoder | None = None) -> tuple[Part, Array]:
        """Return the same as `outputs`, without a check for NaN and infinity; ``known`` as in `InputAdapter.part`."""
        first, *others = self._adapters
        chosen = first.part(data, part, known)
        inputs = chain([chosen.x], (adapter.part(data, part).x for adapter in others))
        return chosen, mean_scores(self.members, inputs, self.task)


def _require_scores(scores: Array) -> Array:
    require_finite(scores, "the scores of the network")
    return scores
