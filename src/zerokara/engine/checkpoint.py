"""Checkpoints: files beside the journal from which a search that was killed goes on, to the same numbers."""

import hashlib
import json
import shutil
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from zerokara.arrays import Array
from zerokara.engine.bracket import Finalist, Standing
from zerokara.engine.plan import Plan
from zerokara.engine.population import Population
from zerokara.engine.shard import Shard, structure, untrained
from zerokara.engine.trial import Proposal, Trial
from zerokara.errors import ZerokaraError
from zerokara.files import outside, replacing
from zerokara.nn import Network

EVERY = 8.0
"""Seconds from one writing of the populations between two rungs to the next. With a slice of time before it
and an epoch at its end, less than 20 seconds of work are ever at risk."""
WORTH = 5.0
"""Seconds that a bracket must have trained before it is worth the writing at a rung."""

CHECKSUM = 32
"""Bytes of the SHA-256 at the end of a file: a flipped bit would otherwise pass for a result."""

Arrays = dict[str, Array]
Read = TypeVar("Read")


class Checkpoints:
    """The files of a study in progress; without a folder nothing is written, and nothing is found.

    ``GENERATION-BRACKET`` has how a bracket stands on its way to a rung: the trials that have ended, the best
    networks, and the survivors. ``GENERATION-BRACKET-RUNG-...`` has one of its populations further on.
    ``finalists`` has the best networks of the generations that have ended. A file that is missing or damaged
    costs the time to train that part again, and nothing else.

    Args:
        folder: where they are, made when the first is written.
        plan: how the networks train.
        warn: called with a sentence of a file that is damaged.
    """

    def __init__(self, folder: Path | None, plan: Plan, warn: Callable[[str], None]) -> None:
        self.folder, self.plan, self.warn = folder, plan, warn
        self.seconds = 0.0
        self._begun = self._written = time.perf_counter()
        self._arrived: dict[Path, Population] = {}
        self._saved: dict[Path, float] = {}

    def read(self, name: str, proposals: Sequence[Proposal]) -> Standing:
        """Return how the trials of a bracket stand; those of which nothing is known have no place in it."""
        self._begun = self._written = time.perf_counter()
        known = {proposal.number: proposal for proposal in proposals}
        standing = Standing([])
        if self.folder is None:
            return standing
        if found := self._load(self.folder / name, lambda header, arrays: self._standing(header, arrays, known)):
            standing = found
        further = []
        for path in sorted(self.folder.glob(f"{name}-{standing.rung}-*")):
            population = self._load(path, lambda header, arrays: self._population(header, arrays, known))
            if population:
                further.append(population)
        covered = {key for population in further for key in population.members()}
        kept = [p for p in standing.populations if not covered.intersection(p.members())]
        standing.populations = kept + further
        return standing

    def write(self, name: str, standing: Standing, *, stopped: bool = False) -> None:
        """Keep how a bracket stands, while none of its populations trains: at a rung, or where all have stopped.

        At a rung in the first seconds nothing is written: they are as soon trained again.
        """
        # Those of the rung before are worth nothing from here on, and hold much memory.
        self._arrived, self._saved = {}, {}
        now = time.perf_counter()
        if self.folder is None or not (stopped or now - self._begun > WORTH):
            return
        arrays: Arrays = {}
        header = {
            "rung": standing.rung,
            "settled": [[trial.number, trial.record] for trial in standing.settled],
            "ended": [[list(key), row.record] for key, row in standing.ended.items()],
            "networks": list(standing.networks),
            "finalists": [trial.number for trial, _ in standing.finalists],
            "populations": [
                _put(arrays, f"population{i}", population) for i, population in enumerate(standing.populations)
            ],
        }
        for number, network in standing.networks.items():
            _prefixed(arrays, f"network{number}", network.arrays())
        for trial, network in standing.finalists:
            _prefixed(arrays, f"finalist{trial.number}", network.arrays())
        self._save(self.folder / name, header, arrays)
        for path in self.folder.glob(f"{name}-*"):
            path.unlink(missing_ok=True)
        self._written = time.perf_counter()
        self.seconds += self._written - now

    def handed_back(self, name: str, rung: int, population: Population, arrived: bool) -> None:
        """Look at a population between two slices of its time; now and then, write it.

        One that has arrived stands still, and can be written later; any other trains on as soon as this returns.
        """
        if self.folder is None:
            return
        mark = zlib.crc32(repr(population.members()).encode())
        path, now = self.folder / f"{name}-{rung}-{mark:08x}", time.perf_counter()
        if arrived:
            self._arrived[path] = population
            due = self._arrived if now - self._written > EVERY else {}
        else:
            due = {path: population} if now - self._saved.get(path, self._begun) > EVERY else {}
        for each, standing_still in due.items():
            self._save_population(each, standing_still)
            self._saved[each] = time.perf_counter()
        if arrived and due:
            self._arrived, self._written = {}, time.perf_counter()

    def _save_population(self, path: Path, population: Population) -> None:
        started = time.perf_counter()
        arrays: Arrays = {}
        header = _put(arrays, "population0", population)
        self._save(path, header, arrays)
        self.seconds += time.perf_counter() - started

    def finalists(self, trials: Mapping[int, Trial]) -> list[Finalist]:
        """Return the best networks of the generations that have ended, of those trials that are among ``trials``."""
        if self.folder is None:
            return []

        def read(header: dict[str, Any], arrays: Arrays) -> list[Finalist]:
            return [
                (trials[n], self._network(Proposal(n, trials[n].params), arrays, f"finalist{n}"))
                for n in header["finalists"]
                if n in trials
            ]

        return self._load(self.folder / "finalists", read) or []

    def keep(self, finalists: Sequence[Finalist]) -> None:
        """Keep the best networks of the generations that have ended."""
        if self.folder is None:
            return
        arrays: Arrays = {}
        for trial, network in finalists:
            _prefixed(arrays, f"finalist{trial.number}", network.arrays())
        self._save(self.folder / "finalists", {"finalists": [trial.number for trial, _ in finalists]}, arrays)

    def forget(self, generation: int) -> None:
        """Remove what belongs to a generation that has been told."""
        if self.folder is not None:
            for path in self.folder.glob(f"{generation}-*"):
                path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove everything."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _standing(self, header: dict[str, Any], arrays: Arrays, known: Mapping[int, Proposal]) -> Standing:
        settled = [Trial.of_record(known[number], record) for number, record in header["settled"]]
        by_number = {trial.number: trial for trial in settled}
        return Standing(
            populations=[
                self._population(each, arrays, known, f"population{i}") for i, each in enumerate(header["populations"])
            ],
            rung=header["rung"],
            ended={(n, r, f): Trial.of_record(known[n], record) for (n, r, f), record in header["ended"]},
            networks={n: self._network(known[n], arrays, f"network{n}") for n in header["networks"]},
            settled=settled,
            finalists=[(by_number[n], self._network(known[n], arrays, f"finalist{n}")) for n in header["finalists"]],
        )

    def _population(
        self, header: dict[str, Any], arrays: Arrays, known: Mapping[int, Proposal], prefix: str = "population0"
    ) -> Population:
        proposals = tuple(known[number] for number in header["numbers"])
        where = {name: header[name] for name in ("repeat", "fold", "replicate")}
        shard = Shard(proposals, structure(proposals[0].params), **where)
        population = Population(shard, _under(arrays, prefix) or None)
        population.attach(self.plan)
        return population

    def _network(self, proposal: Proposal, arrays: Arrays, prefix: str) -> Network:
        network = untrained(proposal, self.plan).network
        network.load(_under(arrays, prefix))
        return network

    def _save(self, path: Path, header: dict[str, Any], arrays: Arrays) -> None:
        """Write a file whole or not at all, with a checksum at its end; the disk may still have it to come."""
        from safetensors.numpy import save

        content = save({n: np.ascontiguousarray(a) for n, a in arrays.items()}, {"zerokara": json.dumps(header)})
        with outside(path):
            path.parent.mkdir(exist_ok=True)
        with replacing(path) as fresh, open(fresh, "wb") as file:
            file.write(content)
            file.write(hashlib.sha256(content).digest())

    def _load(self, path: Path, read: "Callable[[dict[str, Any], Arrays], Read]") -> "Read | None":
        """Return what ``read`` makes of a file, or None where it is missing, or damaged, which is said."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            whole = path.read_bytes()
            content, checksum = whole[:-CHECKSUM], whole[-CHECKSUM:]
            if hashlib.sha256(content).digest() != checksum:
                raise ValueError("its checksum is wrong")
            length = int.from_bytes(content[:8], "little")
            header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["zerokara"])
            return read(header, load(content))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, IndexError, SafetensorError, ZerokaraError) as error:
            self.warn(f"the checkpoint {path} is damaged ({error}): what it kept is trained again")
            return None


def _put(arrays: Arrays, prefix: str, population: Population) -> dict[str, Any]:
    """Add a population's arrays, and return what else there is to say of it."""
    _prefixed(arrays, prefix, population.arrays())
    shard = population.shard
    numbers = [proposal.number for proposal in shard.proposals]
    return {"numbers": numbers, "repeat": shard.repeat, "fold": shard.fold, "replicate": shard.replicate}


def _prefixed(arrays: Arrays, prefix: str, more: Arrays) -> None:
    arrays.update({f"{prefix}/{name}": array for name, array in more.items()})


def _under(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(f"{prefix}/"): array for name, array in arrays.items() if name.startswith(f"{prefix}/")}
