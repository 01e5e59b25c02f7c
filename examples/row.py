"""The table in README.md: each experiment writes its row."""

from pathlib import Path

from zerokara.errors import InputError
from zerokara.files import write

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- rows: each is written by its script -->", "<!-- end of rows -->"
HEAD = "| | experiment | expected by the course | measured here | seconds | picture |\n|---|---|---|---|--:|---|\n"


def row(name: str, about: str, expected: str, measured: str, seconds: float, picture: str) -> None:
    """Print the row of an experiment and write it to the table, sorted by name; the rest of the page is unchanged.

    Args:
        name: the name of the row: "S0", or "S0b" for a second row.
        about, expected, measured: one line each; Markdown is allowed.
        seconds: the time that the experiment took.
        picture: the path from this folder, "pictures/s0_search.png".

    Raises:
        InputError: the picture is missing, or the page has no markers.
    """
    if not (README.parent / picture).is_file():
        raise InputError(f"a row needs an existing picture, got {picture!r}: write the picture first")
    cells = [name, about, expected, measured, f"{seconds:,.1f}", f"[picture]({picture})"]
    line = "| " + " | ".join(" ".join(cell.split()).replace("|", r"\|") for cell in cells) + " |\n"
    printed = measured.replace("<br>", "; ")
    print(f"\n{name}: {about}\n  expected: {expected}\n  measured: {printed}\n  seconds: {seconds:.1f}, {picture}")

    page = README.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    table, end, after = rest.partition(END)
    if not (begin and end):
        raise InputError(f"{README} must hold the lines {BEGIN!r} and {END!r}, got a page without them: put them back")
    rows = {key(old): old for old in table.splitlines(keepends=True) if key(old).startswith("S")}
    rows[name] = line
    table = "".join(rows[other] for other in sorted(rows))
    write(README, f"{before}{BEGIN}\n\n{HEAD}{table}\n{END}{after}")


def key(line: str) -> str:
    """Return the first cell of a line of the table, the name of the row."""
    return line.strip("| \n").partition("|")[0].strip()
