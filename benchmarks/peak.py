"""The machine's float32 peak: the fastest large matrix product of the libraries that are here."""

import importlib.util
import os
import subprocess
import sys

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


def peak(threads: int, n: int = 3072, seconds: float = 4.0) -> float:
    """Return the best rate, in floating-point operations a second, of an (n, n) product on so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    rates = []
    for library, (ones, product) in LIBRARIES.items():
        if importlib.util.find_spec(library):
            script = PRODUCT.format(library=library, ones=ones, product=product)
            command = [sys.executable, "-c", script, str(n), str(seconds)]
            rates.append(float(subprocess.run(command, env=environment, capture_output=True, check=True).stdout))
    return max(rates)
