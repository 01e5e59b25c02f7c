"""What a notebook shows of a model."""

from collections.abc import Mapping, Sequence
from typing import Any

from zerokara.model.ensemble import Member
from zerokara.notebooks import brief, few, html_table

OUTPUT_NAMES = {"classification": "classes", "multilabel": "labels", "regression": "targets"}


def model_html(
    members: Sequence[Member],
    task: str,
    classes: Sequence[str],
    sample_shape: Sequence[int],
    about: Mapping[str, Any],
) -> str:
    """Return a table of what a model takes and gives, of its networks, and of where it comes from."""
    texts = [f"{name} {brief(value)}" for name, value in (about.get("params") or {}).items()]
    networks = [
        f"{network.population} x {', '.join(map(repr, network.layers))}"
        for member in members
        for network in member.ensemble.groups
    ]
    origin = {name: about[name] for name in ("dataset", "trial", "epoch") if about.get(name) is not None}
    rows = {
        "inputs": "x".join(map(str, sample_shape)),
        OUTPUT_NAMES[task]: few(classes),
        "scaling": ", ".join(dict.fromkeys(member.preprocess.kind for member in members)),
        **({"mean of": f"{len(members)} members, each with its own scaling"} if len(members) > 1 else {}),
        "networks": "; ".join(networks),
        **origin,
        **({"hyperparameters": ", ".join(texts)} if texts else {}),
    }
    return html_table(f"Model, {task}", rows)
