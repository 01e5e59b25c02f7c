"""Checkpoints: files beside the journal. A search that was killed resumes from them, with the same numbers."""

import hashlib
import json
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from zerokara.arrays import Array
from zerokara.checks import is_of
from zerokara.engine.bracket import BracketState, Candidate
from zerokara.engine.plan import NetworkId, Plan
from zerokara.engine.population import Population
from zerokara.engine.shard import Shard, structure, untrained
from zerokara.engine.trial import Proposal, Trial
from zerokara.files import outside, replacing
from zerokara.nn import Network
from zerokara.train.metrics import METRICS

EVERY = 8.0
"""Seconds between two checkpoints of the populations between rungs. With a slice of training before and an epoch after
it, a kill costs less than 20 seconds of work."""
MIN_TRAINED = 5.0
"""Seconds that a bracket must have trained before a checkpoint at a rung is worth its time."""
CHECKSUM = 32
"""Bytes of the SHA-256 at the end of a file, which detects flipped bits."""
CANDIDATES_FILE = "candidates"

Arrays = dict[str, Array]
Read = TypeVar("Read")


class Checkpoints:
    """The checkpoint files of a running study.

    ``GENERATION-BRACKET`` has the state of a bracket at its latest rung: finished trials, the best networks, and the
    survivors. ``GENERATION-BRACKET-RUNG-...`` has one of its populations at a later epoch. ``candidates`` has the best
    networks of finished generations. A missing or damaged file costs training time, never a result.

    Args:
        folder: created with the first file; without a folder nothing is written or found.
        plan: how the networks train.
        warn: called with a sentence about a damaged file.
    """

    def __init__(self, folder: Path | None, plan: Plan, warn: Callable[[str], None]) -> None:
        self.folder, self.plan, self.warn = folder, plan, warn
        self.seconds = 0.0
        self._begun = self._written = time.perf_counter()
        self._waiting: dict[str, Population] = {}
        self._saved: dict[str, float] = {}

    def read(self, name: str, proposals: Sequence[Proposal]) -> BracketState:
        """Return the state of a bracket; trials without a checkpoint are not in it."""
        self._begun = self._written = time.perf_counter()
        known = {proposal.number: proposal for proposal in proposals}
        state = self._load(name, lambda header, arrays: self._state(header, arrays, known)) or BracketState([])
        later = []
        for path in self._files(f"{name}-{state.rung}-*"):
            population = self._load(path.name, lambda header, arrays: self._population(header, arrays, known))
            if population:
                later.append(population)
        covered = {network_id for population in later for network_id in population.network_ids()}
        earlier = [p for p in state.populations if not covered.intersection(p.network_ids())]
        state.populations = earlier + later
        return state

    def write(self, name: str, state: BracketState, *, stopped: bool = False) -> None:
        """Save the state of a bracket whose populations do not train now: at a rung, or ``stopped``.

        At a rung in the first seconds nothing is written: training again takes no longer.
        """
        # Populations of the previous rung are obsolete, and take much memory.
        self._waiting, self._saved = {}, {}
        if self.folder is None or not (stopped or time.perf_counter() - self._begun > MIN_TRAINED):
            return
        arrays: Arrays = {}
        header = {
            "rung": state.rung,
            "finished": [[trial.number, trial.record] for trial in state.finished],
            "stopped": [[list(network_id), row.record] for network_id, row in state.stopped.items()],
            "networks": _add_networks(arrays, "network", state.networks),
            "candidates": _add_candidates(arrays, state.candidates, self.plan),
            "populations": [_add_population(arrays, f"population{i}", p) for i, p in enumerate(state.populations)],
        }
        self._save(name, header, arrays)
        self._remove(f"{name}-*")
        self._written = time.perf_counter()

    def on_return(self, name: str, rung: int, population: Population, finished: bool) -> None:
        """Save a population that a worker returned, if a checkpoint is due.

        One that has ``finished`` the epochs to its rung can be saved later; another trains on after this call.
        """
        if self.folder is None:
            return
        file = f"{name}-{rung}-{zlib.crc32(repr(population.network_ids()).encode()):08x}"
        now = time.perf_counter()
        if finished:
            self._waiting[file] = population
            due = self._waiting if now - self._written > EVERY else {}
        else:
            due = {file: population} if now - self._saved.get(file, self._begun) > EVERY else {}
        for each, saved in due.items():
            arrays: Arrays = {}
            header = _add_population(arrays, "population0", saved)
            self._save(each, header, arrays)
            self._saved[each] = time.perf_counter()
        if finished and due:
            self._waiting, self._written = {}, time.perf_counter()

    def read_candidates(self, trials: Mapping[int, Trial]) -> list[Candidate]:
        """Return the best networks of finished generations, of those trials that are among ``trials``."""

        def read(header: dict[str, Any], arrays: Arrays) -> list[Candidate]:
            return [(trials[n], self._networks(trials[n], arrays)) for n in header["candidates"] if n in trials]

        return self._load(CANDIDATES_FILE, read) or []

    def write_candidates(self, candidates: Sequence[Candidate]) -> None:
        """Save the best networks of finished generations."""
        arrays: Arrays = {}
        self._save(CANDIDATES_FILE, {"candidates": _add_candidates(arrays, candidates, self.plan)}, arrays)

    def remove_generation(self, generation: int) -> None:
        """Remove the files of a generation whose results are recorded."""
        self._remove(f"{generation}-*")

    def _state(self, header: dict[str, Any], arrays: Arrays, known: Mapping[int, Proposal]) -> BracketState:
        if not is_of(header["rung"], int):
            raise ValueError(f"the rung {header['rung']!r}")
        score_name = METRICS[self.plan.task]
        finished = [Trial.of_record(known[number], record, score_name) for number, record in header["finished"]]
        by_number = {trial.number: trial for trial in finished}
        return BracketState(
            populations=[
                self._population(each, arrays, known, f"population{i}") for i, each in enumerate(header["populations"])
            ],
            rung=header["rung"],
            stopped={
                (n, r, f): Trial.of_record(known[n], record, score_name) for (n, r, f), record in header["stopped"]
            },
            networks={
                (n, r, f): self._network(known[n], arrays, "network", (n, r, f)) for n, r, f in header["networks"]
            },
            finished=finished,
            candidates=[(by_number[n], self._networks(known[n], arrays)) for n in header["candidates"]],
        )

    def _population(
        self, header: dict[str, Any], arrays: Arrays, known: Mapping[int, Proposal], prefix: str = "population0"
    ) -> Population:
        proposals = tuple(known[number] for number in header["numbers"])
        where = {name: header[name] for name in ("repeat", "fold", "replicate")}
        if not all(is_of(value, int) for value in where.values()):
            raise ValueError(f"a population with {where}")
        shard = Shard(proposals, structure(proposals[0].params), **where)
        population = Population(shard, _with_prefix(arrays, prefix) or None)
        population.attach(self.plan)
        return population

    def _networks(self, trial: Proposal | Trial, arrays: Arrays) -> tuple[Network, ...]:
        """Return the networks of a candidate."""
        ids = self.plan.network_ids(trial.number)
        return tuple(self._network(trial, arrays, "candidate", network_id) for network_id in ids)

    def _network(self, trial: Proposal | Trial, arrays: Arrays, kind: str, network_id: NetworkId) -> Network:
        network = untrained(trial, self.plan, repeat=network_id[1], fold=network_id[2]).network
        network.load(_with_prefix(arrays, _prefix(kind, network_id)))
        return network

    def _files(self, pattern: str) -> list[Path]:
        return sorted(self.folder.glob(pattern)) if self.folder else []

    def _remove(self, pattern: str) -> None:
        for path in self._files(pattern):
            with suppress(OSError):  # A file that stays is not read again.
                path.unlink()

    def _save(self, name: str, header: dict[str, Any], arrays: Arrays) -> None:
        """Write a file atomically, with a checksum at its end; without fsync, which a power failure may undo."""
        from safetensors.numpy import save

        if self.folder is None:
            return
        started = time.perf_counter()
        content = save({n: np.ascontiguousarray(a) for n, a in arrays.items()}, {"zerokara": json.dumps(header)})
        with outside(self.folder):
            self.folder.mkdir(exist_ok=True)
        with replacing(self.folder / name) as fresh, open(fresh, "wb") as file:
            file.write(content)
            file.write(hashlib.sha256(content).digest())
        self.seconds += time.perf_counter() - started

    def _load(self, name: str, read: "Callable[[dict[str, Any], Arrays], Read]") -> "Read | None":
        """Return what ``read`` makes of a file; None if it is missing, or damaged, which is a warning."""
        from safetensors.numpy import load

        if self.folder is None:
            return None
        path = self.folder / name
        try:
            file = path.read_bytes()
            content, checksum = file[:-CHECKSUM], file[-CHECKSUM:]
            if hashlib.sha256(content).digest() != checksum:
                raise ValueError("wrong checksum")
            length = int.from_bytes(content[:8], "little")
            header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["zerokara"])
            return read(header, load(content))
        except FileNotFoundError:
            return None
        except Exception as error:  # Training again is right for any content that no checkpoint has.
            self.warn(f"Corrupted checkpoint {path} ({error}); retraining those trials.")
            return None


def _add_population(arrays: Arrays, prefix: str, population: Population) -> dict[str, Any]:
    """Add a population's arrays, and return its header."""
    _add(arrays, prefix, population.arrays())
    shard = population.shard
    numbers = [proposal.number for proposal in shard.proposals]
    return {"numbers": numbers, "repeat": shard.repeat, "fold": shard.fold, "replicate": shard.replicate}


def _add_candidates(arrays: Arrays, candidates: Sequence[Candidate], plan: Plan) -> list[int]:
    """Add the arrays of the candidates' networks, and return the numbers of their trials."""
    for trial, networks in candidates:
        _add_networks(arrays, "candidate", dict(zip(plan.network_ids(trial.number), networks, strict=True)))
    return [trial.number for trial, _ in candidates]


def _add_networks(arrays: Arrays, kind: str, networks: Mapping[NetworkId, Network]) -> list[list[int]]:
    """Add the arrays of networks, and return which they are."""
    for network_id, network in networks.items():
        _add(arrays, _prefix(kind, network_id), network.arrays())
    return [list(network_id) for network_id in networks]


def _prefix(kind: str, network_id: NetworkId) -> str:
    return kind + "-".join(map(str, network_id))


def _add(arrays: Arrays, prefix: str, more: Arrays) -> None:
    arrays.update({f"{prefix}/{name}": array for name, array in more.items()})


def _with_prefix(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(f"{prefix}/"): array for name, array in arrays.items() if name.startswith(f"{prefix}/")}
