"""Reading a study without changing it: a process may be writing it."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zerokara.engine.trial import Proposal, Trial
from zerokara.errors import DatabaseError, InputError
from zerokara.samplers.quiet import import_optuna, quiet
from zerokara.samplers.random import RandomSearch
from zerokara.space.space import Space
from zerokara.storage.checksums import check_lines, damaged
from zerokara.storage.proposer import Proposer
from zerokara.storage.repair import LinesInMemory, read_study
from zerokara.storage.store import Stop, stop_of
from zerokara.train.metrics import METRICS
from zerokara.train.ranking import Metric

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from zerokara.samplers.narrowing import Round
    from zerokara.storage.journal import Journal


@dataclass(frozen=True)
class Recorded:
    """What is recorded of a study: trials that have ended, rounds of a sampler that has them, and what stopped it."""

    trials: list[Trial]
    rounds: "tuple[Round, ...]"
    stopped: Stop | None


def read_journal(
    path: Path, total: int, space: Space, sampler: "BaseSampler | RandomSearch", metric: Metric
) -> Recorded:
    """Return what a journal has of a search for ``total`` trials, without locking it.

    Raises:
        InputError: it is damaged.
        OutsideError: it cannot be read.
    """
    content = path.read_bytes() if path.exists() else b""
    content = content[: content.rfind(b"\n") + 1]
    check = check_lines(content)
    if check.sound < check.lines:
        raise damaged(path, content, check.sound, "another checksum")
    lines = LinesInMemory(content.split(b"\n")[:-1], path)

    def recorded(journal: "Journal") -> Recorded:
        proposer = Proposer(space, sampler, journal, metric=metric)
        ended = proposer.ended()
        return Recorded([ended[n] for n in sorted(ended)], tuple(proposer.rounds()), proposer.stop(total))

    return read_study(lines, recorded)


def read_database(
    storage: str, name: str, total: int, space: Space, sampler: "BaseSampler | RandomSearch", metric: Metric
) -> Recorded:
    """Return what a study of a database has of a search for ``total`` trials, of all its processes.

    Raises:
        InputError: the database has no such study.
        DatabaseError: the database does not respond.
    """
    import_optuna()
    import optuna

    from zerokara.storage.database import Database, parse_url
    from zerokara.storage.studies.replica import current_trials, replica

    url = parse_url(storage)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise DatabaseError(f"the database of a run must exist, but there is no file {url.database}: restore it")
    with closing(Database(storage)) as database, quiet(), database.errors():
        try:
            study = optuna.load_study(storage=database.storage, study_name=name)
        except KeyError as error:
            raise InputError(
                f"the database of a run must have its study, but {database.address} has no study {name!r}: pass "
                "storage with the database of the run"
            ) from error
        trials, attributes = current_trials(study.get_trials(deepcopy=False)), study.user_attrs
    score_name = METRICS[metric.task]
    ended = [
        Trial.of_record(Proposal(number, space.decode(t.params)), t.user_attrs["record"], score_name)
        for number, t in sorted(trials.items())
        if t.state.is_finished()
    ]
    return Recorded(ended, tuple(replica(space, sampler, metric, trials).rounds()), stop_of(attributes, total))
