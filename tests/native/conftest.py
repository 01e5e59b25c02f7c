"""Small libraries: of a C file that has the kernel's form, and compiles at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from zerokara.native.compile import compile_kernel, file_name, find_compiler

TINY = """
#ifdef DISPATCH
int features(void) { return %d; }
#else
#define JOIN(a, b) a##_##b
#define NAMED(a, b) JOIN(a, b)
int NAMED(train, VARIANT)(void) { return (int)sizeof(REAL) * 100 + BYTES; }
#endif
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[[int], Path]:
    """Makes the folder of a library on a processor with these features, kernel.c beside it."""
    if find_compiler() is None:
        pytest.skip("no C compiler")

    def make(features: int) -> Path:
        source = tmp_path / "kernel.c"
        source.write_text(TINY % features)
        compile_kernel(tmp_path / file_name(), source=source)
        return tmp_path

    return make
