"""A trained network or ensemble with all that a prediction needs: preprocessing, names, origin."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from zerokara.arrays import Array
from zerokara.blas import one_thread_if_possible
from zerokara.checks import require_finite
from zerokara.data import Dataset, Encoder, Part, Preprocess
from zerokara.errors import InputError
from zerokara.files import write
from zerokara.model.about import check_about
from zerokara.model.checks import check_model
from zerokara.model.ensemble import Ensemble, EnsembleScorer, in_chunks, probabilities
from zerokara.model.file import read_model, to_json, write_model
from zerokara.model.html import model_html
from zerokara.model.input_adapter import InputAdapter
from zerokara.model.parts import disassemble, metadata, read_parts, stored
from zerokara.nn import Loss, Network, describe_layers
from zerokara.pictures import describe_pixels
from zerokara.train.metrics import METRICS, evaluate
from zerokara.train.ranking import Rank, ranking
from zerokara.version import __version__


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network or ensemble that takes samples, and gives predictions, in the data's own units.

    Args:
        ensemble: the network or networks, without NaN or infinity.
        preprocess: the scaling of the samples before training.
        task: "classification", "multilabel" or "regression".
        classes: names of the classes, or of the outputs.
        sample_shape: the shape of one sample; D is its product.
        about: where it came from: anything that JSON can hold.
        encoder: for a table, how raw rows become inputs. The argument ``x`` of such a model's methods is a DataFrame, a
            dict from column names to cells (NumPy alone), or the path of a table's file; columns may have any
            order, and unknown ones are ignored.

    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)
    >>> run = zk.Trainer(zk.nn.mlp(64, (32,), 10), zk.optim.Adam(lr=0.01), data)
    >>> history = run.fit(5)
    >>> model = Model.of(run.trained(), data)
    >>> model.predict(data.test.x[:5]), data.test.t[:5]
    (array([5, 6, 1, 4, 4]), array([5, 6, 1, 4, 4]))
    """

    ensemble: Ensemble
    preprocess: Preprocess
    task: str
    classes: tuple[str, ...]
    sample_shape: tuple[int, ...]
    about: dict[str, Any] = field(default_factory=dict)
    encoder: Encoder | None = None

    def __post_init__(self) -> None:
        check_model(self.ensemble, self.preprocess, self.task, self.classes, self.sample_shape, self.encoder)

    def __repr__(self) -> str:
        population = self.ensemble.population
        networks = self.ensemble.groups[0] if population == 1 else f"{population} networks"
        return f"Model({self.task}, {'x'.join(map(str, self.sample_shape))} to {len(self.classes)}, {networks})"

    def _repr_html_(self) -> str:
        return model_html(self.ensemble, self.preprocess, self.task, self.classes, self.sample_shape, self.about)

    @classmethod
    def of(cls, network: Network | Ensemble, data: Dataset, about: Mapping[str, Any] | None = None) -> Self:
        """Return the model of one network, or of an ensemble, that was trained on ``data``.

        These are added to ``about`` unless it has them: the ``dataset``, its hash ``data_sha256``, its
        ``split_settings``, the versions ``zerokara`` and ``numpy``, for images ``pixels``, their range, and for a
        table ``table``, how it was read.
        """
        given = dict(about or {})
        if "data_sha256" not in given:
            given["data_sha256"] = data.fingerprint()
        origin = {
            "dataset": data.name,
            "split_settings": dict(data.split_settings),
            "zerokara": __version__,
            "numpy": np.__version__,
            "pixels": describe_pixels(data),
        }
        if isinstance(network, Network):
            if network.population != 1:
                raise InputError(
                    f"a model has one network, got {network.population}: choose one with take(), or pass "
                    "Ensemble.of(network)"
                )
            network = Ensemble.of(network)
        if (table := data.train.table) is not None:
            left_out = [column.name for column in table.column_info if column.role == "left out"]
            origin["table"] = {**table.settings, "left_out": left_out}
        parts = (data.preprocess, data.task, data.classes, data.sample_shape)
        return cls(network, *parts, origin | given, data.encoder)

    @property
    def network(self) -> Network:
        """The single network, P = 1; an ensemble has no single one, see ``ensemble``."""
        if self.ensemble.population != 1:
            raise InputError(f"this model is an ensemble of {self.ensemble.population} networks: see ensemble.groups")
        return self.ensemble.groups[0]

    def layers(self, network: int = 0) -> list[dict[str, Any]]:
        """Return the layers of one of the networks, such as ``{"layer": "affine", "inputs": 64, "outputs": 10}``."""
        return describe_layers(self.ensemble.one(network))

    def arrays(self, network: int = 0) -> dict[str, Array]:
        """Return copies of the arrays of one of the networks, and of the scaling.

        ``"0.W"`` (D_in, D_out) and ``"0.b"`` (D_out,) are those of layer 0; see `Preprocess` for ``"scaling.shift"``.
        docs/how-to/other-frameworks.md rebuilds a network from them in PyTorch and in Keras.
        """
        named = {name: array[0].copy() for name, array in disassemble(self.ensemble.one(network))[1].items()}
        return named | {f"scaling.{name}": array.copy() for name, array in self.preprocess.arrays().items()}

    @property
    def metric(self) -> str:
        """The name of the score of `evaluate`: "accuracy" or "r2"."""
        return METRICS[self.task]

    @property
    def labels(self) -> Array:
        """The class names (C,) as `predict` returns them: integers if all names are, like "0" to "9"."""
        names = self.classes
        decimal = all(len(name) < 19 and name.removeprefix("-").isdecimal() for name in names)
        return np.array([int(n) for n in names] if decimal and all(n == str(int(n)) for n in names) else names)

    def scores(self, x: Any) -> Array:
        """Return the network's outputs (N, C), in regression in the units of training.

        The scores of an ensemble are those whose probabilities are its mean probabilities, see `combine`.

        Args:
            x: samples in the data's own units, (N, D) or (N, *sample_shape), or one, (D,) or sample_shape.

        Raises:
            InputError: another shape, NaN or infinity.
        """
        return self._forward(self._adapter.samples(x))

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
            return self.preprocess.restore_target(scores)
        if self.task == "multilabel":
            return (scores > 0).astype(int)
        labels: Array = self.labels[scores.argmax(axis=1)]
        return labels

    def evaluate(self, data: Dataset, part: str = "test", loss: Loss | None = None) -> tuple[float, float]:
        """Return the loss and the score (accuracy, or R2) on a part of ``data``.

        The loss of a regression is in the units of training; `error` is in the target's.

        Args:
            data: unscaled, or scaled as the training data were; classes are matched by name.
            part: "train", "validation" or "test".
            loss: in place of the task's.

        Raises:
            InputError: no such part, other features or classes than the model's, or another scaling.
        """
        dtype, chosen = self.ensemble.dtype, self._adapter.part(data, part)
        t = chosen.t if self.task == "classification" else chosen.t.astype(dtype)
        weights = None if chosen.weights is None else chosen.weights.astype(dtype)
        scorer = EnsembleScorer(self.ensemble, self.task)
        with one_thread_if_possible(), np.errstate(all="ignore"):
            known = Part(chosen.x.astype(dtype, copy=False), t, weights)
            losses, scores = evaluate(scorer, known, self.task, loss=loss)
        return float(losses[0]), float(scores[0])

    def score(self, rank: Rank, data: Dataset, part: str = "test") -> float:
        """Return the value of a metric on a part of ``data``, such as ``model.score("roc_auc", data)``.

        Args:
            rank: the name of a metric or a function, see `zerokara.train.ranking.ranking`.
            data, part: as for `evaluate`.
        """
        metric, chosen = ranking(rank, self.task, len(self.classes)), self._adapter.part(data, part)
        if not metric.scoring:
            return self.evaluate(data, part)[metric.name != "loss"]
        scores = self._forward(chosen.x)[None]
        return float(metric.evaluate(metric.predictions(scores, self.preprocess), chosen, self.preprocess)[0])

    def outputs(self, data: Dataset, part: str = "test") -> tuple[Part, Array]:
        """Return a part of ``data`` as the networks see it, and their outputs for it (N, C), as `scores`."""
        chosen = self._adapter.part(data, part)
        return chosen, self._forward(chosen.x)

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
        chosen, restore = self._adapter.part(data, part), self.preprocess.restore_target
        return (restore(self._forward(chosen.x)) - restore(chosen.t)).astype(float), chosen.weights

    def save(self, path: str | Path) -> Path:
        """Write the model to a file in one step, and return its path.

        Raises:
            InputError: ``about`` holds what JSON cannot, or its dataset, pixels or other known entries are odd.
            OutsideError: the file cannot be written.
        """
        check_about(json.loads(to_json(self.about)))
        header = {"task": self.task, "classes": self.classes, "sample_shape": self.sample_shape}
        description, arrays = stored(self.ensemble, self.preprocess, self.encoder)
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
        `zerokara.onnx.to_bytes` for its inputs and outputs. Its metadata are ``task``, ``classes``, ``features``,
        ``sample_shape``, ``trial``, ``params`` and ``about``, and for a table ``table``: its columns and categories.

        Raises:
            InputError: the path does not end in .onnx, or the package onnx is not installed.
            OutsideError: the file cannot be written.
        """
        from zerokara.onnx import to_bytes

        path, ensemble = Path(path), self.ensemble
        if path.suffix != ".onnx":
            raise InputError(f"an ONNX file has a name that ends in .onnx, got {path}")
        texts = metadata(self.task, self.classes, self.sample_shape, self.about, self.encoder)
        parts = (self.preprocess, self.task, self.labels, texts, self.encoder)
        return write(path, to_bytes(ensemble.groups, ensemble.weights, *parts))

    @property
    def _adapter(self) -> InputAdapter:
        return InputAdapter(self.task, self.classes, self.sample_shape, self.preprocess, self.encoder)

    def _forward(self, x: Array) -> Array:
        """Return the scores (N, C) for the network's inputs (N, D)."""
        scores: Array = in_chunks(EnsembleScorer(self.ensemble, self.task).forward, x, self.ensemble.dtype)[0]
        require_finite(scores, "the scores of the network")
        return scores
