"""What a notebook shows of a model."""

from collections.abc import Mapping, Sequence
from typing import Any

from zerokara.data import Preprocess
from zerokara.model.ensemble import Ensemble
from zerokara.notebooks import brief, few, html_table

OUTPUT_NAMES = {"classification": "classes", "multilabel": "labels", "regression": "targets"}


def model_html(
    ensemble: Ensemble,
    preprocess: Preprocess,
    task: str,
    classes: Sequence[str],
    sample_shape: Sequence[int],
    about: Mapping[str, Any],
) -> str:
    """Return a table of what a model takes and gives, of its networks, and of where it comes from."""
    texts = [f"{name} {brief(value)}" for name, value in (about.get("params") or {}).items()]
    networks = [f"{network.population} x {', '.join(map(repr, network.layers))}" for network in ensemble.groups]
    origin = {name: about[name] for name in ("dataset", "trial", "epoch") if about.get(name) is not None}
    rows = {
        "inputs": "x".join(map(str, sample_shape)),
        OUTPUT_NAMES[task]: few(classes),
        "scaling": preprocess.kind,
        **({"encoding": encoding} if (encoding := ensemble.groups[0].encoding_text) else {}),
        "networks": "; ".join(networks),
        **origin,
        **({"hyperparameters": ", ".join(texts)} if texts else {}),
    }
    return html_table(f"Model, {task}", rows)
