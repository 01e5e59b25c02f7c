"""The command report: the page of a run, as one HTML file."""

from pathlib import Path

from zerokara.cli.show import print_line
from zerokara.cli.terminal import PlainConsole
from zerokara.errors import InputError
from zerokara.files import write
from zerokara.report.data import PAGE_FILE, run_page
from zerokara.study.run_folder import RunFolder
from zerokara.study.saved import open as open_run


def run_report(run: Path, /, *, out: Path | None = None, storage: str | None = None) -> int:
    """Write the page of a run: one HTML file that opens in a browser from disk, without a server or a network.

    It shows the race, what mattered, the winner and every trial. The run may be unfinished.

    Example: zerokara report runs/digits-1 --out digits.html

    Args:
        run: the folder of the run.
        out: the .html file to write. [default: report.html in the folder of the run]
        storage: as for resume.
    """
    path = run / PAGE_FILE if out is None else out
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"a page is written as .html, got --out {path}: name such a file")
    study = open_run(run, storage=storage)
    written = write(path, run_page(study, RunFolder(run)))
    size = written.stat().st_size
    print_line(PlainConsole(), f"{len(study.trials):,} trials, {size / 1e6:.1f} MB: open {written} in a browser")
    return 0
