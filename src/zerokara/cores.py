"""The number of processor cores that this process may use."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def cores(system: Path = Path("/")) -> int:
    """Return the number of cores: the least of the machine's, of the affinity, and of the quotas of its cgroups.

    Containers and batch systems limit a process by a quota of processor time, which may be a fraction of a core; it is
    rounded up.

    Args:
        system: the folder that has ``proc`` and ``sys``.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([count, *map(math.ceil, _quotas(system))]))


def _quotas(system: Path) -> Iterator[float]:
    """Yield the quotas of the cgroups of this process and of those around them, version 1 or 2, in cores."""
    for folder in _cgroups(system):
        with suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
            yield int(quota) / int(period)  # "max" is no number.
        with suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (
                (folder / f"cpu.cfs_{name}_us").read_text(encoding="utf-8") for name in ("quota", "period")
            )
            if int(quota) > 0:  # -1: no quota.
                yield int(quota) / int(period)


def _cgroups(system: Path) -> Iterator[Path]:
    """Yield the folders of the cgroups of this process and of those around them, as far as it sees them."""
    try:
        lines = (system / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        # Version 2 has no names of controllers; where both are mounted, it is in a subfolder.
        for mount in (
            (f"sys/fs/cgroup/{controllers}", "sys/fs/cgroup/cpu")
            if controllers
            else ("sys/fs/cgroup", "sys/fs/cgroup/unified")
        ):
            root = system / mount
            own = root / path.lstrip("/")
            yield from (folder for folder in (own, *own.parents) if folder.is_relative_to(root))
