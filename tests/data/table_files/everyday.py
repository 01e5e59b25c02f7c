"""Everyday files of tables, each with what must be read: the cells of the inputs, the labels, and what is reported."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
from pyarrow import feather, parquet

N = 24
SIZE = [1.5 * k + 0.25 for k in range(N)]
ROOMS = [1 + k % 4 for k in range(N)]
CITY = [("Bern", "Basel", "Zug")[k % 3] for k in range(N)]
SOLD = [("no", "yes")[k % 2] for k in range(N)]
TABLE: dict[str, list[Any]] = {"size": SIZE, "rooms": ROOMS, "city": CITY, "sold": SOLD}
COLUMNS = {"size": SIZE, "rooms": ROOMS, "city": CITY}


@dataclass(frozen=True)
class Everyday:
    """A file's content, its columns as they must be read, its labels, and parts of what is reported."""

    content: bytes
    columns: dict[str, list[Any]] = field(default_factory=lambda: COLUMNS)
    labels: list[str] = field(default_factory=lambda: SOLD)
    notes: tuple[str, ...] = ()


def text(
    table: dict[str, list[Any]] = TABLE,
    by: str = ",",
    end: str = "\n",
    show: Callable[[Any], str] = str,
    after: str = "",
) -> str:
    """Return a table as text, one line a row."""
    rows = [list(table), *map(list, zip(*table.values(), strict=True))]
    return "".join(by.join(map(show, row)) + after + end for row in rows)


def german(cell: Any) -> str:
    """Return a number as German spreadsheets write it."""
    return f"{cell:,}".translate(str.maketrans(",.", ".,")) if isinstance(cell, float | int) else cell


def quoted(cell: Any) -> str:
    return f'"{cell:,}"' if isinstance(cell, float | int) else f'"{cell}"'


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("houses/a.csv", text())
        archive.writestr("__MACOSX/houses/._a.csv", "\0\0")
    return file.getvalue()


def workbook() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    sheet, other = book.active, book.create_sheet("notes")
    other.append(["written by hand"])
    sheet.title = "houses"
    for row in [list(TABLE), *map(list, zip(*TABLE.values(), strict=True))]:
        sheet.append(row)
    book.save(file)
    return file.getvalue()


def arrow(write: Callable[[pa.Table, Any], None], frame: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    write(pa.Table.from_pandas(frame), file)
    return file.getvalue()


LINES = text().splitlines()
PRICES = [1000 * k + 257 for k in range(N)]
SPARSE = {**TABLE, "rooms": ["?" if k == 3 else v for k, v in enumerate(ROOMS)], "city": ["NA", *CITY[1:]]}
CODES = [("007", "010", "120")[k % 3] for k in range(N)]
JAPANESE = {"面積": SIZE, "都市": [("東京", "大阪", "京都")[k % 3] for k in range(N)], "sold": SOLD}
FRENCH = {"taille": SIZE, "cité": [("Genève", "Orléans", "Nîmes")[k % 3] for k in range(N)], "sold": SOLD}
FRAME = pd.DataFrame(TABLE, index=pd.Index([100 + 7 * k % N for k in range(N)], name="key"))


def without(table: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: cells for name, cells in table.items() if name != "sold"}


EVERYDAY = {
    "commas.csv": Everyday(text().encode()),
    "semicolons.csv": Everyday(text(by=";").encode()),
    "tabs.tsv": Everyday(text(by="\t").encode()),
    "bars.txt": Everyday(text(by="|").encode()),
    "spaces.dat": Everyday(text(by="   ").encode()),
    "mark.csv": Everyday(text().encode("utf-8-sig")),
    "utf16.csv": Everyday(text(by="\t").encode("utf-16"), notes=("read as utf-16-le",)),
    "cp932.csv": Everyday(text(JAPANESE).encode("cp932"), without(JAPANESE), notes=("read as cp932",)),
    "cp1252.csv": Everyday(text(FRENCH).encode("cp1252"), without(FRENCH), notes=("read as cp1252",)),
    "windows.csv": Everyday(text(end="\r\n").encode()),
    "old mac.csv": Everyday(text(end="\r").encode()),
    "sep.csv": Everyday(b"sep=;\r\n" + text(by=";", end="\r\n").encode()),
    "comments above.csv": Everyday(
        b"# made by hand\n# in 2024, twice\n\n" + text().encode(), notes=("comment lines skipped: 2",)
    ),
    "header in a comment.csv": Everyday(b"# made by hand\n#" + text().encode(), notes=("comment lines skipped: 1",)),
    "comments within.csv": Everyday(
        "\n".join([*LINES[:5], "# a break", *LINES[5:]]).encode(), notes=("comment lines skipped: 1",)
    ),
    "blank lines.csv": Everyday("\n   \n".join(LINES).encode() + b"\n\n  \n"),
    "trailing separators.csv": Everyday(
        text().replace("\n", ",\n").replace("sold,", "sold", 1).encode(), notes=("empty cells behind the last",)
    ),
    "trailing separators in all.csv": Everyday(text(after=",").encode()),
    "spaces after commas.csv": Everyday(text(by=", ", show=lambda cell: f'"{cell}"').encode()),
    "row names.csv": Everyday(
        "\n".join([LINES[0], *(f"{k + 1},{line}" for k, line in enumerate(LINES[1:]))]).encode(),
        notes=("the first cell of each row has no name", "'' (it has no name"),
    ),
    "an index without a name.csv": Everyday(FRAME.rename_axis(None).to_csv().encode(), notes=("'' (it has no name",)),
    "lines in cells.csv": Everyday(
        text({**TABLE, "city": [f'"{v},\n""CH"""' for v in CITY]}).encode(),
        {**COLUMNS, "city": [f'{v},\n"CH"' for v in CITY]},
    ),
    "German thousands.csv": Everyday(
        text({"preis": [float(v) for v in PRICES], "wert": SIZE, "sold": SOLD}, by=";", show=german)
        .replace(",0;", ";")
        .encode(),
        {"preis": PRICES, "wert": SIZE},
        notes=("read as numbers: preis ('1.257' as 1257)",),
    ),
    "thousands.csv": Everyday(
        text({"price": PRICES, "sold": SOLD}, show=quoted).encode(),
        {"price": PRICES},
        notes=("price ('1,257' as 1257)",),
    ),
    "currency.csv": Everyday(
        text({"price": [f'"${v:,}.50"' for v in PRICES], "share": [f"{k} %" for k in range(N)], "sold": SOLD}).encode(),
        {"price": [v + 0.5 for v in PRICES], "share": list(range(N))},
        notes=("price ('$1,257.50' as 1257.5), share ('0 %' as 0)",),
    ),
    "full width.csv": Everyday(
        text(
            {
                "size": [f"{k}".translate(str.maketrans("0123456789", "０１２３４５６７８９")) for k in range(N)],
                "sold": SOLD,
            }
        ).encode(),
        {"size": list(range(N))},
        notes=("size ('０' as 0)",),
    ),
    "missing words.csv": Everyday(
        text(SPARSE).encode(),
        {**COLUMNS, "rooms": [None if k == 3 else v for k, v in enumerate(ROOMS)], "city": [None, *CITY[1:]]},
        notes=("'?' read as missing (1), --missing sets such texts: rooms", "'NA' read as missing (1)"),
    ),
    "codes.csv": Everyday(
        text({"size": SIZE, "zip": CODES, "sold": SOLD}).encode(),
        {"size": SIZE, "zip": CODES},
        notes=("codes, kept as categories: zip ('007')",),
    ),
    "labels with zeros.csv": Everyday(
        text({"size": SIZE, "sold": CODES}).encode(), {"size": SIZE}, CODES, ("codes, kept as categories: sold",)
    ),
    "a.csv.gz": Everyday(gzip.compress(text().encode())),
    "a.csv.bz2": Everyday(bz2.compress(text().encode())),
    "a.csv.xz": Everyday(lzma.compress(text().encode())),
    "a.csv.zst": Everyday(pa.Codec("zstd").compress(text().encode(), asbytes=True)),
    "a.zip": Everyday(zipped()),
    "a.feather": Everyday(arrow(feather.write_feather, FRAME), notes=("'key' (it is the saved index",)),
    "a.parquet": Everyday(arrow(parquet.write_table, FRAME), notes=("'key' (it is the saved index",)),
    "no name.parquet": Everyday(
        arrow(parquet.write_table, FRAME.rename_axis(None)), notes=("'__index_level_0__' (it is the saved index",)
    ),
    "texts.parquet": Everyday(
        arrow(parquet.write_table, FRAME.astype({"size": str}).reset_index(drop=True)),
        notes=("texts read as numbers, --categories keeps them: size",),
    ),
    "a.jsonl": Everyday(FRAME.to_json(orient="records", lines=True).encode()),
    "records.json": Everyday(FRAME.to_json(orient="records").encode()),
    "columns.json": Everyday(json.dumps(TABLE).encode()),
    "pandas.json": Everyday(FRAME.to_json().encode()),
    "a.xlsx": Everyday(workbook(), notes=("sheet 'houses' read, not 'notes'",)),
}
