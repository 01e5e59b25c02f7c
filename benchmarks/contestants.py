"""Who takes part, and in which ways; a new rival is a file in rivals/ and its rows here."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

PLAIN = "as its users run it"
PER_CORE = "one process per core"
ALONE = "one process, one thread"

# Every thread pool that a rival may bring: BLAS, OpenMP (PyTorch), oneDNN, XLA's two.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NPROC": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


@dataclass(frozen=True)
class Contestant:
    """One way to run one library: `module:function` with settings, in one process or in one per core.

    ``python`` runs it, with ``source`` before all other modules, if there is one.
    """

    name: str
    way: str
    target: str
    detail: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    python: str = sys.executable
    source: str = ""

    @property
    def processes(self) -> int:
        return CORES if self.way == PER_CORE else 1

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its processes: the libraries' own defaults, or one thread for each process."""
        kept = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
        if self.source:
            kept["PYTHONPATH"] = os.pathsep.join(filter(None, [self.source, kept.get("PYTHONPATH")]))
        return kept | ({} if self.way == PLAIN else ONE_THREAD)


OURS = Contestant("zerokara", PLAIN, "benchmarks.ours:run", "zk.tune, a thread for each core")

CONTESTANTS = [
    OURS,
    replace(OURS, detail="zk.tune, one worker process per core", settings={"workers": "processes"}),
    *(
        Contestant(name, way, f"benchmarks.rivals.{target}", detail)
        for name, way, target, detail in (
            ("textbook loop", PLAIN, "textbook:run", "float64"),
            ("textbook loop", PER_CORE, "textbook:run", "float64"),
            ("scikit-learn", PLAIN, "sklearn_mlp:fit", "fit, scores only at the end"),
            ("scikit-learn", PER_CORE, "sklearn_mlp:fit", "fit, scores only at the end"),
            ("scikit-learn", PER_CORE, "sklearn_mlp:partial_fit", "partial_fit, scores each epoch"),
            ("PyTorch eager", PLAIN, "torch_eager:run", "fused optimizer"),
            ("PyTorch eager", PER_CORE, "torch_eager:run", "fused optimizer"),
            ("PyTorch batched", PLAIN, "torch_batched:whole", "bmm over all networks"),
            ("PyTorch batched", PER_CORE, "torch_batched:shards", "bmm over shards"),
            ("JAX", PLAIN, "jax_vmap:whole", "vmap over all networks"),
            ("JAX", PER_CORE, "jax_vmap:shards", "vmap over shards"),
        )
    ),
]
