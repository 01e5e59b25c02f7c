"""The commands that repeat a run, resume it, or train one of its networks again."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zerokara.data.download.sources import DATASET_NAMES
from zerokara.samplers.registry import SAMPLERS
from zerokara.train.ranking import RANKS


def commands_of(config: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Return commands by what they do: ``run, winner, trial`` (without its number) and ``resume``.

    Empty for a run with data or settings that only Python can give.

    >>> commands_of({"dataset": "digits", "rank": "loss", "sampler": "tpe"}, Path("my runs"))["resume"]
    "zerokara resume 'my runs'"
    """
    dataset = str(config.get("dataset", ""))
    loads = dataset in DATASET_NAMES or Path(dataset).is_absolute()
    if not loads or config.get("rank", "loss") not in RANKS or config.get("sampler") not in SAMPLERS:
        return {}
    run = shlex.quote(str(folder))
    return {
        "run": f"zerokara tune --config {shlex.quote(str(folder / 'config.toml'))}",
        "winner": f"zerokara train --from {run}",
        "trial": f"zerokara train --from {run} --trial",
        "resume": f"zerokara resume {run}",
    }
