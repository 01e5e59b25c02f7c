"""The shape of the package: rooms in order, no circle of imports, short files, nothing heavy before it is needed."""

import ast
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import zerokara

ROOT = Path(zerokara.__file__).parent


def files_of(root: Path) -> list[Path]:
    return sorted(path.relative_to(root) for path in root.rglob("*.py"))


def module(path: Path) -> str:
    return ".".join(("zerokara", *path.with_suffix("").parts)).removesuffix(".__init__")


FILES = files_of(ROOT)

ROOMS = (
    *(
        "version",
        "lazy",
        "signals",
        "cores",
        "errors",
        "processes",
        "arrays",
        "rng",
        "blas",
        "memory",
        "files",
        "locks",
        "checks",
        "display",
        "notebooks",
        "unpickle",
    ),
    *("data", "nn", "optim", "native", "train"),
    *("fonts", "pictures", "onnx", "model", "classic", "space", "samplers", "engine", "storage", "figures", "study"),
    *("report", "board", "plot", "callbacks", "tuning", "estimators"),
    *("__init__", "cli", "__main__"),
)
"""The rooms, from the ground up: the folders and files of the package. A file imports from rooms below its own."""

HEAVY = {"optuna", "scipy", "matplotlib", "PIL", "requests", "rich", "cyclopts", "safetensors", "sklearn"}
HEAVY |= {
    "filelock",
    "platformdirs",
    "onnx",
    "onnxruntime",
    "narwhals",
    "pandas",
    "polars",
    "pyarrow",
    "sqlalchemy",
    "psycopg",
    "starlette",
    "uvicorn",
}
FACES = {"rich", "cyclopts"}
"""What the command line, and it alone, is made of."""
BEHIND_A_DOOR = {
    *(f"zerokara.samplers.{name}" for name in ("base", "builtin", "narrowing", "own")),
    *(
        f"zerokara.storage.{name}"
        for name in ("agreement", "database", "shared", "studies.optuna_journal", "studies.replica")
    ),
    "zerokara.classic.backend",
    "zerokara.figures.canvas",
    "zerokara.figures.notebook",
    *(module(path) for path in FILES if path.parts[0] == "estimators"),
}
"""Files that derive from classes of Optuna, matplotlib or scikit-learn, and so are imported only within functions."""


FILES_IN_A_FOLDER, LINES_IN_A_FILE, PARAMETERS = 12, 300, 12
"""At most; an ``__init__`` and the package's root are not counted, nor is ``self``."""
MANY_PARAMETERS = {"zerokara.tuning.tune", "zerokara.tuning.resume", "zerokara.train.trainer.Trainer.__init__"}
"""The public calls that may have more. So may frozen dataclasses, and scikit-learn's estimators, which ask for it."""


def room(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imports(path: Path, top_only: bool = False, root: Path = ROOT) -> Iterator[str]:
    """Yield the full name of everything that a file imports; in ``from a import b``, a.b."""
    tree = ast.parse((root / path).read_text())
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


Graph = dict[Path, list[Path]]


def graph_of(root: Path) -> Graph:
    """Return which files of the package each file imports, anywhere in it: in functions and for type checkers too."""
    files = {module(path): path for path in files_of(root)}
    names = {path: list(imports(path, root=root)) for path in files.values()}
    # What an __init__ re-exports is imported from the __init__, though a file may have the same name.
    exports = {path: {name.rpartition(".")[2] for name in names[path] if name not in files} for path in names}

    def target(path: Path, name: str) -> Path:
        package, _, last = name.rpartition(".")
        init = files.get(package)
        return init if init and init != path and last in exports[init] else files.get(name) or init or Path(name)

    return {
        path: sorted({target(path, name) for name in own if name.split(".")[0] == "zerokara"} - {path})
        for path, own in names.items()
    }


def circles(graph: Graph) -> list[str]:
    """Return circles of imports, each written as a chain of files; without one link of each no circle is left."""
    graph = {path: list(others) for path, others in graph.items()}
    found = []
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            chain = error.args[1][::-1]
            found.append(" imports ".join(map(str, chain)))
            graph[chain[0]].remove(chain[1])
        else:
            return found


def upward(graph: Graph) -> list[str]:
    """Return imports from a room that is not below the file's own."""
    pairs = ((path, other) for path, others in graph.items() for other in others if room(path) != room(other))
    return [f"{path} imports {other}" for path, other in pairs if ROOMS.index(room(other)) > ROOMS.index(room(path))]


def test_no_circle_of_imports() -> None:
    found = circles(graph_of(ROOT))
    assert not found, "\n".join(found)


def test_a_file_imports_only_from_rooms_below_its_own() -> None:
    found = upward(graph_of(ROOT))
    assert not found, "\n".join(found)


def test_the_rooms_are_the_folders() -> None:
    assert set(ROOMS) == {room(path) for path in FILES}
    assert len(set(ROOMS)) == len(ROOMS)


def test_a_folder_has_few_files() -> None:
    counts = Counter(path.parent for path in FILES if path.name != "__init__.py" and path.parent != Path())
    assert not {str(folder): count for folder, count in counts.items() if count > FILES_IN_A_FOLDER}


def test_a_file_is_short() -> None:
    lengths = {str(path): len((ROOT / path).read_text().splitlines()) for path in FILES}
    assert not {path: lines for path, lines in lengths.items() if lines > LINES_IN_A_FILE}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_nothing_heavy_is_imported_at_the_top(path: Path) -> None:
    inside = module(path) in BEHIND_A_DOOR
    allowed = FACES if room(path) == "cli" else HEAVY if inside else set()
    for name in imports(path, top_only=True):
        assert name.split(".")[0] not in HEAVY - allowed, f"{path} imports {name}: do so where it is needed"
        assert inside or not any(name.startswith(door) for door in BEHIND_A_DOOR), f"{path} opens {name}"


@pytest.mark.parametrize("path", [path for path in FILES if path.name == "__init__.py"], ids=str)
def test_folders_only_re_export(path: Path) -> None:
    body = ast.parse((ROOT / path).read_text()).body
    lazy = [node for node in body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    inner = [statement for node in lazy for statement in (*node.body, *node.orelse)]
    for node in (*inner, *(node for node in body if node not in lazy)):
        plain = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.Expr
        assert isinstance(node, plain), f"{path}, line {node.lineno}: give it a file"


def loaded_by(module: str) -> set[str]:
    """Return the packages that a fresh import of a module loads."""
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(("module", "allowed"), [("zerokara.tuning", set()), ("zerokara.cli.app", FACES)])
def test_a_fresh_import_loads_nothing_heavy(module: str, allowed: set[str]) -> None:
    loaded = loaded_by(module)
    assert "numpy" in loaded
    assert loaded & HEAVY <= allowed


def test_the_command_line_loads_no_other_commands() -> None:
    """Each module costs a millisecond of every command."""
    code = "import sys, zerokara.cli.app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    others = {
        "zerokara.cli.commands",
        "zerokara.cli.numbers",
        "zerokara.cli.info",
        "zerokara.onnx",
        "zerokara.nn.cases",
        "tarfile",
    }
    assert "zerokara.cli.search" in loaded
    assert not others & set(loaded)


def test_a_command_searches_for_little_garbage() -> None:
    code = (
        "import atexit, gc, sys; from zerokara.cli import main\n"
        "atexit.register(lambda: print(gc.isenabled(), gc.get_freeze_count() > 10_000, len(gc.get_objects()) < 1000))\n"
        "sys.argv = ['zerokara', '--version']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[1:] == ["True", "True", "True"]


def test_a_command_handles_signals_before_any_slow_import() -> None:
    assert not loaded_by("zerokara.cli") & {"numpy", "typing", "threading", *HEAVY}


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


def parameters(node: ast.AST, name: str) -> Iterator[tuple[str, int]]:
    """Yield every function within ``node``, and what makes a dataclass that is not frozen, with how many it takes."""
    for child in ast.iter_child_nodes(node):
        inner = f"{name}.{child.name}" if isinstance(child, ast.FunctionDef | ast.ClassDef) else name
        if isinstance(child, ast.FunctionDef):
            own = [arg.arg for arg in (*child.args.posonlyargs, *child.args.args, *child.args.kwonlyargs)]
            yield inner, len(own) - (own[:1] in (["self"], ["cls"]))
        elif isinstance(child, ast.ClassDef):
            made = " ".join(map(ast.unparse, child.decorator_list))
            if "dataclass" in made and "frozen=True" not in made:
                fields = [line for line in child.body if isinstance(line, ast.AnnAssign)]
                yield inner, sum(not re.search("init=False|ClassVar", ast.unparse(field)) for field in fields)
        yield from parameters(child, inner)


def test_a_function_has_few_parameters() -> None:
    counts = {n: c for path in FILES for n, c in parameters(ast.parse((ROOT / path).read_text()), module(path))}
    # The estimators' classes are made with many, as scikit-learn wants it; their functions are called with few.
    made = {name for name in counts if re.match(r"zerokara\.estimators\..*(\.[A-Z]\w*|\.__init__)$", name)}
    many = {name: count for name, count in counts.items() if count > PARAMETERS}
    assert not {name: count for name, count in many.items() if name not in MANY_PARAMETERS | made}


def test_parameters_are_counted() -> None:
    source = """
@dataclass
class Thing:
    a: int
    b: int = field(init=False)
    c: ClassVar = 1
    def method(self, a, /, b, *args, c, **more): ...
@dataclass(frozen=True)
class Settings:
    a: int
def function():
    def inner(a, b=1): ...
"""
    counts = {"m.Thing": 1, "m.Thing.method": 3, "m.function": 0, "m.function.inner": 2}
    assert dict(parameters(ast.parse(source), "m")) == counts


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package's files."""
    return Path(shutil.copytree(ROOT, tmp_path / "zerokara", ignore=shutil.ignore_patterns("__pycache__", "*.npz")))


def plant(file: Path, line: str) -> None:
    file.write_text(f"{file.read_text()}\n\ndef planted():\n    {line}\n")


@pytest.mark.parametrize(
    ("file", "line", "other"),
    [
        ("nn/layers/affine.py", "from zerokara.nn.mlp import mlp", "nn/mlp.py"),
        ("nn/layers/affine.py", "from zerokara.nn import mlp", "nn/__init__.py"),
        ("version.py", "import zerokara", "__init__.py"),
    ],
)
def test_a_planted_circle_is_found(package: Path, file: str, line: str, other: str) -> None:
    plant(package / file, line)
    assert any(f"{file} imports {other}" in circle for circle in circles(graph_of(package)))


@pytest.mark.parametrize(
    ("file", "line", "other"),
    [
        ("nn/mlp.py", "from zerokara.train import Trainer", "train/__init__.py"),
        ("rng.py", "from zerokara.data import dataset", "data/dataset.py"),
        ("tuning.py", "from zerokara import Study", "__init__.py"),
        ("study/config.py", "from zerokara import __version__", "__init__.py"),
    ],
)
def test_a_planted_upward_import_is_found(package: Path, file: str, line: str, other: str) -> None:
    plant(package / file, line)
    assert upward(graph_of(package)) == [f"{file} imports {other}"]


def test_a_name_that_an_init_re_exports_is_the_init_s(tmp_path: Path) -> None:
    sources = {
        "__init__.py": "from zerokara import room",
        "room/__init__.py": "from zerokara.room.build import build",
        "room/build.py": "",
        "room/other.py": "",
        "a.py": "from zerokara.room import build",
        "b.py": "from zerokara.room.build import build",
        "c.py": "from zerokara.room import other",
        "d.py": "from zerokara import room",
    }
    for name, source in sources.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source)
    found = {str(path): [str(other) for other in others] for path, others in graph_of(tmp_path).items()}
    assert found == {
        "__init__.py": ["room/__init__.py"],
        "room/__init__.py": ["room/build.py"],
        "room/build.py": [],
        "room/other.py": [],
        "a.py": ["room/__init__.py"],
        "b.py": ["room/build.py"],
        "c.py": ["room/other.py"],
        "d.py": ["room/__init__.py"],
    }
