"""Compilers and flags: which compiler is taken, what is refused, and the tags of wheels."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.native.binaries import machine_and_exports
from tests.native.conftest import TINY
from zerokara.native.compile import (
    TARGETS,
    WIDTHS,
    CompileError,
    compile_kernel,
    file_name,
    find_compiler,
    host,
    platform_tag,
)

posix = pytest.mark.skipif(os.name != "posix", reason="the compilers here are scripts of a shell")
OLD_X86 = "manylinux_2_17_x86_64.manylinux2014_x86_64"


def script(folder: Path, name: str, body: str) -> Path:
    """Write a command."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_without_a_compiler_the_package_is_taken_if_it_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setitem(sys.modules, "ziglang", None)
    assert find_compiler() is None
    monkeypatch.delitem(sys.modules, "ziglang")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "ziglang.py").touch()
    assert find_compiler() == [sys.executable, "-m", "ziglang", "cc"]


def test_the_library_exports_each_variant(tiny: Callable[[int], Path]) -> None:
    kind, exports = machine_and_exports((tiny(0) / file_name()).read_bytes())
    machine = TARGETS[host()].machine
    assert kind.endswith(machine)
    assert {"features", "source_digest", *(f"train_{variant}" for variant in WIDTHS[machine])} <= exports
    assert "memcpy" not in exports


def test_the_makefile_builds_wheels_for_every_target() -> None:
    text = (Path(__file__).parents[2] / "Makefile").read_text(encoding="utf-8")
    assert re.findall(r"^TARGETS := (.*)$", text, re.MULTILINE) == [" ".join(TARGETS)]


@posix
@pytest.mark.skipif(find_compiler() is None, reason="no C compiler")
def test_a_compiler_that_does_not_know_the_flags_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = " ".join(find_compiler() or ())
    good = script(tmp_path, "good", f'exec {real} "$@"')
    old = script(tmp_path, "old", f'case "$*" in *std=gnu11*) exit 1;; esac; exec {real} "$@"')
    monkeypatch.setenv("CC", str(good))
    assert find_compiler() == [str(good)]
    monkeypatch.setenv("CC", str(old))
    taken = find_compiler()
    assert taken is not None
    assert taken != [str(old)]
    monkeypatch.setenv("CC", f"{good} -pipe")
    assert find_compiler() == [str(good), "-pipe"]


@posix
def test_an_error_shows_the_compiler_s_message(tmp_path: Path) -> None:
    cc = script(tmp_path, "cc", "echo the disk is full >&2; exit 3")
    (tmp_path / "kernel.c").write_text(TINY % 0)
    with pytest.raises(CompileError, match="failed with exit code 3:\nthe disk is full"):
        compile_kernel(tmp_path / "kernel.so", compiler=[str(cc)], source=tmp_path / "kernel.c")
    assert not (tmp_path / "kernel.so").exists()


def test_a_compiler_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "kernel.c").write_text(TINY % 0)
    with pytest.raises(CompileError, match="no-such-cc"):
        compile_kernel(tmp_path / "kernel.so", compiler=["no-such-cc"], source=tmp_path / "kernel.c")


def test_only_zig_compiles_for_another_system(tmp_path: Path) -> None:
    other = next(target for target in TARGETS if target != host())
    with pytest.raises(CompileError, match=f"^only zig compiles for another system, got gcc for {other}$"):
        compile_kernel(tmp_path / file_name(other), compiler=["gcc"], target=other)


def test_a_system_without_a_kernel_is_an_error() -> None:
    with pytest.raises(CompileError, match="^the kernel is compiled for linux-x86_64, .*, got haiku-x86_64: "):
        file_name("haiku-x86_64")


@pytest.mark.parametrize(
    ("content", "tag"),
    [
        (b"\0libc.so.6\0GLIBC_2.14\0GLIBC_2.2.5\0", OLD_X86),
        (b"\0libc.so.6\0ld-linux-x86-64.so.2\0GLIBC_2.17\0", OLD_X86),
        (b"\0libc.so.6\0GLIBC_2.29\0GLIBC_2.4\0", "manylinux_2_29_x86_64"),
        (b"\0train_avx2\0", f"{OLD_X86}.musllinux_1_1_x86_64"),
        (b"\0libc.musl-x86_64.so.1\0memcpy\0", "linux_x86_64"),
        (b"\0libc.so\0memcpy\0", "linux_x86_64"),
        (b"\0libm.so.6\0libc.so.6\0GLIBC_2.14\0", "linux_x86_64"),
        (b"\0libc.so.6\0GLIBC_2.14\0GLIBC_ABI_DT_RELR\0", "linux_x86_64"),
    ],
    ids=["gcc", "2.17", "2.29", "no C library", "musl", "libc.so", "libm", "packed relocations"],
)
def test_a_wheel_for_linux_has_the_tag_that_its_library_allows(tmp_path: Path, content: bytes, tag: str) -> None:
    file = tmp_path / "kernel.so"
    file.write_bytes(b"\x7fELF" + content)
    assert platform_tag(file, "linux-x86_64") == tag
    assert platform_tag(file, "linux-aarch64") == tag.replace("x86_64", "aarch64").replace("x86-64", "aarch64")
    assert platform_tag(file, "macos-aarch64") == "macosx_11_0_arm64"
