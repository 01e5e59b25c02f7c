"""Opens the store of a study: memory, the journal of its run folder, or a database that several processes share."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from zerokara.engine.plan import Plan
from zerokara.engine.settings import values_of
from zerokara.samplers.quiet import import_optuna
from zerokara.samplers.registry import make_local_sampler, make_sampler
from zerokara.space.hyperparameters import HYPERPARAMETERS
from zerokara.space.space import Space
from zerokara.storage.local import Local
from zerokara.study.config import config_of, differences
from zerokara.study.run_folder import RunFolder
from zerokara.study.settings import SearchSettings

if TYPE_CHECKING:
    from zerokara.storage.journal import Journal
    from zerokara.storage.shared import Shared


@contextmanager
def open_local(
    settings: SearchSettings, plan: Plan, space: Space, folder: RunFolder | None, repair: bool = False
) -> Iterator[Local]:
    """Open a study of this process alone: in the journal of a folder, which ``repair`` repairs, or in memory."""
    assert settings.trials
    assert settings.generation
    sizes = {"trials": settings.trials, "generation": settings.generation}

    def local(journal: "Journal | None") -> Local:
        sampler = make_local_sampler(settings.sampler, space, plan.seed, **sizes)
        return Local(space, sampler, **sizes, journal=journal, metric=plan.metric)

    if folder is None:
        yield local(None)
        return
    from zerokara.storage.repair import read_study

    if repair:
        folder.repair(local, settings.warn)
    with folder.journal(settings.warn) as journal:
        yield read_study(journal, local)


@contextmanager
def open_shared(
    settings: SearchSettings, plan: Plan, space: Space, worker_id: str, resuming: bool = False
) -> Iterator["Shared"]:
    """Open a study of a database as the process ``worker_id``; ``resuming``: the study must exist."""
    import_optuna()
    from zerokara.storage.database import Database
    from zerokara.storage.shared import Shared

    assert settings.trials
    assert settings.generation
    assert settings.storage
    assert settings.study
    config = config_of(settings, plan, space)
    names = (*values_of(plan), "sampler", "race", "search", *HYPERPARAMETERS)
    agreed = {name: config[name] for name in names if config.get(name) is not None}
    agreed["engine"] = plan.computed_by
    agreed |= {"data_sha256": config["record"]["data_sha256"], "record": config["record"]}
    with closing(Database(settings.storage)) as database:
        shared = Shared(
            database,
            settings.study,
            agreed,
            trials=settings.trials,
            generation=settings.generation,
            space=space,
            metric=plan.metric,
            make=partial(make_sampler, settings.sampler, space, plan.seed),
            worker_id=worker_id,
            resuming=resuming,
            warn=settings.warn,
        )
        for difference in differences({"record": shared.plan["record"]}, plan.data):
            settings.warn(difference)
        yield shared
