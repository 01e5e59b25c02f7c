"""Opening the store of a study: memory or the journal of its run folder, or a database that several processes share."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from zerokara.engine.plan import Plan
from zerokara.samplers.registry import make_sampler
from zerokara.space.hyperparameters import HYPERPARAMETERS
from zerokara.space.space import Space
from zerokara.storage.local import Local
from zerokara.study.config import PLAN, config_of, differences
from zerokara.study.run_folder import RunFolder

if TYPE_CHECKING:
    from zerokara.storage.shared import Shared


@contextmanager
def open_local(plan: Plan, space: Space, settings: Mapping[str, Any], folder: RunFolder | None) -> Iterator[Local]:
    """Open the study in the journal of a folder, or one in memory, for this process alone."""
    trials, generation = settings["trials"], settings["generation"]
    sampler = make_sampler(settings["sampler"], space, plan.seed, trials=trials, generation=generation)
    with folder.journal() if folder else nullcontext() as journal:
        yield Local(space, sampler, trials, generation, journal)


@contextmanager
def open_shared(
    plan: Plan,
    space: Space,
    settings: Mapping[str, Any],
    storage: str,
    owner: str,
    note: Callable[[str], None],
    again: bool = False,
) -> Iterator["Shared"]:
    """Join a study of a database as the process ``owner``; ``again``: as one that took part before."""
    from zerokara.storage.database import Database
    from zerokara.storage.shared import Shared

    config = config_of(plan, space, {name: settings[name] for name in ("sampler", "race")}, None)
    names = (*PLAN, "sampler", "race", "search", *HYPERPARAMETERS)
    agreed = {name: config[name] for name in names if config.get(name) is not None}
    agreed |= {"data_sha256": config["record"]["data_sha256"], "record": config["record"]}
    with closing(Database(storage)) as database:
        shared = Shared(
            database,
            settings["study"],
            agreed,
            trials=settings["trials"],
            generation=settings["generation"],
            space=space,
            make=partial(make_sampler, settings["sampler"], space, plan.seed),
            owner=owner,
            again=again,
            note=note,
        )
        for difference in differences({"record": shared.plan["record"]}, plan.data):
            note(difference)
        yield shared
