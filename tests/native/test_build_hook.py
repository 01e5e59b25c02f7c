"""The build hook: wheels with the library and without, what a build asks for, and the source distribution."""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.native.conftest import TINY
from zerokara.native.compile import file_name, find_compiler, platform_tag

pytest.importorskip("hatchling")

ROOT = Path(__file__).parents[2]
LIBRARY = f"zerokara/native/{file_name()}"
FILES = ("pyproject.toml", "hatch_build.py", ".gitignore", "README.md", "LICENSE", "src/zerokara/version.py")
FILES += ("src/zerokara/native/compile.py", "src/zerokara/data/digits.LICENSE.txt")
compiler = pytest.mark.skipif(find_compiler() is None, reason="no C compiler")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files that a build reads, with a small kernel.c and a library that was left from an older one."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "src/zerokara/native/kernel.c").write_text(TINY % 0)
    (tmp_path / "src" / LIBRARY).write_text("old")
    return tmp_path


def call(project: Path, code: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if name not in ("ZEROKARA_ENGINE", "ZEROKARA_TARGET")}
    without = "sys.modules['ziglang'] = None; " if environment.get("PATH") == "" else ""
    command = [sys.executable, "-c", f"import sys; {without}import hatchling.build as build; print(build.{code})"]
    return subprocess.run(command, cwd=project, env={**kept, **environment}, capture_output=True, text=True)


def wheel(project: Path, environment: Mapping[str, str]) -> tuple[str, set[str], str]:
    """Build a wheel; return its name, its files and the warnings."""
    done = call(project, "build_wheel('dist')", environment)
    assert done.returncode == 0, done.stderr
    (file,) = (project / "dist").iterdir()
    with ZipFile(file) as archive:
        names = set(archive.namelist())
        meta = next(name for name in names if name.endswith(".dist-info/WHEEL"))
        pure = "Root-Is-Purelib: true" in archive.read(meta).decode()
        assert pure == (LIBRARY not in names)
        if not pure:
            archive.extract(LIBRARY, project / "unpacked")
    return file.name, names, done.stdout + done.stderr


@compiler
def test_a_wheel_has_the_library_and_the_tag_of_the_platform(project: Path) -> None:
    name, names, _ = wheel(project, {})
    assert {LIBRARY, "zerokara/native/kernel.c", "zerokara/native/compile.py"} <= names
    library = project / "unpacked" / LIBRARY
    assert library.read_bytes() != b"old"
    assert name.endswith(f"-py3-none-{platform_tag(library)}.whl")


NOTHING = {"PATH": "", "CC": ""}
"""The environment of a machine without a compiler; the package ziglang cannot be imported there."""


@pytest.mark.parametrize(
    ("environment", "warning"),
    [
        pytest.param({"ZEROKARA_ENGINE": "numpy"}, None, id="numpy"),
        pytest.param({"ZEROKARA_TARGET": "haiku-x86_64"}, "the kernel is compiled for linux-x86_64, ", id="system"),
        pytest.param(NOTHING, "no C compiler was found: install one, ", id="no compiler"),
    ],
)
def test_a_wheel_without_the_library_is_for_every_platform(
    project: Path, environment: Mapping[str, str], warning: str | None
) -> None:
    name, names, printed = wheel(project, environment)
    assert name.endswith("-py3-none-any.whl")
    assert LIBRARY not in names
    assert ("this build of zerokara runs on NumPy alone" in printed) == (warning is not None)
    assert (warning or "") in printed


def test_a_build_that_must_have_the_library_fails_without_a_compiler(project: Path) -> None:
    done = call(project, "build_wheel('dist')", {**NOTHING, "ZEROKARA_ENGINE": "native"})
    assert done.returncode != 0
    assert "no C compiler was found" in done.stderr


@pytest.mark.parametrize(
    ("environment", "packages"),
    [
        pytest.param({}, [], marks=compiler, id="compiler"),
        pytest.param(NOTHING, ["ziglang"], id="no compiler"),
        pytest.param({**NOTHING, "ZEROKARA_ENGINE": "numpy"}, [], id="numpy"),
        pytest.param({"ZEROKARA_TARGET": "linux-aarch64"}, ["ziglang"], id="another system"),
    ],
)
def test_ziglang_is_asked_for_only_where_no_compiler_is(
    project: Path, environment: Mapping[str, str], packages: list[str]
) -> None:
    done = call(project, "get_requires_for_build_wheel()", environment)
    assert done.stdout.split("\n")[-2] == str(packages), done.stderr


@compiler
def test_an_editable_installation_has_the_library_beside_its_source(project: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel:editable", "--hooks-only"]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    assert (project / "src" / LIBRARY).read_bytes()[:3] != b"old"


def test_the_source_distribution_has_all_that_a_build_needs(project: Path) -> None:
    done = call(project, "build_sdist('dist')", NOTHING)
    assert done.returncode == 0, done.stderr
    (file,) = (project / "dist").iterdir()
    with tarfile.open(file) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"hatch_build.py", "src/zerokara/native/kernel.c", "src/zerokara/native/compile.py"} <= names
    assert f"src/{LIBRARY}" not in names
