"""The sample weights of a table: a column of numbers that is no input."""

from collections.abc import Mapping

import numpy as np

from zerokara.arrays import Array, Index
from zerokara.data.columns.column import Column
from zerokara.data.columns.roles import ColumnInfo, describe_column
from zerokara.data.part import mean_one
from zerokara.errors import InputError, unknown


def find_weights(columns: Mapping[str, Column], name: str, kept: Index | None = None) -> tuple[Array, ColumnInfo]:
    """Return the weight of each row, with a mean of 1, and the role of the column.

    Args:
        kept: the rows that have a target; None for all.

    Raises:
        InputError: there is no such column, or it holds something other than numbers of 0 or above.
    """
    if name not in columns:
        raise unknown("column", name, list(columns)[:40])
    column = columns[name] if kept is None else columns[name].take(kept)
    if column.kind not in ("number", "boolean"):
        got = column.note or (f"texts such as {column.levels[0]!r}" if column.levels else "none")
        raise InputError(f"the weights {name!r} must be numbers, got {got}: choose another column")
    wrong = ~(np.isfinite(column.values) & (column.values >= 0))
    if wrong.any():
        row = int(wrong.argmax())
        got = "an empty cell" if np.isnan(column.values[row]) else f"{column.values[row]:g}"
        raise InputError(
            f"the weights {name!r} must be numbers of 0 or above, got {got} in row {row} (counted from 0): correct it"
        )
    return mean_one(column.values), ColumnInfo(name, "weights", "number", describe_column(column))
