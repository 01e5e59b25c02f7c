"""The reference leaves nothing out, and the notebooks are those of their pages."""

import importlib
import re
import sys
from pathlib import Path

import pytest
from cyclopts import App

DOCS = Path(__file__).parents[2] / "docs"
sys.path.append(str(DOCS))

from tools import notebooks, reference  # noqa: E402

from zerokara.cli.app import app  # noqa: E402
from zerokara.space.hyperparameters import HYPERPARAMETERS  # noqa: E402


@pytest.fixture(scope="module")
def page() -> str:
    return reference.command_line_page()


def names_of(command: App) -> set[str]:
    """The options of a command; without those that the parser adds to each list and flag."""
    arguments = command.assemble_argument_collection()
    return {option for argument in arguments for option in argument.names if re.match("--(?!empty-|no-)", option)}


def test_every_command_and_option_is_on_the_page(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["another", "program"])
    assert reference.command_line_page() == page, "whichever program makes it"
    for name in app:
        if name.startswith("-"):
            continue
        section = page.partition(f"\n## zerokara {name}\n")[2].partition("\n## ")[0]
        assert section, name
        options = names_of(app[name]) if name != "data" else set()
        assert options <= set(re.findall(r"--[a-z0-9-]+", section)), name
    assert "--no-stratify" in page
    assert len(names_of(app["tune"])) > 50
    assert "--weight-decay FLOAT" in page
    assert "[default: 0.001]" in page


def test_every_hyperparameter_and_metric_is_on_the_page() -> None:
    page = reference.hyperparameters_page()
    assert all(f"| `{name}` |" in page for name in HYPERPARAMETERS)
    assert "- `balanced_accuracy`" in page


def test_a_public_name_without_an_entry_is_found() -> None:
    everything = {
        f"{module}.{name}" for module in reference.PUBLIC for name in __import__(module, fromlist=["x"]).__all__
    }
    assert reference.undescribed(everything) == []
    assert reference.undescribed(everything - {"zerokara.nn.LAYERS"}) == ["zerokara.nn.LAYERS"]


def test_every_public_name_has_one_entry() -> None:
    """As Sphinx finds them, which only `make docs` has."""
    text = "".join(path.read_text(encoding="utf-8") for path in DOCS.glob("reference/*.md"))
    entries = re.findall(r"^\.\. auto(?:class|function):: (\S+)", text, re.MULTILINE)
    assert [entry for entry in set(entries) if entries.count(entry) > 1] == []
    for module, options in re.findall(r"^\.\. automodule:: (\S+)\n((?:   :.*\n)*)", text, re.MULTILINE):
        if ":no-members:" not in options:
            entries += [f"{module}.{name}" for name in getattr(importlib.import_module(module), "__all__", ())]
    values = [getattr(importlib.import_module(entry.rpartition(".")[0]), entry.rpartition(".")[2]) for entry in entries]
    places = {f"{value.__module__}.{value.__name__}" for value in values if hasattr(value, "__name__")}
    assert reference.undescribed({*entries} | places) == []


def test_every_public_module_has_its_place() -> None:
    pages = "".join(file.read_text(encoding="utf-8") for file in sorted((DOCS / "reference").glob("*.md")))
    described = set(re.findall(r"\.\. automodule:: ([\w.]+)", pages))
    assert set(reference.PUBLIC) - {"zerokara.train"} <= described


def test_formulas_of_docstrings_are_not_markup() -> None:
    lines = ["|z| and 2 * W of classes_, as `a_` says", ">>> 2 * W"]
    reference.escape_formulas(None, "class", "", object(), None, lines)
    assert lines == [r"\|z\| and 2 \* W of classes\_, as `a_` says", ">>> 2 * W"]


@pytest.mark.parametrize("name", notebooks.NOTEBOOKS)
def test_a_notebook_is_that_of_its_page(name: str) -> None:
    file = notebooks.NOTEBOOKS[name]
    assert file.read_text(encoding="utf-8") == notebooks.content(name), "run python docs/tools/notebooks.py"
    cells = notebooks.notebook(name)["cells"]
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code")
    assert any("".join(cell["source"]).startswith("!zerokara tune") for cell in cells)
