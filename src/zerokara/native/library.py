"""The compiled library: found beside this file, loaded once, and which of its variants this processor runs."""

import ctypes
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from zerokara.errors import InputError
from zerokara.native.compile import source_digest

VARIANTS = {"avx512": (2, "AVX-512"), "avx2": (1, "AVX2 and FMA"), "neon": (4, "NEON")}
"""Best first: the bit in the library's ``features()``, and what the processor must have."""
ENGINES = ("auto", "native", "numpy", *VARIANTS)
"""The values of the environment variable ``ZEROKARA_ENGINE``."""


@dataclass(frozen=True)
class Library:
    """A compiled library and the variants of it that run here, best first; or the ``problem`` if there are none."""

    functions: ctypes.CDLL | None
    variants: tuple[str, ...]
    problem: str | None


def load_library(folder: Path) -> Library:
    """Load the library of a folder that has kernel.c beside it."""
    path = next((path for path in folder.glob("kernel.*") if path.suffix in (".so", ".dylib", ".dll")), None)
    if path is None:
        return Library(None, (), "this installation has no compiled library")
    try:
        functions = ctypes.CDLL(str(path))
        digest = ctypes.string_at(ctypes.addressof(ctypes.c_char.in_dll(functions, "source_digest"))).decode()
        source = source_digest(folder / "kernel.c")
        bits: int = functions.features()
    except (OSError, AttributeError, ValueError) as error:
        return Library(None, (), f"the compiled library cannot be loaded ({error})")
    if digest != source:
        return Library(None, (), "the compiled library is not of the kernel.c beside it")
    variants = tuple(name for name, (bit, _) in VARIANTS.items() if bits & bit and hasattr(functions, f"train_{name}"))
    needed = " or ".join(what for name, (_, what) in VARIANTS.items() if hasattr(functions, f"train_{name}"))
    return Library(functions, variants, None if variants else f"this processor has no {needed}")


@lru_cache(maxsize=1)
def installed() -> Library:
    """Return the library of this installation."""
    return load_library(Path(__file__).parent)


def choose_variant(engine: str = "auto", library: Library | None = None) -> str | None:
    """Return the variant of the kernel to use, or None: NumPy does the work.

    Args:
        engine: "auto": as `ZEROKARA_ENGINE` says, else the best variant if there is one; "native": the kernel;
            "numpy"; or a variant.
        library: by default the installed one.

    Raises:
        InputError: the engine is unknown or does not run here.

    >>> print(choose_variant("numpy"))
    None
    """
    library = library or installed()
    environment = os.environ.get("ZEROKARA_ENGINE") or "auto"
    source = "engine"
    if engine == "auto" or (engine == "native" and environment in VARIANTS):
        engine, source = environment, "ZEROKARA_ENGINE"
    if engine not in ENGINES:
        raise InputError(f"{source} must be one of {', '.join(ENGINES)}, got {engine!r}: choose one, or leave it out")
    if engine == "numpy":
        return None
    if engine in VARIANTS and engine not in library.variants:
        here = ", ".join(library.variants) or f"no variant, as {library.problem}"
        raise InputError(
            f"{source} {engine} needs {VARIANTS[engine][1]} and a library with it, got {here}: "
            f"use {library.variants[0] if library.variants else 'numpy'}, or leave it out"
        )
    if engine == "native" and not library.variants:
        remedy = "" if library.functions else "reinstall zerokara where a C compiler is found, or "
        raise InputError(f"{source} native needs the compiled kernel, but {library.problem}: {remedy}use numpy")
    return engine if engine in VARIANTS else next(iter(library.variants), None)


def why_numpy(engine: str = "auto", library: Library | None = None) -> str | None:
    """Return why `choose_variant` chooses NumPy, or None if it does not.

    >>> why_numpy("numpy")
    'the engine numpy was asked for'
    """
    if choose_variant(engine, library) is not None:
        return None
    if engine == "numpy":
        return "the engine numpy was asked for"
    if os.environ.get("ZEROKARA_ENGINE") == "numpy":
        return "ZEROKARA_ENGINE is numpy"
    return (library or installed()).problem
