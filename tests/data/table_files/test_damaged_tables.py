"""Tables' files that are damaged or made to ask for much: rows, or an error of ours, at once."""

import bz2
import gzip
import io
import lzma
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from tests.bounds import bounds
from tests.fuzz import damaged, edited, seeds
from zerokara.data import from_table, load
from zerokara.data.table_files.reading import read_table_file
from zerokara.errors import InputError, ZerokaraError

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "size": RNG.normal(size=40).round(3),
        "town": RNG.choice(["Bern", "Basel", "Zürich"], 40),
        "old": RNG.random(40) < 0.5,
        "rooms": RNG.integers(1, 6, 40),
        "price": RNG.integers(100, 999, 40) / 10,
        "kind": RNG.choice(["house", "flat"], 40),
    }
)


def content_of(write: Callable[[Any], object]) -> bytes:
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def members_of(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


CSV = FRAME.to_csv(index=False).encode()
ARROW = pa.Table.from_pandas(FRAME)
FILES = {
    ".csv": CSV,
    ".tsv": FRAME.to_csv(index=False, sep="\t").encode("cp1252"),
    ".txt": FRAME.to_csv(index=False, sep=" ").encode(),
    ".json": FRAME.to_json(orient="records").encode(),
    ".jsonl": FRAME.to_json(orient="records", lines=True).encode(),
    ".parquet": content_of(lambda stream: pq.write_table(ARROW, stream)),
    ".feather": content_of(lambda stream: feather.write_feather(ARROW, stream)),
    ".arrow": content_of(lambda stream: feather.write_feather(ARROW, stream, compression="uncompressed")),
    ".xlsx": content_of(lambda stream: FRAME.to_excel(stream, index=False)),
    ".csv.gz": gzip.compress(CSV),
    ".csv.bz2": bz2.compress(CSV),
    ".csv.xz": lzma.compress(CSV),
    ".csv.zst": pa.compress(CSV, "zstd", asbytes=True),
    ".zip": zipped({"a.csv": CSV}),
}
SHEET = "xl/worksheets/sheet1.xml"


def damaged_file(kind: str, seed: int) -> bytes:
    draw, raw = random.Random(seed), FILES[kind]
    if kind in (".csv", ".json", ".jsonl", ".txt") and draw.random() < 0.5:
        return edited(raw.decode(), seed).encode("utf-8", "surrogatepass")
    if kind == ".xlsx" and draw.random() < 0.7:
        members = members_of(raw)
        name = draw.choice([SHEET, SHEET, *members])
        text = edited(members[name].decode(), seed).encode("utf-8", "replace")
        return zipped(members | {name: draw.choice((damaged(members[name], seed), text))})
    return damaged(raw, seed)


@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_table_is_read_or_refused(kind: str, tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    path = tmp_path / f"a{kind}"
    path.write_bytes(FILES[kind])
    assert load(path, target="price").task == "regression"
    for seed in seeds(15):
        path.write_bytes(damaged_file(kind, seed))
        try:
            with bounds():
                load(path, target=("price", "kind", None)[seed % 3])
        except ZerokaraError as error:
            str(error).encode()
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
        recwarn.clear()


def sheet(edit: Callable[[bytes], bytes]) -> bytes:
    members = members_of(content_of(lambda stream: FRAME[:4].to_excel(stream, index=False)))
    return zipped(members | {SHEET: edit(members[SHEET])})


def far_row(number: int) -> bytes:
    wide = rb'<dimension ref="A1:XFD1048576"'
    return sheet(
        lambda xml: re.sub(rb'<dimension ref="[^"]*"', wide, re.sub(rb'r="([A-F]?)5"', rb'r="\g<1>%d"' % number, xml))
    )


def wide_rows(count: int) -> bytes:
    rows = b"".join(b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (k, k) for k in range(6, count))
    return sheet(lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>"))


def parquet(table: dict[str, Any]) -> bytes:
    return content_of(lambda stream: pq.write_table(pa.table(table), stream, compression="zstd"))


def stream_of(table: dict[str, Any]) -> bytes:
    return content_of(lambda stream: feather.write_feather(pa.table(table), stream))


TEXT = pa.DictionaryArray.from_arrays(pa.array(np.zeros(3000, np.int32)), pa.array(["x" * 10_000]))
LONG = b"a,b\n" + (b"x" * 9990 + b",2\n") * 150
LARGE = {
    "many nulls.parquet": parquet({"a": pa.nulls(200_000, pa.int32()), "b": pa.nulls(200_000, pa.string())}),
    "many nulls.feather": stream_of({"a": pa.nulls(200_000)}),
    "a text many times.parquet": parquet({"a": TEXT.cast(pa.string())}),
    "a text many times.feather": stream_of({"a": TEXT}),
    "records of many columns.json": b"[" + b",".join(b'{"k%d":1}' % k for k in range(400)) + b"]",
    "columns of many records.json": b"{" + b",".join(b'"a%d":{"k%d":1}' % (k, k) for k in range(400)) + b"}",
    "lines of many columns.jsonl": b"\n".join(b'{"k%d":1}' % k for k in range(400)),
    "cells at the end of rows.xlsx": wide_rows(100),
    "a large sheet.xlsx": sheet(lambda xml: xml.replace(b"<sheetData>", b"<sheetData>" + b" " * 2_000_000)),
    "a large file.csv.gz": gzip.compress(LONG),
    "a large file.csv.bz2": bz2.compress(LONG),
    "a large file.csv.xz": lzma.compress(LONG),
    "a large file.csv.zst": pa.compress(LONG, "zstd", asbytes=True),
    "a large file.zip": zipped({"a.csv": LONG}),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_asks_for_more_than_the_limit_is_refused(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("ZEROKARA_MAX_BYTES", "1000000")
    path = tmp_path / name
    path.write_bytes(LARGE[name])
    with bounds(2), pytest.raises(InputError, match=r"may unpack to 1,000,000 bytes.* set ZEROKARA_MAX_BYTES"):
        read_table_file(path)
    monkeypatch.setenv("ZEROKARA_MAX_BYTES", "600000000")
    assert len(read_table_file(path).cells) >= 1


@pytest.mark.parametrize("number", [10_000, 10**9])
def test_a_row_far_below_the_others(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerokara.data.table_files.excel.LAST_ROW", 10_000)
    (tmp_path / "a.xlsx").write_bytes(far_row(number))
    with bounds():
        if number > 10_000:
            with pytest.raises(InputError, match="a sheet has 10,000 rows at most"):
                read_table_file(tmp_path / "a.xlsx")
        else:
            assert len(read_table_file(tmp_path / "a.xlsx").cells["size"]) == 4


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"a": "\\ud83d\\ude00"}, {"a": "b"}]')
    assert read_table_file(tmp_path / "a.json").cells["a"].column.levels == ("b", "\U0001f600")
    (tmp_path / "a.json").write_text('[{"a": "\\ud83d"}, {"a": "b"}]')
    with pytest.raises(InputError, match=r"a.json: .*surrogates not allowed"):
        read_table_file(tmp_path / "a.json")
    for frame in ({"a": ["\udcff", "b"] * 2, "t": [1, 2, 3, 4.5]}, {"\udcff": [1, 2.5] * 2, "t": [1, 2, 3, 4.5]}):
        with pytest.raises(InputError, match=r"must be Unicode text, got '\\udcff'"):
            from_table(frame, "t")


def test_columns_without_names_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1, 2])] * 3, names=["a", "", ""])
    feather.write_feather(table, tmp_path / "a.feather")
    with pytest.raises(InputError, match=r"a.feather: columns must have different names, got ''"):
        read_table_file(tmp_path / "a.feather")
