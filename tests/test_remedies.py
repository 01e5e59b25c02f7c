"""Remedies name packages that pip finds: those of pyproject.toml, never an extra of this package."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.test_architecture import FILES, ROOT
from tests.test_names import texts

PROJECT = Path(__file__).parents[1]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md")), PROJECT / "examples" / "README.md"]


def packages() -> set[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    listed = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    return {re.split(r"[<>=\[]", name)[0] for name in listed}


@pytest.mark.parametrize("path", [*(ROOT / path for path in FILES), *PAGES], ids=lambda path: path.name)
def test_no_text_asks_for_an_extra_of_the_package(path) -> None:
    assert not re.search(r"pip3? install [^\n`]*zerokara", path.read_text(encoding="utf-8"))


def test_packages_in_remedies_are_those_of_the_project() -> None:
    named = set()
    for path in FILES:
        source = (ROOT / path).read_text(encoding="utf-8")
        for call in re.findall(r"\binstall\(('[^)]*'|\"[^)]*\")\)", source):
            named |= set(re.findall(r"[\w-]+", call))
        named |= set(re.findall(r"\bneeds\(\"[^\"]*\", \"([\w-]+)\"", source))
    assert {"onnx", "distributed", "scikit-learn", "loky", "pillow"} <= named
    assert named <= packages()
    assert any("python -m pip install" in text for _, text in texts((ROOT / "errors.py").read_text(encoding="utf-8")))
