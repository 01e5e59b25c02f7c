"""The build hook of hatchling: it compiles the kernel into the wheel, or leaves it to NumPy where it cannot."""

import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NATIVE = Path(__file__).parent / "src" / "zerokara" / "native"
spec = importlib.util.spec_from_file_location("zerokara_compile", NATIVE / "compile.py")
assert spec is not None
assert spec.loader is not None
kernel = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = kernel  # Dataclasses look their module up.
spec.loader.exec_module(kernel)

ENGINE = os.environ.get("ZEROKARA_ENGINE", "auto")
"""numpy: compile nothing and ask for no compiler; native: fail where nothing can be compiled."""
TARGET = os.environ.get("ZEROKARA_TARGET") or None
"""Compile with zig for another system, a key of ``TARGETS``; see ``make wheels``."""


class KernelHook(BuildHookInterface):
    """Adds the library to the wheel; an editable installation has it in the source tree."""

    folder = ""

    def dependencies(self) -> list[str]:
        if ENGINE == "numpy" or (TARGET or kernel.host()) not in kernel.TARGETS:
            return []
        return ["ziglang"] if TARGET or kernel.find_compiler() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if ENGINE == "numpy":
            return
        self.folder = tempfile.mkdtemp()
        try:
            name = kernel.file_name(TARGET)
            library = (NATIVE if version == "editable" else Path(self.folder)) / name
            kernel.compile_kernel(library, target=TARGET)
        except kernel.CompileError as error:
            if ENGINE != "auto":
                raise
            self.app.display_warning(f"this build of zerokara runs on NumPy alone: {error}")
            return
        if version != "editable":
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{kernel.platform_tag(library, TARGET)}"
            build_data["force_include"][str(library)] = f"zerokara/native/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
