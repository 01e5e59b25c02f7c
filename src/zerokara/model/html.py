"""What a notebook shows of a model."""

from collections.abc import Mapping, Sequence
from typing import Any

from zerokara.model.ensemble import ModelMember
from zerokara.notebooks import brief, few, html_table

OUTPUT_NAMES = {"classification": "classes", "multilabel": "labels", "regression": "targets"}


def model_html(
    members: Sequence[ModelMember],
    task: str,
    classes: Sequence[str],
    sample_shape: Sequence[int],
    about: Mapping[str, Any],
) -> str:
    """Return a table of what a model takes and gives, of its networks, and of where it comes from."""
    texts = [f"{name} {brief(value)}" for name, value in (about.get("params") or {}).items()]
    structures: dict[str, int] = {}
    for network in (network for member in members for network in member.ensemble.groups):
        layers = ", ".join(map(repr, network.layers))
        structures[layers] = structures.get(layers, 0) + network.population
    networks = [f"{population} x {layers}" for layers, population in structures.items()]
    texts_of = (network.encoding_text for member in members for network in member.ensemble.groups)
    encodings = [text for text in dict.fromkeys(texts_of) if text]
    origin = {name: about[name] for name in ("dataset", "trial", "epoch") if about.get(name) is not None}
    encoder = members[0].encoder
    by_column = encoder is not None and len(encoder.inputs) != sample_shape[0]
    rows = {
        "columns" if by_column else "inputs": "x".join(map(str, sample_shape)),
        OUTPUT_NAMES[task]: few(classes),
        "scaling": ", ".join(dict.fromkeys(member.preprocess.kind for member in members)),
        **({"mean of": f"{len(members)} members, each with its own scaling"} if len(members) > 1 else {}),
        **({"encoding": "; ".join(encodings)} if encodings else {}),
        "networks": "; ".join(networks),
        **origin,
        **({"hyperparameters": ", ".join(texts)} if texts else {}),
    }
    return html_table(f"Model, {task}", rows)
