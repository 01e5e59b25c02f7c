"""DataFrames (pandas, Polars and pyarrow, through narwhals) and dicts of arrays, as raw columns."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.checks import as_array
from zerokara.data.columns.column import Column
from zerokara.data.columns.raw import RawTable, labeled, of_integers, of_objects
from zerokara.data.columns.texts import Texts
from zerokara.errors import InputError, install

_INDEX = re.compile(r"__index_level_\d+__")
"""The name that pandas gives an index without one in a Parquet file."""


def raw_table(frame: Any) -> RawTable:
    """Return the columns of a DataFrame, or of a dict from names to cells.

    A dict needs only NumPy; a DataFrame needs narwhals.

    >>> raw = raw_table({"age": [30, None], "city": ["Bern", "Basel"]}).cells
    >>> raw["age"].values, raw["city"].column.levels
    (array([30., nan]), ('Basel', 'Bern'))
    """
    if isinstance(frame, RawTable):
        return frame
    if isinstance(frame, Mapping):
        names = labeled(frame)
        cells = {name: _of_cells(name, column) for name, column in zip(names, frame.values(), strict=True)}
        sizes = {name: len(column) for name, column in cells.items()}
        if len(set(sizes.values())) > 1:
            raise InputError(f"the columns of a table must have one length, got {sizes}: make them equal")
        return RawTable(cells, source=dict(zip(names, frame.values(), strict=True)))
    if isinstance(frame, np.ndarray | list | tuple):
        raise InputError(
            f"a table must have named columns, got a {type(frame).__name__}: pass a DataFrame or a dict such as "
            '{"age": [30, 41], "city": ["Bern", "Basel"]}'
        )
    try:
        import narwhals as nw
    except ModuleNotFoundError as error:
        raise missing_package("a DataFrame", "narwhals", "pyarrow") from error
    from narwhals.exceptions import DuplicateError

    try:
        table: Any = nw.from_native(frame, eager_only=True)
    except DuplicateError as error:
        labeled(getattr(frame, "column_names", None) or getattr(frame, "columns", []))
        raise InputError(f"columns must have different names, got some twice ({error}): rename them") from error
    except TypeError as error:
        lazy = hasattr(frame, "collect")
        raise InputError(
            "a table must be a DataFrame (pandas, Polars, pyarrow), a dict of columns, or the path of a table's file, "
            f"got {type(frame).__name__}" + (": call its collect() first" if lazy else "")
        ) from error
    names = labeled(table.columns)
    cells = {name: _of_series(name, series, nw) for name, series in zip(names, table.iter_columns(), strict=True)}
    return RawTable(cells, _index(frame, names), notes=_index_note(frame), source=frame)


def missing_package(what: str, package: str, *others: str) -> InputError:
    """Return the error for a package that is not installed; ``others`` are likely to be missing too."""
    packages = sorted({package, *others})
    return InputError(
        f"reading {what} needs {package}, which is not installed: {install(*packages)}, or pass a dict from column "
        "names to values"
    )


def _index(frame: Any, names: list[str]) -> frozenset[str]:
    """Return the columns that are the index of a saved pandas DataFrame: by the file's metadata, or by their name."""
    metadata = getattr(getattr(frame, "schema", None), "metadata", None) or {}
    try:
        levels = json.loads(metadata[b"pandas"])["index_columns"]
    except (KeyError, TypeError, ValueError, RecursionError):
        levels = []
    levels = [level for level in levels if isinstance(level, str)] if isinstance(levels, list) else []
    return frozenset(name for name in names if name in levels or _INDEX.fullmatch(name))


def _index_note(frame: Any) -> tuple[str, ...]:
    """Return a note if the index of a pandas DataFrame holds more than row numbers: it is not a column."""
    index = getattr(frame, "index", None)
    names = [str(name) for name in getattr(index, "names", ()) if name is not None]
    if index is None or not (names or getattr(index, "dtype", np.dtype(int)).kind not in "iu"):
        return ()
    which = f" {', '.join(map(repr, names))}" if names else ""
    return (f"the index{which} of the DataFrame is not used: call reset_index() to make it a column",)


def _of_series(name: str, series: Any, nw: Any) -> Column | Texts:
    dtype = series.dtype
    if dtype in (nw.Int128, nw.UInt128):  # NumPy has no such types.
        return of_objects(name, series.to_list())
    if dtype.is_numeric() or dtype == nw.Boolean:
        gaps = series.is_null().to_numpy()
        zero = False if dtype == nw.Boolean else 0
        # NumPy integers cannot hold nulls, and nullable pandas columns cannot hold NaN.
        filled = series.fill_null(zero)
        if dtype.is_integer():
            return of_integers(name, np.asarray(filled.to_numpy()), gaps)
        values: Array = np.array(filled.cast(nw.Float64).to_numpy(), float)
        values[gaps] = np.nan
        return Column(name, "boolean" if dtype == nw.Boolean else "number", values)
    if dtype.is_temporal():
        present = [cell for cell in series.head(1000).to_list() if cell is not None and cell == cell]
        such = f", such as {present[0]}" if present else ""
        return Column(name, "time", np.full(len(series), np.nan), note=f"dates or times{such}")
    cells = series.to_list()
    if dtype in (nw.Categorical, nw.Enum):
        column = of_objects(name, cells)
        return replace(column.column, name=name) if isinstance(column, Texts) else column.as_category()
    if dtype.is_nested() or dtype == nw.Binary:
        note = f"values of the type {dtype}, which are not numbers, texts or booleans"
        return Column(name, "other", np.full(len(cells), np.nan), note=note)
    return of_objects(name, cells)


def _of_cells(name: str, cells: Any) -> Column | Texts:
    if isinstance(cells, list | tuple):
        return of_objects(name, list(cells))
    if isinstance(cells, str | bytes) or np.ndim(cells) == 0:
        raise InputError(f"column {name!r} must be a list of cells, got {cells!r:.80}: put a single cell in a list")
    array = as_array(cells, f"column {name!r}")
    if array.ndim != 1:
        raise InputError(f"column {name!r} must have one axis, got the shape {array.shape}: split it into columns")
    if array.dtype.kind in "iu":
        return of_integers(name, array, np.zeros(len(array), bool))
    if array.dtype.kind == "f":
        return Column(name, "number", array.astype(float))
    if array.dtype.kind == "b":
        return Column(name, "boolean", array.astype(float))
    if array.dtype.kind in "mM":
        return Column(name, "time", np.full(len(array), np.nan), note="dates or times")
    return of_objects(name, array.tolist())
