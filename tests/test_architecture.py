"""Who may import whom: a file imports only from rooms below its own, and nothing heavy before it is needed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import zerokara

ROOT = Path(zerokara.__file__).parent
FILES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))

ROOMS = (
    *("version", "errors", "arrays", "rng", "blas", "memory", "files", "locks", "checks", "unpickle"),
    *("data", "nn", "optim", "train"),
    *("pictures", "onnx", "model", "classic", "space", "samplers", "engine", "storage", "figures", "study"),
    *("report", "estimators", "tuning"),
    *("__init__", "cli", "__main__"),
)
"""The rooms, from the ground up: the folders and files of the package. A file imports from rooms below its own."""

HEAVY = {"optuna", "scipy", "matplotlib", "PIL", "pooch", "requests", "rich", "cyclopts", "safetensors", "sklearn"}
HEAVY |= {"filelock", "onnx", "onnxruntime", "narwhals", "pandas", "polars", "pyarrow", "sqlalchemy", "psycopg"}
FACES = {"rich", "cyclopts"}
"""What the command line, and it alone, is made of."""
BEHIND_A_DOOR = {
    *(f"zerokara.samplers.{name}" for name in ("base", "builtin", "narrowing")),
    *(f"zerokara.storage.{name}" for name in ("journal", "database", "shared")),
    "zerokara.classic.backend",
    *(
        ".".join(("zerokara", *path.with_suffix("").parts)).removesuffix(".__init__")
        for path in FILES
        if path.parts[0] == "estimators"
    ),
}
"""Files that derive from classes of Optuna, matplotlib or scikit-learn, and so are imported only within functions."""


def room(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imports(path: Path, top_only: bool = False) -> Iterator[str]:
    """Yield the full name of everything that a file imports; in ``from a import b``, a.b."""
    tree = ast.parse((ROOT / path).read_text())
    for node in _statements(tree) if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively: write the whole name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when the file is imported: no bodies of functions, nothing that only a type checker sees."""
    for child in ast.iter_child_nodes(node):
        unseen = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if not unseen and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _statements(child)


def test_every_room_has_its_place() -> None:
    assert {room(path) for path in FILES} <= set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_imports_only_from_rooms_below_its_own(path: Path) -> None:
    own = ROOMS.index(room(path))
    for name in imports(path):
        first, *rest = name.split(".")
        if first == "zerokara" and rest != ["__version__"]:
            other = rest[0] if rest else "__init__"
            assert other in ROOMS, f"{path} imports {name}, which is no room"
            assert ROOMS.index(other) < own or other == room(path), f"{path} imports {name} from above"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_nothing_heavy_is_imported_at_the_top(path: Path) -> None:
    module = ".".join(("zerokara", *path.with_suffix("").parts)).removesuffix(".__init__")
    allowed = FACES if room(path) == "cli" else HEAVY if module in BEHIND_A_DOOR else set()
    for name in imports(path, top_only=True):
        assert name.split(".")[0] not in HEAVY - allowed, f"{path} imports {name}: do so where it is needed"
        inside = module in BEHIND_A_DOOR
        assert inside or not any(name.startswith(door) for door in BEHIND_A_DOOR), f"{path} opens {name}"


@pytest.mark.parametrize("path", [path for path in FILES if path.name == "__init__.py"], ids=str)
def test_folders_only_re_export(path: Path) -> None:
    for node in ast.parse((ROOT / path).read_text()).body:
        plain = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.Expr
        assert isinstance(node, plain), f"{path}, line {node.lineno}: give it a file"


@pytest.mark.parametrize(("module", "allowed"), [("zerokara", set()), ("zerokara.cli.app", FACES)])
def test_a_fresh_import_loads_nothing_heavy(module: str, allowed: set[str]) -> None:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in loaded
    assert set(loaded) & HEAVY <= allowed


def test_what_these_tests_would_catch(tmp_path: Path) -> None:
    source = """
import numpy
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import scipy
try:
    from optuna import trial
except ImportError:
    pass
class Late:
    import rich
    def method(self):
        import PIL
"""
    (tmp_path / "file.py").write_text(source)
    found = set(imports(tmp_path / "file.py", top_only=True))
    assert found == {"numpy", "typing.TYPE_CHECKING", "optuna.trial", "rich"}
    assert set(imports(tmp_path / "file.py")) == found | {"scipy", "PIL"}
