"""The data of a run's page, as plain data."""

from collections.abc import Callable
from typing import Any

from zerokara.errors import ZerokaraError
from zerokara.report.kept import read_kept
from zerokara.report.network import network_data
from zerokara.report.page import page_html
from zerokara.report.search import Live, search_data
from zerokara.study.run_folder import RunFolder, read_summary
from zerokara.study.study import Study

PAGE_FILE = "report.html"
MOST_TRIALS = 1000
"""`tune` of the command line writes the page of at most so many trials; ``zerokara report`` writes any."""


def page_data(study: Study, folder: RunFolder, live: Live | None = None) -> dict[str, Any]:
    """Return what the page of a run shows: ``search``, the trials, and ``network``, the winner's network.

    The network of a search that is shown ``live`` is left out.
    """
    summary = read_summary(folder.path)
    summary = summary if summary.get("trials") == len(study.trials) else {}  # Else of the run before it was extended.
    count = len(study.trials)
    return {
        "title": f"{study.plan.name}: {'one network' if count == 1 else f'{count} trials'}",
        "search": search_data(study, folder.config(), summary, folder.path, live),
        "network": None if live else network_data(study, read_kept(folder.path)),
    }


def run_page(study: Study, folder: RunFolder) -> str:
    """Return the page of a run as HTML."""
    return page_html(page_data(study, folder))


def write_page(study: Study, folder: RunFolder, failed: Callable[[str], object]) -> None:
    """Write ``report.html``; ``failed`` is called with a sentence if that fails, as all results are written before."""
    try:
        folder.write(PAGE_FILE, run_page(study, folder))
    except Exception as error:  # Of anything that is shown: the results are safe.
        kind = "" if isinstance(error, ZerokaraError) else f"{type(error).__name__}: "
        reason = (str(error).strip() or "no reason").splitlines()[0]
        failed(f"{PAGE_FILE} was not written, all results are in {folder.path}: {kind}{reason}")
