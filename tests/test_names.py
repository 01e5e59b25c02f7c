"""Names and words of the package: a name has one definition, and the text uses the field's words."""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_architecture import FILES, ROOT

ALLOWED = {
    "__all__": "the public names of each folder",
    "TYPE_CHECKING": "where importing it from typing would take too long",
}
"""Names that may have several definitions, with the reason."""

AVOIDED = re.compile(
    r"\b(?:(?i:mends?|mended|by and by|whoever|of (?:its|their|his) own|goes on|go on|went on|finest|heard|silence)"
    r"|got none)\b"
)
"""Phrases that read as translated. Write: fix; later; a name; its own; continues; best; received; not found."""


def definitions(path: Path, root: Path = ROOT) -> set[str]:
    """Return the names that a file defines at its top level, in branches too; imports are not definitions."""
    names: set[str] = set()
    statements: list[ast.stmt] = list(ast.parse((root / path).read_text(encoding="utf-8")).body)
    while statements:
        node = statements.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        targets = [*getattr(node, "targets", []), getattr(node, "target", None)]
        for target in targets if isinstance(node, ast.Assign | ast.AnnAssign) else []:
            if target is not None:
                names |= {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}
        for block in ("body", "orelse", "finalbody"):
            statements += getattr(node, block, [])
    return names


def defined_twice(paths: list[Path], root: Path = ROOT) -> dict[str, list[str]]:
    """Return the names that several files define, with these files."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for name in definitions(path, root):
            places[name].append(str(path))
    return {name: files for name, files in places.items() if len(files) > 1}


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each comment and string, docstrings included; literals in a row are one text."""
    comments: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            line, text = token.start[0], token.string.lstrip("# ")
            if comments and comments[-1][0] + comments[-1][1].count("\n") == line - 1:
                comments[-1] = (comments[-1][0], f"{comments[-1][1]}\n{text}")
            else:
                comments.append((line, text))
    yield from comments
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def avoided(source: str) -> list[str]:
    """Return the avoided words in the texts of a file, with their lines."""
    found = []
    for line, text in texts(source):
        found += [f"line {line}: {match[0]}" for match in AVOIDED.finditer(" ".join(text.split()))]
    return found


def test_a_name_has_one_definition() -> None:
    """The course APIs in classic/ are exempt: their names are given."""
    twice = defined_twice([path for path in FILES if path.parts[0] != "classic"])
    new = {name: files for name, files in twice.items() if name not in ALLOWED}
    assert not new, f"rename one of each: {new}"
    stale = ALLOWED.keys() - twice.keys()
    assert not stale, f"no longer defined twice, remove from ALLOWED: {stale}"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_uses_plain_words(path: Path) -> None:
    assert not avoided((ROOT / path).read_text(encoding="utf-8"))


def test_second_definitions_are_found(tmp_path: Path) -> None:
    sources = {
        "a.py": "import os\nfrom x import NAME\ndef f(): NAME = 1\nclass C:\n    inner = 1\nA, (B, D) = 1, (2, 3)\n",
        "b.py": "D: int = 1\nif D:\n    class C: ...\nelse:\n    def f(): ...\ninner = 2\nx = os = 3\nlist[0] = 4\n",
    }
    for name, source in sources.items():
        (tmp_path / name).write_text(source)
    twice = defined_twice([Path(name) for name in sources], tmp_path)
    assert twice == {name: ["a.py", "b.py"] for name in ("C", "D", "f")}


def test_avoided_words_are_found() -> None:
    source = '''
"""It has a name of its
own."""
# The loop goes
# on. Commend it: mending is not a word of the list.
def mend(heard):
    raise ValueError(f"must be {heard}, got " "none: Mend it")
'''
    assert avoided(source) == ["line 4: goes on", "line 2: of its own", "line 7: got none", "line 7: Mend"]
    assert not avoided("x = None  # got None: commend it\n")
