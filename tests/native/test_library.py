"""The loader: what it finds, which variant it chooses, and the reason where there is none."""

import ctypes
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from zerokara.errors import InputError
from zerokara.native.compile import compile_kernel, file_name, host
from zerokara.native.library import Library, choose_variant, installed, load_library, why_numpy

Make = Callable[[int], Path]
BOTH = Library(ctypes.pythonapi, ("avx512", "avx2"), None)
NONE = Library(None, (), "this installation has no compiled library")
OLD = Library(BOTH.functions, (), "this processor has no AVX-512 or AVX2 and FMA")


@pytest.fixture(autouse=True)
def no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZEROKARA_ENGINE", raising=False)


@pytest.mark.skipif(not host().endswith("x86_64"), reason="the variants of x86-64")
@pytest.mark.parametrize(("bits", "variants"), [(3, ("avx512", "avx2")), (1, ("avx2",)), (0, ()), (4, ())])
def test_the_variants_are_those_of_the_processor_and_the_library(tiny: Make, bits: int, variants: tuple[str]) -> None:
    library = load_library(tiny(bits))
    assert library.variants == variants
    assert library.problem == (None if variants else OLD.problem)
    widths = [getattr(library.functions, f"train_{variant}")() for variant in variants]
    assert widths == [400 + {"avx512": 64, "avx2": 32}[variant] for variant in variants]


def test_a_folder_without_a_library_has_no_variant(tmp_path: Path) -> None:
    assert load_library(tmp_path) == NONE


def test_a_library_of_another_source_is_not_used(tiny: Make) -> None:
    folder = tiny(7)
    assert load_library(folder).variants
    (folder / "kernel.c").write_text((folder / "kernel.c").read_text() + "\n")
    library = load_library(folder)
    assert (library.functions, library.variants) == (None, ())
    assert library.problem == "the compiled library is not of the kernel.c beside it"


def test_a_library_of_another_part_of_the_source_is_not_used(tiny: Make) -> None:
    folder = tiny(7)
    (folder / "part.h").write_text("enum { PART = 1 };\n")
    (folder / "kernel.c").write_text('#include "part.h"\n' + (folder / "kernel.c").read_text())
    compile_kernel(folder / file_name(), source=folder / "kernel.c")
    assert load_library(folder).variants
    (folder / "part.h").write_text("enum { PART = 2 };\n")
    assert load_library(folder).problem == "the compiled library is not of the kernel.c beside it"
    (folder / "part.h").unlink()
    assert "cannot be loaded" in (load_library(folder).problem or "")


def test_a_file_that_is_no_library_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "kernel.so").write_bytes(b"of another system")
    assert re.match(r"the compiled library cannot be loaded \(.+\)$", load_library(tmp_path).problem or "")


def test_a_library_without_its_source_is_a_reason(tiny: Make) -> None:
    folder = tiny(7)
    (folder / "kernel.c").unlink()
    assert "cannot be loaded" in (load_library(folder).problem or "")


def test_a_library_that_is_in_use_can_be_compiled_again(tiny: Make) -> None:
    folder = tiny(1)
    before = load_library(folder)
    compile_kernel(folder / file_name(), source=folder / "kernel.c", real="double")
    for variant in before.variants:
        assert getattr(before.functions, f"train_{variant}")() // 100 == 4
    assert sorted(path.name for path in folder.iterdir()) == ["kernel.c", file_name()]


@pytest.mark.parametrize(
    ("engine", "environment", "chosen"),
    [
        ("auto", None, "avx512"),
        ("native", None, "avx512"),
        ("avx2", None, "avx2"),
        ("numpy", None, None),
        ("auto", "", "avx512"),
        ("auto", "native", "avx512"),
        ("auto", "avx2", "avx2"),
        ("auto", "numpy", None),
        ("native", "avx2", "avx2"),
        ("native", "numpy", "avx512"),
        ("numpy", "avx2", None),
    ],
)
def test_an_argument_decides_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, engine: str, environment: str | None, chosen: str | None
) -> None:
    if environment is not None:
        monkeypatch.setenv("ZEROKARA_ENGINE", environment)
    assert choose_variant(engine, BOTH) == chosen
    assert (why_numpy(engine, BOTH) is None) == (chosen is not None)


@pytest.mark.parametrize(
    ("library", "engine", "environment", "reason"),
    [
        (NONE, "auto", None, NONE.problem),
        (OLD, "auto", None, OLD.problem),
        (BOTH, "numpy", None, "the engine numpy was asked for"),
        (NONE, "auto", "numpy", "ZEROKARA_ENGINE is numpy"),
    ],
    ids=["no library", "old processor", "argument", "environment"],
)
def test_why_numpy_does_the_work(
    monkeypatch: pytest.MonkeyPatch, library: Library, engine: str, environment: str | None, reason: str
) -> None:
    if environment is not None:
        monkeypatch.setenv("ZEROKARA_ENGINE", environment)
    assert choose_variant(engine, library) is None
    assert why_numpy(engine, library) == reason


@pytest.mark.parametrize(
    ("library", "environment", "message"),
    [
        (
            BOTH,
            "neon",
            "ZEROKARA_ENGINE neon needs NEON and a library with it, got avx512, avx2: use avx512, or leave it out",
        ),
        (
            OLD,
            "avx2",
            "ZEROKARA_ENGINE avx2 needs AVX2 and FMA and a library with it, got no variant, as this processor has no "
            "AVX-512 or AVX2 and FMA: use numpy, or leave it out",
        ),
        (
            NONE,
            "native",
            "ZEROKARA_ENGINE native needs the compiled kernel, but this installation has no compiled library: "
            "reinstall zerokara where a C compiler is found, or use numpy",
        ),
        (
            OLD,
            "native",
            "ZEROKARA_ENGINE native needs the compiled kernel, but this processor has no AVX-512 or AVX2 and FMA: "
            "use numpy",
        ),
        (
            BOTH,
            "AVX2",
            "ZEROKARA_ENGINE must be one of auto, native, numpy, avx512, avx2, neon, got 'AVX2': choose one, "
            "or leave it out",
        ),
    ],
    ids=["another processor", "old processor", "no library", "native on an old processor", "unknown"],
)
def test_what_cannot_be_had_is_an_error(
    monkeypatch: pytest.MonkeyPatch, library: Library, environment: str, message: str
) -> None:
    monkeypatch.setenv("ZEROKARA_ENGINE", environment)
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        choose_variant("auto", library)
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        why_numpy("auto", library)


def test_the_error_names_the_argument_that_caused_it() -> None:
    with pytest.raises(InputError, match="^engine native needs"):
        choose_variant("native", NONE)


def test_the_installed_library_is_loaded_once() -> None:
    assert installed() is installed()
    assert installed().variants or installed().problem
