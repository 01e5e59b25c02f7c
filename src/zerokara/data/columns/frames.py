"""DataFrames (pandas, Polars and pyarrow, through narwhals) and dicts of arrays, as columns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.checks import as_array
from zerokara.data.columns.column import Column, category, of_objects
from zerokara.errors import InputError

EXTRA = "pip install 'zerokara[tables]'"


def as_columns(frame: Any) -> dict[str, Column]:
    """Return the columns of a DataFrame, or of a dict from names to cells, with inferred types.

    A dict needs only NumPy; a DataFrame needs the extra ``tables``.

    >>> {name: c.kind for name, c in as_columns({"age": [30, None], "city": ["Bern", "Basel"]}).items()}
    {'age': 'number', 'city': 'category'}
    """
    if isinstance(frame, Mapping):
        if frame and all(isinstance(column, Column) for column in frame.values()):
            return dict(frame)
        columns = {str(name): _of_cells(str(name), cells) for name, cells in frame.items()}
        sizes = {name: len(column) for name, column in columns.items()}
        if len(set(sizes.values())) > 1:
            raise InputError(f"the columns of a table must have one length, got {sizes}: make them equal")
        return columns
    if isinstance(frame, np.ndarray | list | tuple):
        raise InputError(
            f"a table must have named columns, got a {type(frame).__name__}: pass a DataFrame or a dict such as "
            '{"age": [30, 41], "city": ["Bern", "Basel"]}'
        )
    try:
        import narwhals as nw
    except ModuleNotFoundError as error:
        raise missing_extra("a DataFrame", "narwhals") from error
    from narwhals.exceptions import DuplicateError

    try:
        table: Any = nw.from_native(frame, eager_only=True)
    except DuplicateError as error:
        names = [str(name) for name in getattr(frame, "columns", [])]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise duplicates(twice) from error
    except TypeError as error:
        lazy = hasattr(frame, "collect")
        raise InputError(
            "a table must be a DataFrame (pandas, Polars, pyarrow), a dict of columns, or the path of a CSV or Parquet "
            f"file, got {type(frame).__name__}" + (": call its collect() first" if lazy else "")
        ) from error
    names = [str(name) for name in table.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise duplicates(twice)
    return {name: _of_series(name, series, nw) for name, series in zip(names, table.iter_columns(), strict=True)}


def missing_extra(what: str, package: str) -> InputError:
    """Return the error for a package that is not installed."""
    return InputError(
        f"reading {what} needs {package}, which is not installed: {EXTRA}, or pass a dict from column names to values"
    )


def duplicates(names: list[str]) -> InputError:
    """Return the error for repeated column names."""
    return InputError(f"columns must have different names, got {', '.join(map(repr, names))} twice or more: rename one")


def _of_series(name: str, series: Any, nw: Any) -> Column:
    dtype = series.dtype
    if dtype.is_numeric() or dtype == nw.Boolean:
        gaps = series.is_null().to_numpy()
        zero = False if dtype == nw.Boolean else 0
        # NumPy integers cannot hold nulls, and nullable pandas columns cannot hold NaN.
        values: Array = np.array(series.fill_null(zero).cast(nw.Float64).to_numpy(), float)
        values[gaps] = np.nan
        return Column(name, "boolean" if dtype == nw.Boolean else "number", values)
    if dtype.is_temporal():
        present = [cell for cell in series.head(1000).to_list() if cell is not None and cell == cell]
        such = f", such as {present[0]}" if present else ""
        return Column(name, "time", np.full(len(series), np.nan), note=f"dates or times{such}")
    cells = series.to_list()
    if dtype in (nw.Categorical, nw.Enum):
        return of_objects(name, cells).as_category()
    if dtype.is_nested() or dtype == nw.Binary:
        note = f"values of the type {dtype}, which are not numbers, texts or booleans"
        return Column(name, "other", np.full(len(cells), np.nan), note=note)
    return of_objects(name, cells)


def _of_cells(name: str, cells: Any) -> Column:
    if isinstance(cells, str | bytes) or np.ndim(cells) == 0:
        raise InputError(f"column {name!r} must be a list of cells, got {cells!r}: put a single cell in a list")
    if isinstance(cells, list | tuple):
        return of_objects(name, list(cells))
    array = as_array(cells, f"column {name!r}")
    if array.ndim != 1:
        raise InputError(f"column {name!r} must have one axis, got the shape {array.shape}: split it into columns")
    if array.dtype.kind in "iuf":
        return Column(name, "number", array.astype(float))
    if array.dtype.kind == "b":
        return Column(name, "boolean", array.astype(float))
    if array.dtype.kind in "mM":
        return Column(name, "time", np.full(len(array), np.nan), note="dates or times")
    if array.dtype.kind in "UT":
        return category(name, [str(cell) for cell in array])
    return of_objects(name, array.tolist())
