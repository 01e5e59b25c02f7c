"""The table in README.md: each experiment writes its own row."""

from pathlib import Path

from zerokara.errors import InputError
from zerokara.files import write

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- rows: each is written by its script -->", "<!-- end of rows -->"
HEAD = "| | experiment | expected by the course | measured here | seconds | picture |\n|---|---|---|---|--:|---|\n"


def row(name: str, about: str, expected: str, measured: str, seconds: float, picture: str) -> None:
    """Print an experiment's row, and put it into the table in its place; nothing else of the page changes.

    Args:
        name: which row: "S0", or "S0b" for a second one.
        about, expected, measured: one line each; Markdown is allowed.
        seconds: how long the experiment took here.
        picture: its path from this folder, "pictures/s0_search.png".

    Raises:
        InputError: no such picture; a page without its two markers.
    """
    if not (README.parent / picture).is_file():
        raise InputError(f"a row names a picture beside {README.name}, got {picture!r}: write the picture first")
    cells = [name, about, expected, measured, f"{seconds:,.1f}", f"[picture]({picture})"]
    line = "| " + " | ".join(" ".join(cell.split()).replace("|", r"\|") for cell in cells) + " |\n"
    said = measured.replace("<br>", "; ")
    print(f"\n{name}: {about}\n  expected: {expected}\n  measured: {said}\n  seconds: {seconds:.1f}, {picture}")

    page = README.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    table, end, after = rest.partition(END)
    if not (begin and end):
        raise InputError(f"{README} must hold the lines {BEGIN!r} and {END!r}: put them back")
    rows = {key(found): found for found in table.splitlines(keepends=True) if key(found).startswith("S")}
    rows[name] = line
    table = "".join(rows[found] for found in sorted(rows))
    write(README, f"{before}{BEGIN}\n\n{HEAD}{table}\n{END}{after}")


def key(line: str) -> str:
    """Return the first cell of a table's line: the name of its row."""
    return line.strip("| \n").partition("|")[0].strip()
