"""The `Dataset`: training, validation and test parts, and how they were split and scaled."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from zerokara.arrays import Array, python_number
from zerokara.data.columns.encoder import Encoder
from zerokara.data.part import Part, join
from zerokara.data.pixels import pixel_range
from zerokara.data.preprocess import Preprocess
from zerokara.data.split import describe_parts, folds, split_indices, warn_of_folds, warn_of_missing
from zerokara.data.targets import Task
from zerokara.errors import InputError
from zerokara.notebooks import few, html_table
from zerokara.rng import stream

DEFAULT_VALIDATION = 0.2
"""The fraction of the training samples for validation."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training, validation and test parts. Datasets are immutable: methods return new ones.

    >>> from zerokara.data import load
    >>> data = load("digits").split(validation=0.2, test=0.2, seed=0)
    >>> print(data.describe())
    digits: 1,797 samples of 8x8, 10 classes; train 1,151, validation 287 (20 % stratified), test 359 (20 % stratified)
    >>> data.train.x.shape, data.train.t.shape, data.n_inputs, data.n_outputs
    ((1151, 64), (1151,), 64, 10)
    """

    name: str
    task: Task
    train: Part
    validation: Part | None
    test: Part | None
    classes: tuple[str, ...]
    """Names of the classes; for multilabel and regression, names of the outputs."""
    sample_shape: tuple[int, ...]
    """The shape of one sample before it was flattened: (8, 8), (28, 28), (32, 32, 3), (64,)."""
    preprocess: Preprocess
    split_settings: dict[str, Any] = field(default_factory=dict)
    """The arguments of the split, ready for JSON: train_size, validation, test, seed, stratify."""
    original: "Dataset | None" = field(default=None, repr=False)
    """The dataset before scaling."""
    encoder: Encoder | None = None
    """For tables: the encoder of the columns, fitted on the training part."""
    pixels: dict[str, float] | None = None
    """For scaled images: the range of the original pixels, see `pixel_range`."""
    counts: bool = False
    """Regression targets are divided by their mean instead of standardized, see `as_counts`."""

    def __repr__(self) -> str:
        return f"Dataset({self.describe()})"

    @property
    def n_inputs(self) -> int:
        """D, the number of features; for whitened data, the number of components."""
        return int(self.train.x.shape[1])

    @property
    def n_outputs(self) -> int:
        """C, the number of classes or outputs."""
        return len(self.classes)

    @property
    def parts(self) -> dict[str, Part]:
        """The parts that there are, by name: train, validation, test."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {what: part for what, part in parts.items() if part is not None}

    @property
    def parts_text(self) -> str:
        """The sizes of the parts and how they were split, as a short text."""
        return describe_parts({what: len(part) for what, part in self.parts.items()}, self.split_settings)

    def first(self, n: int) -> "Dataset":
        """Return the dataset with only its first n training samples. Call it before `split` and `scaled`.

        >>> from zerokara.data import load
        >>> len(load("digits").first(500).train)
        500
        """
        self._require_untouched("first")
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 1 <= n <= len(self.train):
            raise InputError(
                f"train size must be 1 to {len(self.train)}, the training samples of {self.name}, got {n}: correct it"
            )
        train = self.train.take(slice(0, int(n)))
        settings = {**self.split_settings, "train_size": int(n)}
        return replace(self.with_parts(train, self.validation, self.test), split_settings=settings)

    def with_parts(self, train: Part, validation: Part | None = None, test: Part | None = None) -> "Dataset":
        """Return the dataset with other parts; for a table, refit the encoder on ``train``.

        All splits and folds are made here, from raw rows, so that no fold sees the statistics of another.

        >>> from zerokara.data import from_table
        >>> data = from_table({"size": [1.0, 2, 3, 400], "t": ["a", "b", "a", "b"]}, "t")
        >>> fold = data.with_parts(data.train.take([0, 1, 2]), data.train.take([3]))
        >>> fold.encoder.codings[0].statistics[0], data.encoder.codings[0].statistics[0]  # the means
        (np.float64(2.0), np.float64(101.5))
        """
        if train.table is None:
            return replace(self, train=train, validation=validation, test=test)
        encoder, regression = Encoder.fit(train.table), self.task == "regression"
        x = encoder.transform(train.table.columns)
        preprocess = Preprocess.fit(
            "target" if regression else "none", x, train.table.t if regression else None, self.n_outputs, self.counts
        )

        def encode(part: Part) -> Part:
            assert part.table is not None
            t = preprocess.transform_target(part.table.t) if regression else part.table.t
            return replace(part, x=x if part is train else encoder.transform(part.table.columns), t=t)

        return replace(
            self,
            train=encode(train),
            validation=validation and encode(validation),
            test=test and encode(test),
            sample_shape=x.shape[1:],
            preprocess=preprocess,
            encoder=encoder,
        )

    def split(
        self,
        validation: float | None = DEFAULT_VALIDATION,
        test: float | None = None,
        seed: int = 0,
        stratify: bool | None = None,
    ) -> "Dataset":
        """Return the dataset with random validation and test parts, taken from its training samples.

        The test part is taken first; `validation` is a fraction of the remaining training samples. So it has the same
        meaning for datasets with an official test part.

        Args:
            validation: a fraction f of the N training samples, which gives ``int(N * f)``, or a count; None takes no
                validation part. An official validation part is kept.
            test: likewise; None keeps the official test part, if any.
            seed: seed of the shuffle.
            stratify: keep the class proportions in every part, and a training sample of every class. None does so for
                classification, unless there are too few samples for it.

        A class that is missing in a part gives a warning.

        Raises:
            InputError: a part would be empty, the dataset is already split or scaled, `test` is given although there
                is an official test part, or ``stratify=True`` is impossible.
        """
        self._require_untouched("split")
        if self.validation is not None and validation == DEFAULT_VALIDATION:
            validation = None
        for what, size in (("test", test), ("validation", validation)):
            if size is not None and (official := getattr(self, what)) is not None:
                raise InputError(
                    f"{self.name} has an official {what} part ({len(official):,} samples), got {what}={size}: "
                    f"leave {what} out"
                )
        if stratify and self.task != "classification":
            raise InputError(f"stratify=True needs classes, got the task {self.task}: leave stratify out")
        order, sizes = stream(seed, "split").permutation(len(self.train)), {"test": test, "validation": validation}
        labels = self.train.t if (self.stratified if stratify is None else stratify) else None
        indices, by_class = split_indices(order, sizes, labels, refuse=stratify is not None)
        parts = {what: self.train.take(index) for what, index in indices.items()}
        settings = {what: python_number(size) for what, size in {"validation": validation, "test": test}.items()}
        settings |= {"seed": int(seed), "stratify": by_class}
        divided = self.with_parts(parts["train"], *(parts.get(w, getattr(self, w)) for w in ("validation", "test")))
        if self.task == "classification":
            warn_of_missing({what: part.t for what, part in divided.parts.items()}, self.classes)
        return replace(divided, split_settings={**self.split_settings, **settings})

    @property
    def stratified(self) -> bool:
        """Whether splits and folds keep the class proportions: in classification, unless `split` did not."""
        return bool(self.split_settings.get("stratify", self.task == "classification"))

    @property
    def unscaled(self) -> Array:
        """The training samples before scaling, (N, D)."""
        return (self.original or self).train.x

    def scaled(self, kind: str) -> "Dataset":
        """Return the dataset scaled: fitted on the training part and applied to all parts (see `Preprocess`).

        Tables do not need this: their encoder scales numbers, and the target too. Here encoded inputs are scaled again.

        Args:
            kind: "none", "target", "center", "standard", "range" or "whiten[:COMPONENTS[:SMOOTHING]]".
        """
        if self.was_scaled:
            raise InputError(
                f"a dataset can be scaled once, got {self.name} scaled by {self.preprocess.kind}: scale the original"
            )
        regression = self.task == "regression"
        targets = self.train.t if self.train.table is None else self.train.table.t
        preprocess = Preprocess.fit(kind, self.train.x, targets if regression else None, self.n_outputs, self.counts)

        def apply(part: Part) -> Part:
            t = part.t if part.table is None else part.table.t
            return replace(part, x=preprocess.transform(part.x), t=preprocess.transform_target(t) if regression else t)

        return replace(
            self,
            train=apply(self.train),
            validation=self.validation and apply(self.validation),
            test=self.test and apply(self.test),
            preprocess=preprocess,
            original=self,
            pixels=None if kind == "none" else pixel_range(self.train.x, self.sample_shape),
        )

    def folds(self, count: int, seed: int = 0) -> "tuple[Dataset, ...]":
        """Return ``count`` datasets for cross-validation, each with a different validation part.

        Training and validation samples are pooled, shuffled and divided (by class if `stratified`); the test part is
        unchanged. A class that a fold lacks gives a warning. Each dataset is scaled like this one, fitted on its
        training part.

        >>> from zerokara.data import load
        >>> [len(fold.validation) for fold in load("digits").split(test=0.2).folds(3)]
        [480, 479, 479]
        """
        data = self.pooled_original()
        order = stream(seed, "folds").permutation(len(data.train))
        indices = folds(order, count, data.train.t if self.stratified else None)
        if self.task == "classification":
            warn_of_folds(indices, data.train.t, self.classes)
        datasets = []
        for k, chosen in enumerate(indices):
            rest = np.concatenate([fold for j, fold in enumerate(indices) if j != k])
            fold = data.with_parts(data.train.take(rest), data.train.take(chosen), data.test)
            datasets.append(self._scaled_alike(fold))
        return tuple(datasets)

    def pooled(self) -> "Dataset":
        """Return the dataset with its validation samples moved back to the training part, scaled again."""
        return self._scaled_alike(self.pooled_original())

    def pooled_original(self) -> "Dataset":
        """Return the dataset before scaling, with its validation samples moved back to the training part."""
        data = self.original or self
        if data.validation is None:
            return data
        return data.with_parts(join([data.train, data.validation]), None, data.test)

    def _scaled_alike(self, other: "Dataset") -> "Dataset":
        """Return the other dataset, scaled like this one."""
        return other.scaled(self.preprocess.kind) if self.was_scaled else other

    def fingerprint(self) -> str:
        """Return a SHA-256 digest of all arrays, their shapes and the class names; for a table, of the raw rows.

        The name of the dataset is not included: a copy under another file name has the same fingerprint.

        >>> from zerokara.data import load
        >>> load("digits").fingerprint()[:12]
        '46e0c46bf6cf'
        """
        shape = self.sample_shape if self.train.table is None else ()
        digest = hashlib.sha256(repr((self.task, self.classes, shape)).encode())
        for what, part in self.parts.items():
            part.update(digest, what)
        return digest.hexdigest()

    def describe(self) -> str:
        """Return a one-line summary: the name, the number and shape of samples, and the parts."""
        total, shape = sum(map(len, self.parts.values())), self.sample_shape
        nouns = {"classification": "classes", "multilabel": "labels", "regression": "targets"}
        noun = nouns[self.task][: -1 if self.n_outputs == 1 else None]
        has = "samples of " + (f"{shape[0]} features" if len(shape) == 1 else "x".join(map(str, shape)))
        if self.encoder is not None:
            count = len(self.encoder.codings)
            has = f"rows, {count} column{'s' * (count != 1)} as {self.n_inputs} input{'s' * (self.n_inputs != 1)}"
        return f"{self.name}: {total:,} {has}, {self.n_outputs} {noun}; {self.parts_text}"

    def _repr_html_(self) -> str:
        rows = {what: f"{len(part):,} samples" for what, part in self.parts.items()}
        return html_table(self.describe().partition(";")[0], rows | {self.task: few(self.classes)})

    @property
    def was_scaled(self) -> bool:
        """Whether `scaled` was called; the target of a table is always standardized."""
        return self.preprocess.kind != "none" and not (self.encoder is not None and self.preprocess.kind == "target")

    def _require_untouched(self, what: str) -> None:
        if self.was_scaled:
            raise InputError(
                f"{what} needs an unscaled dataset, got {self.name} scaled by {self.preprocess.kind}: use the original"
            )
        if "validation" in self.split_settings:
            raise InputError(
                f"{what} needs an unsplit dataset, got {self.name} split with {self.split_settings}: use the original"
            )
