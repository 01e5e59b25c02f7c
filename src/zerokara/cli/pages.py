"""The commands report and board: the page of a run, as one HTML file, and live."""

import threading
import webbrowser
from pathlib import Path

from zerokara.board.serve import serving
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


def run_board(
    run: Path, /, *runs: Path, port: int | None = None, open: bool = False, storage: str | None = None
) -> int:
    """Show runs in the browser while they train: the page of report with curves that grow, and a stop button.

    It answers this machine alone, at the address that it prints, until Ctrl-C. The runs may have ended.

    Example: zerokara board runs/digits-1 runs/digits-2

    Args:
        run: the folder of a run.
        runs: the folders of more runs, each with a tab.
        port: the port of the address. [default: a free one]
        open: open the page in the browser.
        storage: as for resume.
    """
    with serving([run, *runs], port=port or 0, storage=storage) as address:
        print_line(PlainConsole(), f"the board, until Ctrl-C: {address}")
        if open:
            webbrowser.open(address)
        threading.Event().wait()
    return 0
