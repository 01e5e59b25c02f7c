"""Who takes part in the benchmark of tables, and by what a result that was kept is known again."""

import ast
import hashlib
import importlib.util
import inspect
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import zerokara
from benchmarks.contestants import ALONE, Contestant

HERE = Path(__file__).parent
PACKAGE = Path(zerokara.__file__).parent

TUNE, SHORT, TUNED, FIVE, MLP = "zk.tune", "zk.tune, 1 s", "TunedNetwork*", "five untuned", "MLP search"
BOOSTING, FOREST, LINEAR, CATBOOST = "HistGradientBoosting", "random forest", "linear", "CatBoost"


@dataclass(frozen=True)
class Entry:
    """One contestant: a function of a file beside this one, its settings, and the packages that it needs.

    ``current``: its results are those of the package as it is now; others are computed once.
    """

    name: str
    target: str
    packages: tuple[str, ...] = ("scikit-learn",)
    settings: Mapping[str, Any] = field(default_factory=dict)
    current: bool = False

    @property
    def contestant(self) -> Contestant:
        return Contestant(self.name, ALONE, f"benchmarks.tabular.{self.target}", "", self.settings)

    @property
    def missing(self) -> str:
        """Why it cannot run here, or nothing."""
        absent = [name for name in self.packages if not importlib.util.find_spec(MODULES.get(name, name))]
        if absent:
            return f"{', '.join(absent)} not installed"
        unknown = [
            name for name in self.settings if self.current and name not in inspect.signature(zerokara.tune).parameters
        ]
        return f"zk.tune has no argument {', '.join(unknown)}" if unknown else ""

    @property
    def version(self) -> str:
        """Return what its results depend on: the sources that are its own, libraries, settings, the processor."""
        own = self.target.partition(":")[0]
        files = {HERE / f"{name}.py" for name in (own, "task", "worker")}
        text = [*map(code, sorted(files)), json.dumps(dict(self.settings), sort_keys=True), processor()]
        text += [f"{name} {version(name)}" for name in ("numpy", *self.packages)]
        if self.current:
            text.append(package_digest())
        return hashlib.sha256(" ".join(text).encode()).hexdigest()[:12]


MODULES = {"scikit-learn": "sklearn"}

ENTRIES = [
    Entry(TUNE, "ours:tune", current=True),
    Entry(SHORT, "ours:tune", settings={"seconds": 1}, current=True),
    Entry("Network*", "ours:network", current=True),
    Entry(TUNED, "ours:tuned", current=True),
    Entry(FIVE, "former:five"),
    Entry("former tune", "former:tune"),
    Entry("tune with refit", "former:tune_with_refit"),
    Entry(LINEAR, "scikit:linear"),
    Entry(BOOSTING, "scikit:boosting"),
    Entry(FOREST, "scikit:forest"),
    Entry("XGBoost", "trees:xgboost", ("scikit-learn", "xgboost")),
    Entry("LightGBM", "trees:lightgbm", ("scikit-learn", "lightgbm")),
    Entry(CATBOOST, "trees:catboost", ("catboost",)),
    Entry(MLP, "scikit:mlp_search", settings={"budget": 4}),
    Entry("RealMLP-TD", "realmlp:realmlp", ("pytabkit",)),
]


def code(path: Path) -> str:
    """Return a file's code without comments and docstrings, whose changes change no result."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(body := getattr(node, "body", None), list):
            node.body = [line for line in body if not _is_text(line)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(line: ast.AST) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)


def digest(*paths: Path) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


@cache
def package_digest() -> str:
    """Return a hash of the package's sources, and whether its kernel is compiled."""
    sources = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.c")]
    return f"{digest(*sorted(sources))} {len([*PACKAGE.rglob('kernel.[sd]*')])}"


def processor() -> str:
    """Return the processor's name and the version of Python, by which seconds are comparable."""
    cpuinfo, name = Path("/proc/cpuinfo"), platform.processor()
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = names[0] if names else name
    return f"{name} {platform.python_version()}"
