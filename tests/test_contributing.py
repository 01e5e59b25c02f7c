"""CONTRIBUTING's table of rooms is complete, in order, and says what the rooms' own docstrings say."""

import ast
import re
from pathlib import Path

import pytest

from tests.test_architecture import FILES, ROOMS, ROOT, room

PAGE = Path(__file__).parent.parent / "CONTRIBUTING.md"
ROWS = re.findall(r"^\| `([^`]+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_room_is_in_the_table_from_top_to_bottom() -> None:
    names = [name.removesuffix("/").removesuffix(".py") for name, _ in ROWS]
    assert set(names) == {room(path) for path in FILES}
    assert names == [name for name in reversed(ROOMS) if name in names]


@pytest.mark.parametrize(("name", "text"), ROWS, ids=[name for name, _ in ROWS])
def test_a_room_is_described_by_its_docstring(name: str, text: str) -> None:
    file = ROOT / name / "__init__.py" if name.endswith("/") else ROOT / name
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    first = docstring.splitlines()[0].replace("``", "`")
    assert text == first, f"write | `{name}` | {first} | in CONTRIBUTING.md"
