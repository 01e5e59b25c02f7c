"""What a search does where its settings do not say: another default for tables than for pictures."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from zerokara.errors import InputError
from zerokara.samplers.registry import generation_size
from zerokara.space.defaults import FOLDED, PATIENCE, default_space, has_rows, table_search
from zerokara.study.settings import SearchSettings

USUAL: dict[str, Any] = {"trials": 100, "epochs": 50, "folds": 1, "race": "halving"}
"""The defaults of a search whose space is given, and of pictures."""
REFIT = 5
TIMED = {"tables": 3, "large tables": 1, "pictures": 32, "many pictures": 8}
"""The trials of a generation where time is limited: a search ends between two of them."""
SAMPLES_PER_SECOND = 2000
"""More pictures than this for each second of the limit are many: 32 trials of MNIST take 15 s on one thread."""
TRIALS_PER_SECOND = 1000
"""More than any search trains."""


def with_defaults(settings: SearchSettings, given: Mapping[str, Any] | None = None) -> SearchSettings:
    """Return settings without gaps: those of the default search for the data, where no others were given.

    Args:
        settings: those that are None are set; without a space, that of the default search.
        given: hyperparameters that the default space does not search.
    """
    table, values = has_rows(settings.data), dict(USUAL)
    if settings.space is None:
        default = {"space": {**default_space(given), **(given or {})}}
        values |= table_search(settings.data, given) if table else default
    if settings.seconds is not None:
        timed = TIMED[_kind(settings)]
        values |= {"trials": max(timed, int(TRIALS_PER_SECOND * settings.seconds)), "generation": timed}
        if "patience" in values:
            values["patience"] = PATIENCE
    trials = settings.trials or values["trials"]
    if len(settings.first) > trials:
        raise InputError(
            f"a search must have a trial for each of the first ones, got {len(settings.first)} first and {trials} "
            f"trials: use trials={len(settings.first)}, or leave some out"
        )
    values["first"] = values.get("first", ())[:trials]  # The default ones, of which a short search has fewer.
    values["refit"] = 0 if (settings.folds or values["folds"]) > 1 else REFIT
    # A fifth of a shared study, or the first process would take all trials.
    sampler = settings.sampler if settings.storage is None else "tpe"
    values.setdefault("generation", generation_size(sampler, trials))
    gaps = {row.name for row in fields(settings) if getattr(settings, row.name) in (None, (), [])}
    return replace(settings, **{name: value for name, value in values.items() if name in gaps})


def _kind(settings: SearchSettings) -> str:
    samples = len(settings.data.train)
    if has_rows(settings.data):
        return "large tables" if samples >= FOLDED.stop else "tables"
    assert settings.seconds is not None
    return "many pictures" if samples > SAMPLES_PER_SECOND * settings.seconds else "pictures"
