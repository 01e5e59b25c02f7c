"""The commands that repeat a run, resume it, or train one of its networks again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zerokara.data.download.sources import DATASET_NAMES
from zerokara.errors import command_line
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
    return {
        "run": command_line("tune", "--config", folder / "config.toml"),
        "winner": command_line("train", "--from", folder),
        "trial": command_line("train", "--from", folder, "--trial"),
        "resume": command_line("resume", folder),
    }
