"""`zerokara info`: what computes here, as text and as JSON."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from zerokara.cli import main
from zerokara.cli.info import EXTRAS
from zerokara.cores import cores
from zerokara.native.library import choose_variant, installed, why_numpy


def run(capsys: pytest.CaptureFixture[str], *tokens: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["info", *tokens])
    return int(ended.value.code or 0), *capsys.readouterr()


def test_the_json_has_the_engine_the_processor_and_the_versions(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["zerokara"], found["numpy"]) == (zk.__version__, np.__version__)
    assert found["variant"] == choose_variant()
    assert found["engine"] == ("native" if choose_variant() else "numpy")
    assert (found["variants"], found["reason"]) == (list(installed().variants), why_numpy())
    assert found["cores"] == cores()
    assert set(found["processor_features"]) >= set(np.show_config(mode="dicts")["SIMD Extensions"]["found"])
    assert all(blas["name"] and blas["version"] for blas in found["blas"])
    assert found["packages"]["sklearn"] == {"scikit-learn": version("scikit-learn")}


def test_the_text_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run(capsys, "--json")[1])
    code, out, _ = run(capsys)
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == f"zerokara {zk.__version__}, Python {found['python']}, NumPy {np.__version__}"
    native = f"engine: native, {found['variant']} (this processor runs {', '.join(found['variants'])})"
    assert lines[1] == (native if found["variant"] else f"engine: NumPy, because {found['reason']}")
    assert lines[2].endswith(", ".join(found["processor_features"]))
    assert lines[3].startswith(f"BLAS: {found['blas'][0]['name']} {found['blas'][0]['version']}, ")
    assert f"extra sklearn: scikit-learn {version('scikit-learn')}" in lines
    assert "None" not in out


@pytest.mark.parametrize(("given", "used"), [({}, 1), ({"OPENBLAS_NUM_THREADS": "2"}, 2)])
def test_a_command_starts_no_threads_of_openblas_unless_they_are_asked_for(given: dict[str, str], used: int) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")} | given
    command = [sys.executable, "-m", "zerokara", "info", "--json"]
    blas = json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)["blas"]
    if blas[0]["name"] != "openblas" or cores() == 1:
        pytest.skip("needs OpenBLAS and two cores")
    assert blas[0]["threads"] == used


def test_the_forced_engine_is_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEROKARA_ENGINE", "numpy")
    found = json.loads(run(capsys, "--json")[1])
    assert (found["engine"], found["variant"], found["reason"]) == ("numpy", None, "ZEROKARA_ENGINE is numpy")
    assert "\nengine: NumPy, because ZEROKARA_ENGINE is numpy\n" in run(capsys)[1]


def test_an_unknown_engine_is_one_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEROKARA_ENGINE", "gpu")
    code, out, err = run(capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("zerokara: ZEROKARA_ENGINE must be one of auto, native, numpy, ")


def test_the_optional_packages_are_those_of_the_extras() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: lines for name, lines in project["optional-dependencies"].items() if name in EXTRAS}
    assert set(project["optional-dependencies"]) - set(EXTRAS) == {"test", "bench", "docs", "wheels"}
    names = {name: tuple(re.match(r"[\w-]+", line)[0] for line in lines) for name, lines in extras.items()}  # type: ignore[index]
    assert names == EXTRAS
