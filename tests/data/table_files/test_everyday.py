"""Everyday files are read as what they mean, and every door reads the same: files, DataFrames, the command line."""

import csv
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from tests.data.table_files.everyday import EVERYDAY, N
from zerokara.cli import main
from zerokara.data import Dataset, from_table, load
from zerokara.data.table_files.reading import read_table_file

FRAMES = {
    "pandas": pa.Table.to_pandas,
    "polars": lambda table: pl.from_arrow(table).rename(dict.fromkeys(["column_0"], ""), strict=False),
    "pyarrow": lambda table: table,
}


def saved(case: str, folder: Path) -> Path:
    path = folder / case
    path.write_bytes(EVERYDAY[case].content)
    return path


def cells(data: Dataset) -> dict[str, list[Any]]:
    """Return the cells of each input as Python values."""
    columns = data.train.table.columns
    return {
        name: [None if np.isnan(v) else column.levels[int(v)] if column.levels else v for v in column.values.tolist()]
        for name, column in columns.items()
    }


def loaded(read: Any, *args: Any) -> tuple[Dataset, str]:
    """Return a dataset, and its warnings as one text."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = read(*args, "sold")
    return data, "\n".join(str(each.message) for each in caught)


@pytest.mark.parametrize("case", EVERYDAY)
def test_a_file_is_read_as_what_it_means(case, tmp_path):
    data, notes = loaded(load, saved(case, tmp_path))
    assert cells(data) == EVERYDAY[case].columns
    assert [data.classes[k] for k in data.train.t] == EVERYDAY[case].labels
    assert all(note in notes for note in EVERYDAY[case].notes), notes
    assert bool(notes) == bool(EVERYDAY[case].notes), notes


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("case", EVERYDAY)
def test_a_frame_of_the_same_cells_is_the_same_dataset(case, frame, tmp_path):
    path = saved(case, tmp_path)
    raw = read_table_file(path)
    table = pa.table(raw.source) if isinstance(raw.source, dict) else raw.source
    if frame == "polars":  # It keeps no names of pandas' index.
        table = table.drop_columns(list(raw.index))
    data, _ = loaded(from_table, FRAMES[frame](table))
    file, _ = loaded(load, path)
    assert data.fingerprint() == file.fingerprint()
    assert np.array_equal(data.train.x, file.train.x)
    assert data.classes == file.classes


@pytest.mark.parametrize("case", EVERYDAY)
def test_the_command_line_trains_on_the_file_and_predicts_it(case, tmp_path, capsys):
    path, run = saved(case, tmp_path), tmp_path / "run"
    tokens = ["tune", path, "--target", "sold", "--trials", "1", "--epochs", "1", "--hidden", "2", "--out", run]
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, tokens)))
    out = "".join(capsys.readouterr())
    assert ended.value.code == 0
    assert all(note in out for note in EVERYDAY[case].notes if "(it " not in note), out
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(run / "model.safetensors"), str(path), "--keep-columns"])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert ended.value.code == 0
    assert len(rows) == N
    assert [row["sold"] for row in rows] == EVERYDAY[case].labels
    assert {row["predicted sold"] for row in rows} <= set(EVERYDAY[case].labels)
