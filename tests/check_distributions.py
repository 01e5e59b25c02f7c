"""Check the distributions of a folder: `python tests/check_distributions.py dist 3.12 3.13`.

Their content, and what they do in clean environments: `zerokara tune digits` with every Python that is found, with the
same results; the source distribution builds; and a model is served where only that is installed that serving needs.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from test_installation import NEEDED_TO_SERVE

MAX_MEGABYTES = 170, 120
"""Of an environment for searches, and of one to serve models; without a Python and its compiled files."""
COMMANDS = "Scripts" if sys.platform == "win32" else "bin"


def run(*command: str | Path, folder: Path | None = None) -> str:
    """Run a command without this shell's Python path, and return its output."""
    known = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    known |= {"PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run([*map(str, command)], cwd=folder, env=known, capture_output=True, encoding="utf-8")
    if ended.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def pythons(versions: list[str]) -> dict[str, str]:
    """Return the interpreters of these versions that are found, pyenv's included, and this one."""
    found = {"{}.{}".format(*sys.version_info): sys.executable}
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for version in versions:
        candidates = [f"python{version}", *map(str, sorted(root.glob(f"versions/{version}.*/bin/python")))]
        for python in candidates:
            path = shutil.which(python)
            if path and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0:
                found.setdefault(version, path)
    return found


def environment(folder: Path, python: str, *install: str | Path) -> Path:
    """Make an environment with packages, each line of options installed on its own, and return its commands' folder."""
    uv = Path(sys.executable).parent / "uv"
    run(uv, "venv", "--quiet", "--python", python, folder)
    for line in install:
        run(uv, "pip", "install", "--quiet", "--python", folder, *str(line).split(" "))
    return folder / COMMANDS


def megabytes(folder: Path) -> float:
    """Return the size of the files of an environment."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def check_contents(source: Path, wheel: Path) -> None:
    """Check that both have what they need, and nothing else."""
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"LICENSE", "Makefile", "PKG-INFO", "README.md", "hatch_build.py", "pyproject.toml"}
    needed |= {"src/zerokara/data/digits.LICENSE.txt", "tests/test_public.py"}
    kernel = {path.as_posix() for path in Path("src/zerokara/native").rglob("*.[ch]")}
    needed |= kernel
    assert needed <= names, f"the source distribution lacks {sorted(needed - names)}"
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
    modules = {path.relative_to("src").as_posix() for path in Path("src").rglob("*.py")} | {"zerokara/py.typed"}
    modules |= {path.removeprefix("src/") for path in kernel}
    assert modules <= files, f"the wheel lacks {sorted(modules - files)}"
    assert any(name.startswith("zerokara/native/kernel.") and name[-2:] != ".c" for name in files), "no kernel"
    rest = {name.split("/")[0] for name in files}
    assert len(rest) == 2, f"the wheel has {sorted(rest)}"
    for name in names | files:
        assert not name.endswith((".pyc", ".o")), name
        assert not name.startswith((".git/", ".venv", "runs/")), name


def main(folder: Path, versions: list[str]) -> None:
    """Check the distributions of a folder."""
    [source], [wheel] = folder.resolve().glob("*.tar.gz"), folder.resolve().glob("*.whl")
    check_contents(source, wheel)
    print(f"{source.name} {source.stat().st_size / 1e6:.1f} MB, {wheel.name} {wheel.stat().st_size / 1e6:.1f} MB")
    scores = set()
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        for version, python in pythons(versions).items():
            commands = environment(here / version, python, wheel)
            size = megabytes(here / version)
            run(commands / "zerokara", "tune", "digits", "--out", here / f"run-{version}", folder=here)
            summary = json.loads((here / f"run-{version}" / "summary.json").read_text(encoding="utf-8"))
            scores.add((summary["test_accuracy"], json.dumps(summary["best"])))
            print(f"Python {version}: {size:.0f} MB, test accuracy {summary['test_accuracy']:.4f}, {summary['engine']}")
            assert size < MAX_MEGABYTES[0]
        assert len(scores) == 1, f"another result with another Python: {scores}"
        commands = environment(
            here / "serving", sys.executable, f"--no-deps {wheel}", " ".join(sorted(NEEDED_TO_SERVE))
        )
        size = megabytes(here / "serving")
        model = here / f"run-{version}" / "model.safetensors"
        print(f"to serve: {size:.0f} MB,", run(commands / "zerokara", "evaluate", model, "digits").strip())
        assert size < MAX_MEGABYTES[1]
        commands = environment(here / "source", sys.executable, source)
        print("from source:", run(commands / "zerokara", "info").splitlines()[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
