"""Make the notebooks of the first tutorials from their pages: `python docs/tools/notebooks.py`.

Text becomes text cells, Python code cells, and commands cells of the shell (`!zerokara ...`); what a page says is
printed is left out, as all outputs are. ``--check`` executes them as well, in a kernel, and fails if one is not that of
its page.
"""

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from tools.pages import DOCS, commands

NOTEBOOKS = {name: DOCS / "notebooks" / f"{name}.ipynb" for name in ("digits", "table", "pictures")}
SITE = "https://github.com/zerokara/zerokara/blob/main/docs"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$\n?", re.MULTILINE | re.DOTALL)


def notebook(name: str) -> dict[str, Any]:
    """Return the notebook of a tutorial as a dict, without outputs."""
    text = (DOCS / "tutorials" / f"{name}.md").read_text(encoding="utf-8")
    cells: list[dict[str, Any]] = []
    end = 0
    for match in FENCE.finditer(text):
        _add_text(cells, text[end : match.start()])
        language, code = match.groups()
        if language == "console":
            code = "\n".join(f"!{command}" for command, _ in commands(code))
        if language != "text":
            _add(cells, "code", code)
        end = match.end()
    _add_text(cells, text[end:])
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _add_text(cells: list[dict[str, Any]], text: str) -> None:
    """Add a text cell, its links and pictures by their address on the web."""

    def absolute(match: re.Match[str]) -> str:
        file, _, anchor = match[1].partition("#")
        place = os.path.normpath(Path("tutorials") / file).replace(os.sep, "/")
        base = SITE.replace("/blob/", "/raw/") if file.endswith(".png") else SITE
        return f"]({base}/{place}{'#' + anchor if anchor else ''})"

    text = re.sub(r"<!-- .*? -->\n?", "", text).strip()
    if text:
        _add(cells, "markdown", re.sub(r"\]\((?!https?:)([^)\s]+)\)", absolute, text))


def _add(cells: list[dict[str, Any]], kind: str, source: str) -> None:
    cell = {
        "cell_type": kind,
        "id": f"cell-{len(cells)}",
        "metadata": {},
        "source": source.strip("\n").splitlines(True),
    }
    cells.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))


def content(name: str) -> str:
    """Return the text of a notebook's file."""
    return json.dumps(notebook(name), indent=1, ensure_ascii=False) + "\n"


def execute(name: str) -> None:
    """Execute a notebook, from top to bottom, in a folder of its own."""
    import nbclient
    import nbformat

    made = nbformat.reads(content(name), as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        programs = Path(folder) / "programs"
        programs.mkdir()
        script = programs / "zerokara"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m zerokara "$@"\n')
        script.chmod(0o755)
        os.environ["PATH"] = os.pathsep.join([str(programs), os.environ["PATH"]])
        nbclient.NotebookClient(made, timeout=300, kernel_name="python3").execute(cwd=folder)


def main(arguments: list[str]) -> int:
    """Write the notebooks, or check and execute them."""
    failed = 0
    for name, file in NOTEBOOKS.items():
        if "--check" not in arguments:
            file.parent.mkdir(exist_ok=True)
            file.write_text(content(name), encoding="utf-8")
        elif file.read_text(encoding="utf-8") != content(name):
            print(f"{file.name} is not that of its page: run python docs/tools/notebooks.py")
            failed = 1
        else:
            execute(name)
            print(f"executed: {file.name}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
