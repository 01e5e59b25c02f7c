"""A dataset: arrays and names, how it was cut, how it was scaled."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data.columns.encoder import Encoder
from zerokara.data.part import Part, join
from zerokara.data.pixels import pixel_range
from zerokara.data.preprocess import Preprocess
from zerokara.data.split import cut, folds, part_size
from zerokara.data.targets import Task
from zerokara.errors import InputError
from zerokara.rng import stream


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training, validation and test parts under their names; every method returns a new dataset.

    >>> from zerokara.data import load
    >>> data = load("digits").split(validation=0.2, test=0.2, seed=0)
    >>> print(data.describe())
    digits: 1,797 samples of 8x8, 10 classes; train 1,151, validation 287, test 359
    >>> data.train.x.shape, data.train.t.shape, data.n_inputs, data.n_outputs
    ((1151, 64), (1151,), 64, 10)
    """

    name: str
    task: Task
    train: Part
    validation: Part | None
    test: Part | None
    classes: tuple[str, ...]
    """Names of the classes; for multilabel and regression, of the outputs."""
    sample_shape: tuple[int, ...]
    """The shape of one sample before it was flattened: (8, 8), (28, 28), (32, 32, 3), (64,)."""
    preprocess: Preprocess
    split_settings: dict[str, Any] = field(default_factory=dict)
    """How it was cut, JSON-able: train_size, validation, test, seed, stratify."""
    original: "Dataset | None" = field(default=None, repr=False)
    """The same data as they were before they were scaled."""
    encoder: Encoder | None = None
    """Of a table, what made its columns inputs: fitted on the training part, whatever that is."""
    pixels: dict[str, float] | None = None
    """Of scaled pictures, what their pixels were like in their own units, see `pixel_range`."""

    def __repr__(self) -> str:
        return f"Dataset({self.describe()})"

    @property
    def n_inputs(self) -> int:
        """D, the number of features; of whitened data, the number of components."""
        return int(self.train.x.shape[1])

    @property
    def n_outputs(self) -> int:
        """C, the number of classes or outputs."""
        return len(self.classes)

    def first(self, n: int) -> "Dataset":
        """Return the dataset with only its first n training samples; cut and scale after it.

        >>> from zerokara.data import load
        >>> len(load("digits").first(500).train)
        500
        """
        self._require_untouched("first")
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 1 <= n <= len(self.train):
            raise InputError(f"train size must be 1 to {len(self.train)}, the training samples of {self.name}, got {n}")
        train = self.train.take(slice(0, int(n)))
        settings = {**self.split_settings, "train_size": int(n)}
        return replace(self.with_parts(train, self.validation, self.test), split_settings=settings)

    def with_parts(self, train: Part, validation: Part | None = None, test: Part | None = None) -> "Dataset":
        """Return the dataset with other parts; what a table's encoder learns, it learns anew from ``train``.

        All cuts go through here, folds of a cross-validation too: raw rows come in, no fold sees another's statistics.

        >>> from zerokara.data import from_table
        >>> data = from_table({"size": [1.0, 2, 3, 400], "t": ["a", "b", "a", "b"]}, "t")
        >>> fold = data.with_parts(data.train.take([0, 1, 2]), data.train.take([3]))
        >>> fold.encoder.codings[0].facts[0], data.encoder.codings[0].facts[0]  # the medians
        (np.float64(2.0), np.float64(2.5))
        """
        if train.table is None:
            return replace(self, train=train, validation=validation, test=test)
        encoder, regression = Encoder.fit(train.table), self.task == "regression"
        x = encoder.transform(train.table.columns)
        preprocess = Preprocess.fit(
            "target" if regression else "none", x, train.table.t if regression else None, self.n_outputs
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
        validation: float | None = 0.2,
        test: float | None = None,
        seed: int = 0,
        stratify: bool = False,
    ) -> "Dataset":
        """Return the dataset with validation and test parts cut from a shuffle of its training samples.

        The test part is cut first; `validation` is a share of what is left, the training data, so that it
        means the same for data that bring their own test part.

        Args:
            validation: a fraction f of the N training samples, ``int(N * f)`` of them, or a whole count;
                None cuts none.
            test: likewise; None keeps the official test part, or has none where there is none.
            seed: seed of the shuffle.
            stratify: keep the proportions of the classes in every part (classification only).

        Raises:
            InputError: a part would be empty, the data are split or scaled already, or `test` is given where
                there is an official test part.
        """
        self._require_untouched("split")
        if test is not None and self.test is not None:
            raise InputError(
                f"{self.name} brings its own test part ({len(self.test):,} samples), got test={test}: leave test out"
            )
        if stratify and self.task != "classification":
            raise InputError(f"stratify=True needs classes, got the task {self.task}: leave stratify out")
        rest = stream(seed, "split").permutation(len(self.train))
        labels = self.train.t if stratify else None
        parts = {}
        for what, size in (("test", test), ("validation", validation)):
            if size is not None:
                chosen, rest = cut(rest, part_size(size, len(rest), what), labels)
                parts[what] = self.train.take(chosen)
        train = self.train.take(rest)
        if labels is not None:
            lost = np.setdiff1d(labels, train.t)
            if len(lost):
                raise InputError(
                    f"stratify leaves no training sample of class {self.classes[lost[0]]!r}, which has "
                    f"{np.count_nonzero(labels == lost[0])} in all: add samples to it or make the other "
                    "parts smaller"
                )
        settings = {
            "validation": _plain(validation),
            "test": _plain(test),
            "seed": int(seed),
            "stratify": bool(stratify),
        }
        whole = self.with_parts(train, parts.get("validation"), parts.get("test", self.test))
        return replace(whole, split_settings={**self.split_settings, **settings})

    @property
    def unscaled(self) -> Array:
        """The training samples before they were scaled, (N, D)."""
        return (self.original or self).train.x

    def scaled(self, kind: str) -> "Dataset":
        """Return the dataset scaled: fitted on the training part only, applied to all (see `Preprocess`).

        A table needs none: its numbers are scaled, its target is (the kind "target"). Here what its encoder gives is
        scaled once more, and its target by the kind alone.

        Args:
            kind: "none", "target", "center", "standard", "range" or "whiten[:COMPONENTS[:SMOOTHING]]".
        """
        if self._was_scaled:
            raise InputError(f"{self.name} is scaled already ({self.preprocess.kind}): scale the original data once")
        regression = self.task == "regression"
        targets = self.train.t if self.train.table is None else self.train.table.t
        preprocess = Preprocess.fit(kind, self.train.x, targets if regression else None, self.n_outputs)

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
        """Return so many datasets for cross-validation: in each another share of the samples is the validation part.

        Training and validation samples are put together, shuffled and dealt anew (by class, where `split` was
        told to stratify); the test part stays. Each is scaled as this one is, fitted on its own training part.

        >>> from zerokara.data import load
        >>> [len(fold.validation) for fold in load("digits").split(test=0.2).folds(3)]
        [480, 479, 479]
        """
        whole = self.pooled_original()
        order = stream(seed, "folds").permutation(len(whole.train))
        dealt = folds(order, count, whole.train.t if self.split_settings.get("stratify") else None)
        found = []
        for k, chosen in enumerate(dealt):
            rest = np.concatenate([fold for j, fold in enumerate(dealt) if j != k])
            found.append(self._alike(whole.with_parts(whole.train.take(rest), whole.train.take(chosen), whole.test)))
        return tuple(found)

    def pooled(self) -> "Dataset":
        """Return the dataset with its validation samples put back to the training samples, scaled anew."""
        return self._alike(self.pooled_original())

    def pooled_original(self) -> "Dataset":
        """Return the training and validation samples as one training part, as they were before they were scaled."""
        whole = self.original or self
        if whole.validation is None:
            return whole
        return whole.with_parts(join([whole.train, whole.validation]), None, whole.test)

    def _alike(self, other: "Dataset") -> "Dataset":
        """Return the other dataset scaled as this one is."""
        return other.scaled(self.preprocess.kind) if self._was_scaled else other

    def fingerprint(self) -> str:
        """Return a SHA-256 over all arrays, their shapes and the class names: the same data, the same text.

        The name of the dataset is not part of it: a copy under another file name is still the same data. Of a table it
        is over the raw rows.

        >>> from zerokara.data import load
        >>> load("digits").fingerprint()[:12]
        '46e0c46bf6cf'
        """
        shape = self.sample_shape if self.train.table is None else ()
        digest = hashlib.sha256(repr((self.task, self.classes, shape)).encode())
        for part_name in ("train", "validation", "test"):
            part = getattr(self, part_name)
            if part is not None and part.table is not None:
                digest.update(part_name.encode())
                part.table.update(digest)
                continue
            for array in () if part is None else (part.x, part.t, part.weights):
                if array is None:
                    continue
                little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
                digest.update(f"{part_name} {little.dtype.str} {little.shape}".encode())
                digest.update(little.ravel().data)
        return digest.hexdigest()

    def describe(self) -> str:
        """Return one line for people: the name, how many samples of what, and the parts."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        sizes = {what: len(part) for what, part in parts.items() if part is not None}
        shape = self.sample_shape
        sample = f"{shape[0]} features" if len(shape) == 1 else "x".join(map(str, shape))
        noun = {"classification": "classes", "multilabel": "labels", "regression": "targets"}[self.task]
        if self.n_outputs == 1:
            noun = noun[:-1]
        listed = ", ".join(f"{what} {size:,}" for what, size in sizes.items())
        if self.encoder is not None:
            count = len(self.encoder.codings)
            columns = f"{count} column{'s' * (count != 1)} as {self.n_inputs} input{'s' * (self.n_inputs != 1)}"
            return f"{self.name}: {sum(sizes.values()):,} rows, {columns}, {self.n_outputs} {noun}; {listed}"
        return f"{self.name}: {sum(sizes.values()):,} samples of {sample}, {self.n_outputs} {noun}; {listed}"

    @property
    def _was_scaled(self) -> bool:
        """Whether `scaled` was called; a table's target is standardized without."""
        return self.preprocess.kind != "none" and not (self.encoder is not None and self.preprocess.kind == "target")

    def _require_untouched(self, what: str) -> None:
        if self._was_scaled:
            raise InputError(
                f"{what} comes before scaled: {self.name} was scaled with statistics of samples that would change parts"
            )
        if "validation" in self.split_settings:
            raise InputError(f"{what} comes before split, once: {self.name} was split with {self.split_settings}")


def _plain(size: float | None) -> float | None:
    """Return a NumPy number as Python's own, which JSON takes."""
    return size.item() if isinstance(size, np.generic) else size
