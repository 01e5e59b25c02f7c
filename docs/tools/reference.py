"""Pages of the reference that come from the program's own tables, and the check that no public name lacks its entry."""

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from zerokara.cli.app import app as command_line
from zerokara.space.hyperparameters import HYPERPARAMETERS, to_text
from zerokara.train.ranking import RANKS

PUBLIC = [
    "zerokara",
    *(f"zerokara.{name}" for name in ("callbacks", "classic", "data", "estimators", "figures", "model", "nn")),
    *(f"zerokara.{name}" for name in ("onnx", "optim", "plot", "train")),
]
"""The modules whose `__all__` is public."""
GENERATED = Path(__file__).parents[1] / "reference" / "generated"


def command_line_page() -> str:
    """Return every command with its arguments and options, as the parser has them."""
    with patch.object(sys, "argv", ["zerokara"]):  # The usage lines have the name of the running program.
        text = command_line.generate_docs(output_format="markdown")
    # An option's default is a sentence of its help, or the parser's: one look for both. No HTML, no stray emphasis.
    text = re.sub(r"\*\[(default|choices|required)([^]]*)\]\*", r"[\1\2]", text)
    text = re.sub(r"^## Table of Contents\n.*?(?=^\*\*Commands)", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^Example: (.*)$", r"Example: `\1`", text, flags=re.MULTILINE)
    text = re.sub(r"^# zerokara\n", "# Command line\n", text)
    return text.replace("\n        ", " ").replace("\n    ", " ") + "\n"


def hyperparameters_page() -> str:
    """Return the table of hyperparameters."""
    rows = [
        f"| `{name}` | `{to_text(row.default)}` | {row.help} | {row.rule} | {row.kind} |"
        for name, row in HYPERPARAMETERS.items()
    ]
    return "\n".join([HYPERPARAMETERS_HEAD, *rows, "", METRICS_HEAD, *(f"- `{name}`" for name in RANKS), ""])


HYPERPARAMETERS_HEAD = """# Hyperparameters and metrics

Keys of a search space in Python, options and names for `--search` on the command line. Numbers are arrays over the
networks of a population; networks that differ in structure train in different populations.

| name | default | what it is | rule | kind |
|---|---|---|---|---|"""

METRICS_HEAD = """## Metrics

What `rank=` in Python and `--rank` on the command line take; see [Choose the metric](/how-to/metrics.md).
"""

ATTRIBUTES = {"attribute", "data", "property"}
_sentences: dict[str, list[str]] = {}
"""The docstrings of attributes, by their full names."""
PAGES = {"command-line.md": command_line_page, "hyperparameters.md": hyperparameters_page}


def write_pages(*_: object) -> None:
    """Write the pages that changed."""
    GENERATED.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        file, text = GENERATED / name, page()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def undescribed(described: set[str]) -> list[str]:
    """Return the public names that the reference does not describe."""
    names = []
    for module in PUBLIC:
        home = importlib.import_module(module)
        for name in home.__all__:
            value = getattr(home, name)
            places = {f"{module}.{name}", f"{getattr(value, '__module__', module)}.{name}"}
            if not isinstance(value, ModuleType) and not places & described:
                names.append(f"{module}.{name}")
    return names


def check_names(app: Any, env: Any) -> None:
    """Warn of the public names that lack an entry: `make docs` fails."""
    from sphinx.util import logging

    described = set(env.get_domain("py").objects)
    for name in undescribed(described):
        logging.getLogger(__name__).warning("the reference does not describe %s", name)


def escape_formulas(_app: Any, what: str, name: str, _object: object, _options: Any, lines: list[str]) -> None:
    """Keep the formulas and names of docstrings, such as |z|, 2 * W and classes_, from being read as markup."""
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = re.split(r"(`+[^`]*`+)", line)
            parts[::2] = [re.sub(r"([*|]|_(?!\w))", r"\\\1", part) for part in parts[::2]]
            lines[i] = "".join(parts)
    if what in ATTRIBUTES:
        _sentences[name] = list(lines)


def keep_sentences(_app: Any, what: str, name: str, _object: object, _options: Any, lines: list[str]) -> None:
    """Undo that napoleon takes what is before a colon in an attribute's docstring for a type."""
    if what in ATTRIBUTES and len(lines) > 1 and any(line.startswith(":type:") for line in lines):
        lines[:] = _sentences[name]


def connect(app: Any) -> None:
    """Write the pages before Sphinx looks for them, and check the names when all pages are read."""
    app.connect("autodoc-process-docstring", escape_formulas, priority=100)  # Before Google's sections become markup.
    app.connect("autodoc-process-docstring", keep_sentences, priority=900)
    app.connect("builder-inited", write_pages)
    app.connect("env-check-consistency", check_names)
