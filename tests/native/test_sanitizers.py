"""The kernel under the address and undefined-behavior sanitizers, over all cases, optimizers and sizes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases import SOAK
from zerokara.native.compile import compile_kernel, find_compiler, is_zig

compiler = find_compiler()
FLAGS = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
RUN = """
import ctypes, sys
import numpy as np
from tests.cases import OPTIMIZERS, optimizer
from tests.native.kernels import COMPILED, SIZED, epoch
from tests.native.test_bits import trained
from zerokara.native.calls import Kernel
from zerokara.native.library import VARIANTS
from zerokara.nn.cases import POPULATION

library = ctypes.CDLL(sys.argv[1])
for variant in [name for name, (bit, _) in VARIANTS.items() if library.features() & bit]:
    kernel = Kernel.of(library, variant)
    for clip in (0.0, 0.05):
        for name in OPTIMIZERS:
            for case in [*COMPILED, *SIZED]:
                rule = optimizer(name, POPULATION)
                rule.clip_norm = np.full(POPULATION, clip)
                epoch(case, rule, "cosine", kernel, "float32")
    trained(kernel, range(6), cuts=(4, 5))
print("done")
"""


@pytest.mark.skipif(not SOAK, reason="the sanitizers run in make soak")
@pytest.mark.skipif(compiler is None or is_zig(compiler), reason="no C compiler with sanitizers")
def test_the_sanitizers_find_nothing(tmp_path: Path) -> None:
    assert compiler
    library = compile_kernel(tmp_path / "kernel.so", flags=FLAGS)
    runtimes = [
        subprocess.run(
            [*compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    environment = {**os.environ, "LD_PRELOAD": " ".join(runtimes), "ASAN_OPTIONS": "detect_leaks=0"}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", RUN, str(library)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout.endswith("done\n"), done.stderr[-4000:]
