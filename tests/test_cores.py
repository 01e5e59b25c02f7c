"""The default number of workers keeps to the affinity and to the quotas of cgroups, in both versions."""

import os

import pytest

from zerokara.cores import cores
from zerokara.engine.executors import open_pool


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)


V1 = "4:memory:/x\n2:cpu,cpuacct:/batch/job\n"
CASES: dict[str, tuple[str, dict[str, str], int]] = {
    "no cgroups": ("", {}, 8),
    "no quota": ("0::/\n", {"cpu.max": "max 100000\n"}, 8),
    "a container": ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
    "a fraction is rounded up": ("0::/\n", {"cpu.max": "250000 100000\n"}, 3),
    "less than one": ("0::/\n", {"cpu.max": "5000 100000\n"}, 1),
    "more than the machine": ("0::/\n", {"cpu.max": "6400000 100000\n"}, 8),
    "the least of all levels": (
        "0::/a/b\n",
        {"a/b/cpu.max": "max 100000", "a/cpu.max": "300000 100000", "cpu.max": "500000 100000"},
        3,
    ),
    "a path that is not mounted": ("0::/docker/0123\n", {"cpu.max": "400000 100000"}, 4),
    "not a number": ("0::/\n", {"cpu.max": "many\n"}, 8),
    "version 1": (
        V1,
        {"cpu,cpuacct/batch/job/cpu.cfs_quota_us": "150000", "cpu,cpuacct/batch/job/cpu.cfs_period_us": "50000"},
        3,
    ),
    "version 1, no quota": (V1, {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
    "version 1, around it": (V1, {"cpu/batch/cpu.cfs_quota_us": "100000", "cpu/batch/cpu.cfs_period_us": "50000"}, 2),
    "both": ("1:cpu:/\n0::/x\n", {"unified/x/cpu.max": "200000 100000"}, 2),
}


@pytest.mark.parametrize("case", CASES)
def test_quotas(tmp_path, case) -> None:
    cgroup, files, count = CASES[case]
    for name, text in {"proc/self/cgroup": cgroup, **{f"sys/fs/cgroup/{k}": v for k, v in files.items()}}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert cores(tmp_path) == count


def test_the_affinity_is_a_limit_too(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5}, raising=False)
    assert cores(tmp_path) == 2


def test_it_is_the_default_number_of_workers(monkeypatch) -> None:
    monkeypatch.setattr("zerokara.engine.executors.cores", lambda: 3)
    pool = open_pool(None)()
    assert pool.count == 3
    pool.close()
