"""The machine's float32 peak: multiply-adds in registers, or the fastest large matrix product of the libraries."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from subprocess import PIPE

PRODUCT = """
import sys, time, {library}
n = int(sys.argv[1])
a, out = {ones}
best = float("inf")
end = time.perf_counter() + float(sys.argv[2])
while time.perf_counter() < end:
    start = time.perf_counter()
    {product}
    best = min(best, time.perf_counter() - start)
print(2 * n**3 / best)
"""

LIBRARIES = {
    "numpy": ("numpy.ones((n, n), 'float32'), numpy.empty((n, n), 'float32')", "numpy.matmul(a, a, out=out)"),
    "torch": ("torch.ones(n, n), torch.empty(n, n)", "torch.mm(a, a, out=out)"),
}

# Twelve different sums: a multiply-add ends some four cycles after it has begun, and two begin in a cycle.
MULTIPLY_ADDS = """
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef __AVX512F__
#define BYTES 64
#elif defined __AVX__
#define BYTES 32
#else
#define BYTES 16
#endif
typedef float V __attribute__((vector_size(BYTES)));
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }
int main(int count, char **values) {
    V one = (V){0} + 0.5f * count, x = 0.5f * one, y = one;
    V a = one, b = a + one, c = b + one, d = c + one, e = d + one, f = e + one;
    V g = f + one, h = g + one, i = h + one, j = i + one, k = j + one, l = k + one;
    double best = 0, end = now() + atof(values[1]);
    while (now() < end) {
        double start = now(), rate;
        for (int n = 0; n < 1000000; n++) {
            a = a * x + y; b = b * x + y; c = c * x + y; d = d * x + y; e = e * x + y; f = f * x + y;
            g = g * x + y; h = h * x + y; i = i * x + y; j = j * x + y; k = k * x + y; l = l * x + y;
        }
        rate = 2.0 * 12 * (BYTES / 4) * 1000000 / (now() - start);
        if (rate > best) best = rate;
    }
    a += b + c + d + e + f + g + h + i + j + k + l;
    printf("%g %g\\n", best, (double)a[0]);
    return 0;
}
"""


def peak(threads: int, n: int = 3072, seconds: float = 4.0) -> float:
    """Return the best rate, in floating-point operations a second, that so many threads reach."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    rates = [multiply_adds(threads, seconds)]
    for library, (ones, product) in LIBRARIES.items():
        if importlib.util.find_spec(library):
            script = PRODUCT.format(library=library, ones=ones, product=product)
            command = [sys.executable, "-c", script, str(n), str(seconds)]
            rates.append(float(subprocess.run(command, env=environment, capture_output=True, check=True).stdout))
    return max(rates)


def multiply_adds(processes: int, seconds: float) -> float:
    """Return the rate of multiply-adds that no memory holds up, or 0 where there is no C compiler."""
    if not (compiler := shutil.which("cc")):
        return 0.0
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "multiply_adds")
        options = ["-O2", "-march=native", "-ffp-contract=fast", "-x", "c", "-", "-o", program]
        subprocess.run([compiler, *options], input=MULTIPLY_ADDS, text=True, check=True)
        running = [subprocess.Popen([program, str(seconds)], stdout=PIPE, text=True) for _ in range(processes)]
        return sum(float(process.communicate()[0].split()[0]) for process in running)
