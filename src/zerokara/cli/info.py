"""The command info: what computes here, and the versions that the numbers depend on."""

import json
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from zerokara.cli.show import print_line
from zerokara.cli.terminal import PlainConsole
from zerokara.cores import cores
from zerokara.native.library import choose_variant, installed, why_numpy
from zerokara.version import __version__

EXTRAS = {
    "onnx": ("onnx",),
    "tables": ("narwhals", "pyarrow", "charset-normalizer"),
    "excel": ("openpyxl",),
    "sklearn": ("scikit-learn",),
    "optuna": ("optuna", "cmaes"),
    "distributed": ("distributed", "optuna", "psycopg"),
    "board": ("starlette", "uvicorn"),
}
"""The optional packages of each extra."""


def run_info(*, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> int:
    """Print what computes here, the compiled kernel or NumPy, and the versions that the numbers depend on.

    Args:
        as_json: print one JSON object.
    """
    found, console = environment(), PlainConsole()
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return 0
    print_line(console, f"zerokara {found['zerokara']}, Python {found['python']}, NumPy {found['numpy']}")
    if found["variant"]:
        print_line(console, f"engine: native, {found['variant']} (this processor runs {', '.join(found['variants'])})")
    else:
        print_line(console, f"engine: NumPy, because {found['reason']}")
    features = ", ".join(found["processor_features"]) or "unknown"
    print_line(console, f"processor: {found['platform']}, cores: {found['cores']}, features: {features}")
    for blas in found["blas"]:
        threads = blas["threads"] and f"{blas['threads']} thread{'s' * (blas['threads'] > 1)}"
        parts = [blas["architecture"], blas["threading_layer"], threads]
        print_line(console, ", ".join([f"BLAS: {blas['name']} {blas['version']}", *filter(None, parts)]))
    for extra, packages in found["packages"].items():
        versions = ", ".join(f"{name} {number or 'not found'}" for name, number in packages.items())
        print_line(console, f"extra {extra}: {versions}")
    return 0


def environment() -> dict[str, Any]:
    """Return what `zerokara info` prints, as JSON has it.

    Raises:
        InputError: the environment variable ZEROKARA_ENGINE names an engine that does not run here.
    """
    variant, config = choose_variant(), dict(np.show_config(mode="dicts"))
    simd: Any = config["SIMD Extensions"]
    return {
        "zerokara": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "engine": "native" if variant else "numpy",
        "variant": variant,
        "variants": list(installed().variants),
        "reason": why_numpy(),
        "platform": f"{sys.platform} {platform.machine()}",
        "cores": cores(),
        "processor_features": [*simd.get("baseline", []), *simd.get("found", [])],
        "blas": _blas(config),
        "packages": {extra: {name: _version(name) for name in names} for extra, names in EXTRAS.items()},
    }


def _blas(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the BLAS libraries of this process; or that of NumPy's build, such as Accelerate, if none is seen."""
    from threadpoolctl import threadpool_info

    keys = {"internal_api": "name", "num_threads": "threads"}
    keys |= {name: name for name in ("version", "architecture", "threading_layer")}
    seen = [library for library in threadpool_info() if library["user_api"] == "blas"]
    if not seen:
        built = config.get("Build Dependencies", {}).get("blas", {})
        seen = [{"internal_api": built.get("name"), "version": built.get("version")}]
    return [{name: library.get(key) for key, name in keys.items()} for library in seen]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
