"""Tables of inputs alone, whose targets come as an array, as scikit-learn's users have them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.checks import is_sparse
from zerokara.data.columns.encoder import Encoder
from zerokara.data.columns.frames import raw_table
from zerokara.data.columns.interpret import interpret
from zerokara.data.columns.raw import column_label, labeled
from zerokara.data.columns.roles import CAP, find_inputs, left_out
from zerokara.data.columns.table import Table
from zerokara.data.columns.texts import TextRules
from zerokara.data.loaders.tables import read_rows
from zerokara.errors import InputError, warn

NUMBER_TYPES = ("int", "uint", "float", "bool", "sparse[")
"""How the names of the types of numbers begin, in pandas and in Polars."""


def has_columns(X: Any) -> bool:
    """Return whether this is a DataFrame or a dict of columns. SciPy's ``dok_array``, a dict of cells, is an array."""
    # Of the class, because to look at the columns of a lazy frame is work.
    return hasattr(type(X), "columns") or (isinstance(X, Mapping) and not is_sparse(X))


def column_names(X: Any) -> list[Any] | None:
    """Return the names of the columns of a DataFrame or a dict of columns; None for arrays.

    >>> column_names({"age": [1, 2]}), column_names([[1, 2]])
    (['age'], None)
    """
    if not has_columns(X):
        return None
    if isinstance(X, Mapping):
        return list(X)
    return list(getattr(X, "column_names", X.columns))  # In pyarrow ``columns`` are the columns themselves.


def is_of_numbers(X: Any) -> bool:
    """Return whether all cells of a DataFrame are numbers, or true and false, so that it is as good as an array."""
    kinds = [str(kind).lower() for kind in set(getattr(X, "dtypes", ["unknown"]))]  # Few, also of many columns.
    if not all(kind.startswith(NUMBER_TYPES) for kind in kinds):
        return False
    try:
        return not np.isnan(np.asarray(X, float)).any()
    except (TypeError, ValueError):  # Missing cells of pandas' own types.
        return False


def input_table(X: Any, t: Array, target: Any = None) -> Table:
    """Return the rows of a DataFrame or a dict of columns, which are read as by `zerokara.data.from_table`.

    Args:
        t: the targets of the rows, as in `Table`.
        target: their name, "target" by default, or if a column of ``X`` has it another.

    >>> table = input_table({"size": [1.0, None, 3.0]}, np.array([0, 1, 0]))
    >>> table.target, table.columns["size"].values, table.t
    ('target', array([ 1., nan,  3.]), array([0, 1, 0]))
    """
    raw = raw_table(X)
    name = column_label(target or "target")
    while name in raw.cells:
        name += "_"
    rules = TextRules()
    read = interpret(raw.cells, rules, raw.typed)
    inputs, infos = find_inputs(read.columns, (), (), CAP, raw.index)
    notes = [*raw.notes, *read.notes(inputs)]
    notes += [f"columns left out: {unused}"] if (unused := left_out(infos)) else []
    for note in notes:
        warn(note)
    table = Table(inputs, t, name, tuple(infos), rules.missing, read.decimal)
    return _with_targets(table, t)


def more_rows(X: Any, encoder: Encoder, t: Array) -> Table:
    """Return further rows, read as those that the encoder was fitted to."""
    columns = read_rows(X, encoder).columns
    encoder.require(columns)
    columns = {coding.name: columns[coding.name] for coding in encoder.codings}
    return _with_targets(Table(columns, t, encoder.target, (), encoder.missing, encoder.decimal), t)


def require_columns(names: list[Any], known: list[str]) -> None:
    """Raise InputError unless these are the names of the columns in `fit`, in any order."""
    given = labeled(names)
    if missing := [name for name in known if name not in given]:
        raise InputError(f"X must have the columns of fit, got no {_in_quotes(missing)}: add it, or leave cells empty")
    if unknown := [name for name in given if name not in known]:
        raise InputError(f"X must have the columns of fit only, got also {_in_quotes(unknown)}: leave it out")


def _with_targets(table: Table, t: Array) -> Table:
    rows = len(next(iter(table.columns.values())))
    if rows != len(t):
        raise InputError(f"X and y must have one length, got {rows} rows and {len(t)} targets: correct one")
    return replace(table, t=t)


def _in_quotes(names: list[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "")
