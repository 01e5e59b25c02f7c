"""What `make wheels` builds with zig: for each system its kind of library, and here the bits of the other compiler."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.native.binaries import machine_and_exports
from zerokara.native.compile import (
    SOURCE,
    TARGETS,
    WIDTHS,
    compile_kernel,
    file_name,
    find_compiler,
    host,
    is_zig,
    source_text,
)
from zerokara.native.library import load_library

ROOT = Path(__file__).parents[2]
FORMATS = {"linux": "ELF", "macos": "Mach-O", "windows": "PE"}
SEARCH = """
import hashlib
import zerokara as zk
data = zk.data.load("digits").split(validation=0.2, test=0.2, seed=0)
space = {"lr": zk.log(1e-4, 1e-1), "dropout": zk.uniform(0, 0.5), "hidden": (40, 30)}
study = zk.tune(data, space, trials=6, epochs=3, seed=0)
print(hashlib.sha256(study.best.model.network.params.tobytes()).hexdigest(), [trial.value for trial in study.trials])
"""


def functions() -> set[str]:
    """The functions of every variant, as kernel.c names them."""
    names = set(re.findall(r"\bEXPORT\((\w+)\)\(", source_text(SOURCE)))
    assert "train" in names
    return names


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Builds the wheel of a target, once, and returns it unpacked."""
    if os.environ.get("HYPOTHESIS_PROFILE") != "soak":
        pytest.skip("wheels are built in `make soak`")
    pytest.importorskip("ziglang", reason="wheels are built with zig: pip install ziglang hatchling")
    pytest.importorskip("hatchling")
    folder, done = tmp_path_factory.mktemp("wheels"), dict[str, Path]()

    def build(target: str) -> Path:
        if target not in done:
            out = folder / target
            command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
            subprocess.run(command, cwd=ROOT, env={**os.environ, "ZEROKARA_TARGET": target}, check=True)
            (wheel,) = out.iterdir()
            with ZipFile(wheel) as archive:
                archive.extractall(out / "package")
            done[target] = wheel
        return done[target]

    return build


@pytest.mark.parametrize("target", TARGETS)
def test_a_wheel_has_the_library_of_its_system(built: Callable[[str], Path], target: str) -> None:
    wheel, where = built(target), TARGETS[target]
    library = wheel.parent / "package" / "zerokara" / "native" / file_name(target)
    kind, exports = machine_and_exports(library.read_bytes())
    assert kind == f"{FORMATS[target.partition('-')[0]]} {where.machine}"
    assert exports >= {"features", "source_digest"}
    assert exports >= {f"{name}_{variant}" for name in functions() for variant in WIDTHS[where.machine]}
    tag = f"manylinux_2_17_{where.machine}.manylinux2014_{where.machine}" if "linux" in target else where.tag
    assert wheel.name.removesuffix(".whl").removesuffix(f".musllinux_1_1_{where.machine}").endswith(f"-py3-none-{tag}")


@pytest.mark.skipif(host() not in TARGETS, reason="the kernel is not built for this system")
def test_zig_and_the_system_s_compiler_give_the_same_bits(built: Callable[[str], Path], tmp_path: Path) -> None:
    compiler = find_compiler()
    if compiler is None or is_zig(compiler):
        pytest.skip("no C compiler but zig")
    zig = built(host()).parent / "package"
    ignored = shutil.ignore_patterns("__pycache__", "kernel.so", "kernel.dll", "kernel.dylib")
    shutil.copytree(zig / "zerokara", tmp_path / "zerokara", ignore=ignored)
    compile_kernel(tmp_path / "zerokara" / "native" / file_name(), compiler=compiler)
    variants = load_library(zig / "zerokara" / "native").variants
    assert variants
    assert load_library(tmp_path / "zerokara" / "native").variants == variants
    hashes = {}
    for package in (zig, tmp_path):
        for variant in variants:
            environment = {**os.environ, "PYTHONPATH": str(package), "ZEROKARA_ENGINE": variant}
            command = [sys.executable, "-c", SEARCH]
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
            hashes[package.name, variant] = done.stdout.strip()
    assert len(set(hashes.values())) == 1, hashes
