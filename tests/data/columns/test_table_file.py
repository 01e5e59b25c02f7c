"""Real CSV and Parquet files are read correctly, or raise an error that names the file."""

import builtins

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from zerokara.data import load
from zerokara.data.columns.table_file import read_table_file
from zerokara.errors import InputError

PLAIN = "size,city,sold\n1.5,Bern,true\n,Basel,false\n3,,\n"


def cells(column):
    values = [None if np.isnan(v) else v for v in column.values.tolist()]
    return [None if v is None else column.levels[int(v)] for v in values] if column.kind == "category" else values


WRITTEN = {
    "commas": PLAIN,
    "semicolons": PLAIN.replace(",", ";"),
    "tabs": PLAIN.replace(",", "\t"),
    "bars": PLAIN.replace(",", "|"),
    "decimal commas": PLAIN.replace(",", ";").replace("1.5", "1,5"),
    "a mark of UTF-8": "\ufeff" + PLAIN,
    "lines as Windows ends them": PLAIN.replace("\n", "\r\n"),
    "no end of the last line": PLAIN[:-1],
    "quotes": PLAIN.replace("size,city", '"size","city"').replace("Bern", '"Bern"'),
    "question marks": PLAIN.replace(",Basel", "?,Basel"),
    "NA": PLAIN.replace(",Basel", "NA,Basel").replace("3,,", "3,NA,NA"),
    "an empty first line": "\n" + PLAIN,
}


@pytest.mark.parametrize("how", WRITTEN)
def test_one_table_written_in_many_ways_reads_alike(how, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(WRITTEN[how].encode())
    columns = read_table_file(path)
    assert [column.kind for column in columns.values()] == ["number", "category", "boolean"]
    assert list(map(cells, columns.values())) == [[1.5, None, 3], ["Bern", "Basel", None], [1, 0, None]]


def test_parquet_and_csv_say_the_same(tmp_path):
    frame = pd.DataFrame({"size": [1.5, None, 3], "city": ["Bern", "Basel", None], "rooms": [1, 2, 3]})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    one, other = (read_table_file(tmp_path / name) for name in ("a.parquet", "a.csv"))
    assert [cells(column) for column in one.values()] == [cells(column) for column in other.values()]


def test_a_cell_over_several_lines_and_a_name_with_a_comma(tmp_path):
    (tmp_path / "a.csv").write_text('"a, b",c\n"x\ny",1\n"say ""z""",2\n')
    columns = read_table_file(tmp_path / "a.csv")
    assert cells(columns["a, b"]) == ["x\ny", 'say "z"']
    assert cells(columns["c"]) == [1, 2]


def test_the_empty_lines_of_a_single_column_are_missing_cells(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n\n3\n")
    assert cells(read_table_file(tmp_path / "a.csv")["a"]) == [1, None, 3]


def test_types_are_those_of_the_whole_file_however_long(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 600_000 + "x,2.5\n")
    columns = read_table_file(tmp_path / "a.csv")
    assert columns["a"].levels == ("1", "x")
    assert columns["b"].values[-1] == 2.5


def test_columns_read_as_text_keep_what_is_written(tmp_path):
    (tmp_path / "a.csv").write_text("zip,n\n007,007\n010,010\n")
    columns = read_table_file(tmp_path / "a.csv", text=["zip"])
    assert (cells(columns["zip"]), cells(columns["n"])) == (["007", "010"], [7, 10])


WRONG = {
    "empty": (b"", "must hold a table, got an empty file"),
    "blank": (b"\n \n", "must hold a table, got an empty file"),
    "names alone": (b"a,b\n", "must have rows, got only a header"),
    "no names": (b"1,2\n3,4\n", "first line must hold the column names, got numbers: 1, 2"),
    "one name twice": (b"a,b,a\n1,2,3\n", "different names, got 'a' twice"),
    "Latin-1": ("a,b\nü,1\n".encode("latin1"), "UTF-8 text, got the byte 0xfc in line 2: save it as 'CSV UTF-8'"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "got UTF-16"),
    "no text": (b"a,b\n1,\0\n", "got UTF-16 or binary data"),
    "ragged": (b"a,b\n1,2\n1,2,3\n", "Row #2: Expected 2 columns, got 3"),
    "open quote": (b'a,b\n1,"x\n2,3\n', "every quote must be closed"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_cannot_be_read_right_is_refused(case, tmp_path):
    content, message = WRONG[case]
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_table_file(tmp_path / "a.csv")
    assert str(tmp_path / "a.csv") in str(caught.value)


def test_other_delimiters_show_as_one_column(tmp_path):
    (tmp_path / "a.csv").write_text("a:y\n1:2\n")
    with pytest.raises(InputError, match="got 'y' and the single column 'a:y': separate cells by commas"):
        load(tmp_path / "a.csv", target="y")


def test_a_missing_file_a_folder_and_a_damaged_parquet(tmp_path):
    with pytest.raises(InputError, match="must be an existing file, got"):
        load(tmp_path / "a.csv", target="y")
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(InputError, match="got the folder"):
        load(tmp_path / "b.csv", target="y")
    parquet.write_table(pa.table({"a": [1, 2], "y": [1, 2]}), tmp_path / "c.parquet")
    (tmp_path / "c.parquet").write_bytes((tmp_path / "c.parquet").read_bytes()[:-9])
    with pytest.raises(InputError, match=r"c.parquet must be a complete table"):
        load(tmp_path / "c.parquet", target="y")


def test_what_is_for_tables_alone_is_refused_for_others():
    with pytest.raises(InputError, match="target needs a CSV or Parquet file, got digits"):
        load("digits", target="y")


@pytest.mark.parametrize("package", ["pyarrow", "narwhals"])
def test_a_package_that_is_not_installed_is_named_with_its_extra(package, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text(PLAIN)
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.split(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=rf"reading .* needs {package}, .* pip install 'zerokara\[tables\]'"):
        read_table_file(tmp_path / "a.csv")
