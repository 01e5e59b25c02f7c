"""Compile kernel.c into the library beside it: ``python src/zerokara/native/compile.py``.

The compilers, flags and vector widths are known here alone. The build of a wheel runs this file by its path, before
NumPy is installed, so that it imports nothing but the standard library.
"""

import hashlib
import os
import platform
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

SOURCE = Path(__file__).with_name("kernel.c")
COMPILER_FLAGS = ("-O3", "-std=gnu11", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-g0")
WIDTHS = {"x86_64": {"avx512": 64, "avx2": 32}, "aarch64": {"neon": 16}}
"""The variants for each kind of processor: the bytes of a vector."""
OLDEST = {"avx512": "x86-64-v4", "avx2": "x86-64-v3", "neon": "armv8-a", "dispatch": "x86-64"}
"""The oldest processors that can run a variant."""


class CompileError(Exception):
    """A compiler is missing, or it failed."""


@dataclass(frozen=True)
class Target:
    """A system that libraries are compiled for: its processor, its name for zig, and its wheels' platform tag."""

    machine: str
    zig: str
    suffix: str
    tag: str


TARGETS = {
    "linux-x86_64": Target("x86_64", "x86_64-linux-gnu.2.17", ".so", "linux_x86_64"),
    "linux-aarch64": Target("aarch64", "aarch64-linux-gnu.2.17", ".so", "linux_aarch64"),
    "windows-x86_64": Target("x86_64", "x86_64-windows-gnu", ".dll", "win_amd64"),
    "macos-x86_64": Target("x86_64", "x86_64-macos.10.13", ".dylib", "macosx_10_13_x86_64"),
    "macos-aarch64": Target("aarch64", "aarch64-macos.11.0", ".dylib", "macosx_11_0_arm64"),
}


def host() -> str:
    """Return the target that runs this Python; it is not in `TARGETS` where the kernel cannot be built."""
    import sysconfig  # Here, and subprocess below: a search reads only the digest.

    system, _, machine = sysconfig.get_platform().rpartition("-")
    name = {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower() if system.startswith("macosx") else machine  # universal2 is no processor.
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    return f"{name}-{machine}" if sys.maxsize > 2**32 else f"{name}-{machine}, 32 bits"


def file_name(target: str | None = None) -> str:
    """Return the name of the library's file."""
    return f"kernel{_target(target).suffix}"


def _target(name: str | None) -> Target:
    name = name or host()
    if name not in TARGETS:
        raise CompileError(f"the kernel is compiled for {', '.join(TARGETS)}, got {name}: NumPy does the work there")
    return TARGETS[name]


def is_zig(compiler: Sequence[str]) -> bool:
    """Tell zig, whose options differ, by the command that calls it."""
    return Path(compiler[0]).stem == "zig" or "ziglang" in compiler


def find_compiler() -> list[str] | None:
    """Return the command of a C compiler that can build the kernel: $CC, cc, gcc, clang, or the package ziglang.

    On Windows only $CC and ziglang are tried: GCC does not align the stack there as wide vectors need it.
    """
    named = [shlex.split(os.environ.get("CC", ""))]
    named += [] if sys.platform == "win32" else [["cc"], ["gcc"], ["clang"]]
    for compiler in named:
        if compiler and shutil.which(compiler[0]) and _works(compiler):
            return compiler
    return [sys.executable, "-m", "ziglang", "cc"] if find_spec("ziglang") else None


def _works(compiler: Sequence[str]) -> bool:
    """Tell whether a compiler knows the flags and vectors, and has the headers of the C library."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text(
            "#include <string.h>\n#ifdef BYTES\ntypedef float vector __attribute__((vector_size(BYTES)));\n"
            "void VARIANT(vector *a) { *a += *a; }\n#endif\n",
            encoding="ascii",
        )
        try:
            compile_kernel(Path(folder, "probe"), compiler=compiler, source=source)
        except CompileError:
            return False
    return True


def compile_kernel(
    library: Path,
    *,
    compiler: Sequence[str] | None = None,
    target: str | None = None,
    real: str = "float",
    flags: Sequence[str] = (),
    source: Path = SOURCE,
) -> Path:
    """Compile the kernel into a shared library, and return its path.

    Args:
        library: the file to write.
        compiler: its command, by default the first that `find_compiler` finds, or ziglang for another ``target``.
        target: a key of `TARGETS`, by default this system; another needs zig.
        real: the type of numbers, float or double.
        flags: more flags for compiling and linking, such as those of sanitizers.
        source: the C file.

    Raises:
        CompileError: no compiler was found, or it failed.
    """
    where = _target(target)
    if compiler is None:
        zig = [sys.executable, "-m", "ziglang", "cc"] if find_spec("ziglang") else None
        compiler = zig if target else find_compiler()
    if compiler is None:
        raise CompileError("no C compiler was found: install one, or the package ziglang")
    with tempfile.TemporaryDirectory() as folder:
        digest = Path(folder, "digest.c")
        digest.write_text(f'const char source_digest[] = "{source_digest(source)}";\n', encoding="ascii")
        common = [*compiler, *_for_target(compiler, where, target)]
        builds = {
            variant: [f"-DVARIANT={variant}", f"-DBYTES={width}", f"-DREAL={real}", *_level(compiler, where, variant)]
            for variant, width in WIDTHS[where.machine].items()
        }
        builds["dispatch"] = ["-DDISPATCH", *_level(compiler, where, "dispatch")]
        objects = [f"{folder}/{name}.o" for name in (*builds, "digest")]
        commands = [[*common, *COMPILER_FLAGS, *own, *flags, "-c", str(source)] for own in builds.values()]
        commands.append([*common, "-c", str(digest)])
        _run_all([[*command, "-o", out] for command, out in zip(commands, objects, strict=True)])
        made = Path(folder, f"kernel{where.suffix}")
        strip = [] if where.suffix == ".dylib" or flags else ["-s"]
        _run_all([[*common, *flags, "-shared", *strip, *objects, "-o", str(made)]])
        library.parent.mkdir(parents=True, exist_ok=True)
        # A library that a process has loaded is replaced, not overwritten.
        part = library.with_name(f"{library.name}.{os.getpid()}")
        shutil.copy(made, part)
        part.replace(library)
    return library


def source_text(source: Path) -> str:
    """Return a C file with the files that it includes in their places."""
    text = source.read_text(encoding="ascii")
    return re.sub(r'^#include "(.+)"\n', lambda found: source_text(source.parent / found[1]), text, flags=re.MULTILINE)


def source_digest(source: Path) -> str:
    """Return the SHA-256 of this text, which its library contains: one of another source is not loaded."""
    return hashlib.sha256(source_text(source).encode()).hexdigest()


def _for_target(compiler: Sequence[str], where: Target, target: str | None) -> list[str]:
    """Return the flags of an operating system and a compiler."""
    flags = [] if where.suffix == ".dll" else ["-fPIC"]
    if is_zig(compiler):
        return [*flags, "-fno-sanitize=all", *(["-target", where.zig] if target else [])]
    if target and target != host():
        raise CompileError(f"only zig compiles for another system, got {shlex.join(compiler)} for {target}")
    if where.suffix == ".dylib":
        _, *version, machine = where.tag.split("_", 3)
        flags += [f"-mmacosx-version-min={'.'.join(version)}", "-arch", machine]
    return flags


def _level(compiler: Sequence[str], where: Target, variant: str) -> list[str]:
    """Return the flags that name the oldest processors, and, where it pays, the width of vectors."""
    level = OLDEST[variant]
    wide = ["-mprefer-vector-width=512"] if variant == "avx512" else []
    if where.machine == "aarch64":  # Each has NEON.
        return ["-mcpu=baseline"] if is_zig(compiler) else []
    return [f"-mcpu={level.replace('-', '_')}" if is_zig(compiler) else f"-march={level}", *wide]


def _run_all(commands: Sequence[Sequence[str]]) -> None:
    """Run commands at the same time."""
    import subprocess

    try:
        running = [
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for command in commands
        ]
    except OSError as error:
        raise CompileError(f"{commands[0][0]}: {error.strerror}") from error
    messages = [process.communicate()[1] for process in running]
    for process, command, message in zip(running, commands, messages, strict=True):
        if process.returncode:
            raise CompileError(f"{shlex.join(command)} failed with exit code {process.returncode}:\n{message}")


def platform_tag(library: Path, target: str | None = None) -> str:
    """Return the tag of a wheel with this library: for Linux manylinux where the C library that it needs is old.

    A library that needs none runs on any Linux. Other names are those of `TARGETS`.
    """
    tag, content = _target(target).tag, library.read_bytes()
    if not tag.startswith("linux_"):
        return tag
    machine = tag.removeprefix("linux_")
    needed = set(re.findall(rb"\0((?:lib|ld-)[\w.+-]*\.so[.\d]*)(?=\0)", content))
    versions = set(re.findall(rb"\0GLIBC_([\w.]+)(?=\0)", content))
    old = f"manylinux_2_17_{machine}.manylinux2014_{machine}"
    if not needed and not versions:
        return f"{old}.musllinux_1_1_{machine}"
    plain = needed <= {b"libc.so.6", b"ld-linux-x86-64.so.2", b"ld-linux-aarch64.so.1"}
    if not versions or not plain or not all(re.fullmatch(rb"2\.\d+(\.\d+)?", version) for version in versions):
        return tag
    newest = max(int(version.split(b".")[1]) for version in versions)
    return old if newest <= 17 else f"manylinux_2_{newest}_{machine}"


if __name__ == "__main__":
    try:
        print(compile_kernel(SOURCE.with_name(file_name())))
    except CompileError as error:
        sys.exit(str(error))
