"""Training takes no memory from the system at every step: what one step frees, the next one uses."""

import os
import platform
import subprocess
import sys

import pytest

# As a worker of a search: in a thread, whose part of the heap glibc trims apart from the main thread's.
EPOCHS = """
import resource, threading
from zerokara import Trainer, data, nn, optim

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def train():
    digits = data.load("digits").split(validation=0.2, seed=0)
    run = Trainer(nn.mlp(64, (64, 64), 10, population=25), optim.Adam(), digits)
    counts = []
    for epoch in run.epochs(4):
        counts.append(faults())
    print(max(counts[3] - counts[2], counts[2] - counts[1]))

worker = threading.Thread(target=train)
worker.start()
worker.join()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep memory by other rules")
@pytest.mark.parametrize("setting", [{}, {"MALLOC_TRIM_THRESHOLD_": "65536"}], ids=["bare", "as in a Dask worker"])
def test_an_epoch_brings_in_few_pages(setting: dict[str, str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")} | setting
    done = subprocess.run([sys.executable, "-c", EPOCHS], env=environment, capture_output=True, text=True, check=True)
    # Without keep_freed 2,000 to 3,000, a tenth of the time; 26,000 in a Dask worker.
    assert int(done.stdout) < 300, "pages of memory came in anew in one epoch"


RETURNED = """
import numpy as np
from zerokara.memory import keep_freed, return_freed

def pages():
    return int(open("/proc/self/statm").read().split()[1])

keep_freed()
arrays = [np.ones(1 << 18) for _ in range(20)]  # 2 MiB each.
pin = np.ones(100)
del arrays
before = pages()
return_freed()
print(before - pages())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep memory by other rules")
def test_what_was_kept_is_given_back_where_others_train() -> None:
    done = subprocess.run([sys.executable, "-c", RETURNED], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 5_000  # Of 10,240 pages of 4 KiB.
