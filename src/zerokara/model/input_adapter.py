"""Samples and parts of a dataset, checked and scaled for the networks of a model's member."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.checks import as_array, is_sparse
from zerokara.data import Dataset, Encoder, Part, Preprocess
from zerokara.data.columns.column import Column
from zerokara.data.loaders.tables import are_columns, read_rows
from zerokara.data.sparse import as_rows
from zerokara.errors import InputError, unknown, warn
from zerokara.model.ensemble import ModelMember

PARTS = ("train", "validation", "test")
COLUMNS_SHOWN = 8
"""The maximum number of columns in a warning."""


@dataclass(frozen=True, eq=False)
class InputAdapter:
    """The properties of the training data that other data must share."""

    task: str
    classes: tuple[str, ...]
    sample_shape: tuple[int, ...]
    member: ModelMember

    def read(self, x: Any, known: Encoder | None = None) -> Any:
        """Return samples in the data's own units as `ModelMember.inputs` takes them: (N, D), or the columns of a table.

        Args:
            x: (N, D) or (N, *sample_shape), or one sample, (D,) or sample_shape; for a table, rows with named columns.
            known: warn of values that this encoder does not know, unless x are columns that were read before.
        """
        if self.member.encoder:
            columns = read_rows(x, self.member.encoder).columns
            if known is not None and not are_columns(x):
                _warn_of_new(known, columns)
            return columns
        array, flat = as_rows(x, "x") if is_sparse(x) else as_array(x, "x"), (prod(self.sample_shape),)
        if array.shape in (flat, self.sample_shape):
            array = array[None]
        if array.shape[1:] not in (flat, self.sample_shape):
            shapes = " or ".join(map(str, dict.fromkeys([flat, self.sample_shape])))
            raise InputError(f"x must be samples of the shape {shapes}, or one sample, got the shape {array.shape}")
        return array if is_sparse(x) else array.reshape(len(array), *flat)

    def part(self, data: Dataset, part: str, known: Encoder | None = None) -> Part:
        """Return a part of ``data``, which are unscaled, scaled by `Dataset.scaled`, or as the training data were.

        Classes are matched by name: some may be missing from the data, and their order may differ.

        Args:
            known: warn of values of a table that this encoder does not know, unless the part was split from others,
                which may lack some values.
        """
        preprocess, encoder = self.member.preprocess, self.member.encoder
        if part not in PARTS:
            raise unknown("part", part, PARTS)
        if encoder is None and (data.task, data.preprocess.inputs) != (self.task, prod(self.sample_shape)):
            raise InputError(
                f"data for this model are for {self.task} with {prod(self.sample_shape)} features, got "
                f"{data.name}: {data.task} with {data.preprocess.inputs}"
            )
        if encoder is None and data.original is not None and not _same(data.preprocess, preprocess):
            data = data.original
        chosen: Part | None = getattr(data, part)
        if chosen is None:
            raise InputError(f"{data.name} has no {part} part: split it, or name another part")
        x, t, table = chosen.x, chosen.t, chosen.table
        if encoder:
            if table is None or data.task != self.task:
                got = "no table" if table is None else data.task
                raise InputError(
                    f"data for this model are tables for {self.task} of {encoder.target!r}, got {data.name}: {got}"
                )
            # From the raw rows, by the model's encoder: the data's own may have other columns and categories.
            x, t = encoder.transform(table.columns), table.t
            if known is not None and part == "train":
                _warn_of_new(known, table.columns)
        if encoder or data.preprocess.kind == "none":
            x = preprocess.transform(x)
            t = preprocess.transform_target(t) if self.task == "regression" else t
        elif not _same(data.preprocess, preprocess):
            raise InputError(f"{data.name} is not scaled like the model's data: pass it unscaled")
        return Part(x, self._numbered(data, t), chosen.weights)

    def _numbered(self, data: Dataset, t: Array) -> Array:
        """Return the targets with the model's class numbers."""
        if self.task != "classification":
            if data.classes != self.classes:
                raise InputError(
                    f"the model's outputs are {_shown(self.classes)}; {data.name} has {_shown(data.classes)}"
                )
            return t
        if unknown_names := [name for name in data.classes if name not in self.classes]:
            raise InputError(
                f"the model knows the classes {_shown(self.classes)}; {data.name} has also {_shown(unknown_names)}"
            )
        numbers: Array = np.array([self.classes.index(name) for name in data.classes])[t]
        return numbers


def _warn_of_new(known: Encoder, columns: Mapping[str, Column]) -> None:
    """Warn of values that occurred at most once in training, and of missing cells where training had none."""
    if notes := known.new_values(columns):
        more = f"; and {len(notes) - COLUMNS_SHOWN:,} more columns" if len(notes) > COLUMNS_SHOWN else ""
        warn("; ".join(notes[:COLUMNS_SHOWN]) + more)


def _same(one: Preprocess, other: Preprocess) -> bool:
    pairs = zip(one.arrays().values(), other.arrays().values(), strict=True)
    return one.kind == other.kind and all(np.array_equal(a, b) for a, b in pairs)


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
