"""Real CSV and Parquet files are read correctly, or raise an error that names the file."""

import builtins
import gzip
import os
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from zerokara.data import load
from zerokara.data.columns.interpret import interpret
from zerokara.data.columns.texts import TextRules
from zerokara.data.table_files.reading import read_table_file
from zerokara.errors import InputError

PLAIN = "size,city,sold\n1.5,Bern,true\n,Basel,false\n3,,\n"


def read(path, text=()):
    return interpret(read_table_file(path).cells, TextRules(text=text)).columns


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
    columns = read(path)
    assert [column.kind for column in columns.values()] == ["number", "category", "boolean"]
    assert list(map(cells, columns.values())) == [[1.5, None, 3], ["Bern", "Basel", None], [1, 0, None]]


def test_parquet_and_csv_say_the_same(tmp_path):
    frame = pd.DataFrame({"size": [1.5, None, 3], "city": ["Bern", "Basel", None], "rooms": [1, 2, 3]})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    one, other = (read(tmp_path / name) for name in ("a.parquet", "a.csv"))
    assert [cells(column) for column in one.values()] == [cells(column) for column in other.values()]


def test_a_cell_over_several_lines_and_a_name_with_a_comma(tmp_path):
    (tmp_path / "a.csv").write_text('"a, b",c\n"x\ny",1\n"say ""z""",2\n')
    columns = read(tmp_path / "a.csv")
    assert cells(columns["a, b"]) == ["x\ny", 'say "z"']
    assert cells(columns["c"]) == [1, 2]


def test_a_carriage_return_in_a_cell_of_a_file_with_comments(tmp_path):
    (tmp_path / "a.csv").write_bytes(b'a,b\n# note\n"x\ry",1\nz,2\n')
    assert cells(read(tmp_path / "a.csv")["a"]) == ["x\ry", "z"]


def test_the_empty_lines_of_a_single_column_are_missing_cells(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n\n3\n")
    assert cells(read(tmp_path / "a.csv")["a"]) == [1, None, 3]


def test_types_are_those_of_the_whole_file_however_long(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 600_000 + "x,2.5\n")
    columns = read(tmp_path / "a.csv")
    assert columns["a"].levels == ("1", "x")
    assert columns["b"].values[-1] == 2.5


def test_columns_read_as_text_keep_what_is_written(tmp_path):
    (tmp_path / "a.csv").write_text("zip,n\n007,7\n010,10\n")
    columns = read(tmp_path / "a.csv", text=["zip"])
    assert (cells(columns["zip"]), cells(columns["n"])) == (["007", "010"], [7, 10])


WRONG = {
    "empty": (b"", "must hold a table, got an empty file"),
    "blank": (b"\n \n", "must hold a table, got an empty file"),
    "names alone": (b"a,b\n", "must have rows, got only a header"),
    "no names": (b"1,2\n3,4\n", "first line must hold the column names, got values: 1, 2"),
    "one name twice": (b"a,b,a\n1,2,3\n", "different names, got 'a' twice"),
    "no text": (b"a,b\n1,\0\n", "must be text, got binary data: export it as CSV"),
    "ragged": (b"a,b\n1,2\n1,2,3\n", "as many cells as the header, 2, got 3 in line 3: correct it"),
    "open quote": (b'a,b\n1,"x\n2,3\n', "every quote must be closed, got an open one in line 2"),
    "open quote, long": (
        b'a,b\n1,2\n3,"x\n' + b"2,3\n" * 50_000,
        "every quote must be closed, got an open one in line 3",
    ),
    "open quote in the header": (
        b'"a,b\n' + b"2,3\n" * 64_500,
        "every quote must be closed, got an open one in line 1",
    ),
    "no header of texts": (
        b"39,Bern\n40,Basel\n39,Bern\n",
        "first line must hold the column names, got values: 39, Bern",
    ),
    "a title above": (
        b"Houses of 2024\nsize,city\n1,Bern\n2,Zug\n3,Zug\n",
        "as many cells as the header, 1, got 2 in line 2: .*delete lines above the header",
    ),
    "several nameless": (b"a,,\n1,2,3\n", "first line must name every column, got 2 without a name"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_cannot_be_read_right_is_refused(case, tmp_path):
    content, message = WRONG[case]
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path / "a.csv")
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
    with pytest.raises(InputError, match=r"c.parquet: it must be a complete table"):
        load(tmp_path / "c.parquet", target="y")


def test_what_is_for_tables_alone_is_refused_for_others():
    with pytest.raises(InputError, match="target needs a table, such as a CSV file, got digits"):
        load("digits", target="y")


@pytest.mark.parametrize("package", ["pyarrow", "narwhals"])
def test_a_package_that_is_not_installed_is_named_with_its_extra(package, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text(PLAIN)
    parquet.write_table(pa.table({"a": [1, 2]}), tmp_path / "a.parquet")
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.split(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=rf"reading .* needs {package}, .* pip install narwhals pyarrow"):
        read(tmp_path / "a.parquet")


ENCODINGS = ["utf-8-sig", "utf-16", "utf-16-le", "cp932", "cp1252", "gb18030", "euc_jp", "cp1251"]
WORDS = {
    **{name: ["東京", "大阪", "はい", "カナ"] for name in ("cp932", "euc_jp")},
    "cp1252": ["Zürich", "Genève", "Orléans", "Straße"],
    "gb18030": ["城市", "价格", "北京", "上海"],
    "cp1251": ["Москва", "Казань", "город", "цена"],
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_encoding_is_given_or_found_and_reported(encoding, tmp_path):
    words = WORDS.get(encoding, ["Zürich", "東京", "b", "c"])
    (tmp_path / "a.csv").write_bytes(("a,b\n" + "".join(f"{word},1\n" for word in words * 3)).encode(encoding))
    assert set(read_table_file(tmp_path / "a.csv", encoding).cells["a"].column.levels) == set(words)
    if encoding in ("utf-16-le", "euc_jp"):  # Without a mark, or rare: it has to be given.
        return
    raw = read_table_file(tmp_path / "a.csv")
    assert set(raw.cells["a"].column.levels) == set(words)
    assert raw.notes == (
        () if encoding == "utf-8-sig" else (f"read as {raw.notes[0].split()[2][:-1]}; --encoding sets the encoding",)
    )


def test_an_encoding_that_does_not_fit_is_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes("a,b\nü,1\n".encode("cp1252"))
    for encoding, message in (
        ("utf8", "must be utf8 text, got the byte 0xfc in line 2"),
        ("xyz", "unknown encoding 'xyz'"),
    ):
        with pytest.raises(InputError, match=message):
            read_table_file(tmp_path / "a.csv", encoding)
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="--encoding is for text files, got .parquet"):
        read_table_file(tmp_path / "a.parquet", "utf8")


DAMAGED = {
    "a.csv.gz": (gzip.compress(PLAIN.encode())[:-9], "compressed file must be complete"),
    "a.csv.zst": (b"(\xb5/\xfd not zstd", "must be complete"),
    "a.csv.xz": (b"\xfd7zXZ\0 no", "compressed file must be complete"),
    "a.zip": (b"PK\3\4 no", "compressed file must be complete"),
    "a.xlsx": (b"PK\3\4 no", "must be a complete .xlsx file"),
    "a.xls": (b"\xd0\xcf\x11\xe0", "must be an .xlsx file, got .xls: save it as"),
    "a.feather": (b"ARROW1 no", "must be a complete table"),
    "a.json": (b'{"a": [1', "must be valid JSON"),
    "deep.json": (b"[" * 100_000, "must be valid JSON"),
    "a.jsonl": (b'{"a": 1}\n{"a": \n', "must be valid JSON, got .* in line 2"),
    "list.json": (b"[1, 2]", "must be a list of records"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_one_error(case, tmp_path):
    content, message = DAMAGED[case]
    (tmp_path / case).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table_file(tmp_path / case)


def test_a_zip_file_of_several_tables_names_them(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("train.csv", "test.csv", "readme.pdf"):
            archive.writestr(name, PLAIN)
    with pytest.raises(InputError, match="one table, got train.csv, test.csv: unpack it"):
        read_table_file(tmp_path / "a.zip")


def test_a_compressed_file_unpacks_up_to_a_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("ZEROKARA_MAX_BYTES", "1000")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 1000))
    with pytest.raises(
        InputError, match="unpack to 1,000 bytes, got more: .* set ZEROKARA_MAX_BYTES to a larger number"
    ):
        read_table_file(tmp_path / "a.csv.gz")
    monkeypatch.setenv("ZEROKARA_MAX_BYTES", "5000")
    assert len(read_table_file(tmp_path / "a.csv.gz").cells["a"]) == 1000


def test_constant_columns_are_counted_and_not_listed(tmp_path):
    (tmp_path / "a.csv").write_text(
        ",".join(f"c{k}" for k in range(2000)) + ",y\n" + ("1," * 2000 + "a\n" + "1," * 2000 + "b\n") * 3
    )
    with pytest.raises(InputError, match="'c7' and 1,992 more .it is constant.") as caught:
        load(tmp_path / "a.csv", target="y")
    assert len(str(caught.value)) < 500


def test_the_time_to_load_grows_with_the_columns_not_with_their_square(tmp_path):
    seconds = {}
    for width in (400, 3200):
        rows = [",".join(f"{(k + 1) * r}.5" for k in range(width)) + f",{'ab'[r % 2]}\n" for r in range(1, 13)]
        (tmp_path / "a.csv").write_text(",".join(f"g{k}" for k in range(width)) + ",y\n" + "".join(rows))
        runs = []
        for _ in range(3):
            start = time.process_time()
            load(tmp_path / "a.csv", target="y")
            runs.append(time.process_time() - start)
        seconds[width] = min(runs)
    assert seconds[3200] < 16 * seconds[400], "8 times the columns: 64 times if it were quadratic"


def test_a_file_whose_name_is_not_utf8_is_read(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv"))
    path.write_text(PLAIN)
    assert list(read(path)) == ["size", "city", "sold"]
    path.write_text("a,a\n1,2\n")
    with pytest.raises(InputError, match="different names"):
        read(path)
