"""The files around the package agree with it and with each other."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import zerokara as zk

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_workflows_and_hooks_call_what_the_makefile_has() -> None:
    files = [".pre-commit-config.yaml", *(path.relative_to(ROOT) for path in ROOT.glob(".github/workflows/*.yml"))]
    called = {name for file in files for name in re.findall(r"(?:run|entry): make (\S+)", text(str(file)))}
    assert {"lint", "unit", "test-lowest", "doctests", "docs"} <= called
    assert called <= set(re.findall(r"^([\w-]+):", text("Makefile"), re.MULTILINE))


def test_the_pythons_are_the_same_everywhere() -> None:
    named = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r"Python :: \d\.\d+$", line)]
    assert re.findall(r'"(3\.\d+)"', re.findall(r"python: (\[.*\])", text(".github/workflows/tests.yml"))[0]) == named
    assert named[1:] == re.findall(r"^PYTHONS := (.*)$", text("Makefile"), re.MULTILINE)[0].split()
    assert PROJECT["requires-python"] == f">={named[0]}"


def test_the_citation_has_the_version_the_summary_and_the_address() -> None:
    citation = text("CITATION.cff")
    assert f"\nversion: {zk.__version__}\n" in citation
    assert f"\nabstract: {PROJECT['description']}\n" in citation
    assert f"\nrepository-code: {PROJECT['urls']['Homepage']}\n" in citation
    assert all(url.startswith(PROJECT["urls"]["Homepage"]) for url in PROJECT["urls"].values())
    assert PROJECT["urls"]["Homepage"] in text("SECURITY.md")


def test_a_library_has_the_same_lowest_version_wherever_it_is_named() -> None:
    bounds: dict[str, set[str]] = {}
    for line in chain(PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()):
        name, _, bound = line.partition(">=")
        if bound:
            bounds.setdefault(name, set()).add(bound)
    assert {name: found for name, found in bounds.items() if len(found) > 1} == {}
