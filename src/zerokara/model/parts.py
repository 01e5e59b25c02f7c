"""The parts of a model as plain data and arrays for a file, and back, with every part checked."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Encoder, Preprocess
from zerokara.errors import InputError
from zerokara.model.about import check_about
from zerokara.model.ensemble import Ensemble, ModelMember
from zerokara.model.file import to_json
from zerokara.nn import LAYERS, Layer, Network, build_network, describe_layers
from zerokara.version import __version__


def stored(members: Sequence[ModelMember]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the description and the arrays of a model file: networks, scaling and, if any, table.

    A single network is written in format 1, which every version reads, unless its data were whitened or come from a
    table; its arrays lack the axis P. An ensemble is written in format 2. Format 3 has standardized columns, encodings
    of inputs, weights that are no counts, or the mean of several members, with the parts of each under its number.
    """
    parts = [_stored(member) for member in members]
    if len(parts) == 1:
        return parts[0]
    description = [{"weight": float(m.weight), **each} for m, (each, _) in zip(members, parts, strict=True)]
    named = {f"members.{k}.{name}": array for k, (_, own) in enumerate(parts) for name, array in own.items()}
    newest = max(3, *(each.pop("format") for each in description))
    return {"format": newest, "members": description}, named


def _stored(member: ModelMember) -> tuple[dict[str, Any], dict[str, Array]]:
    ensemble, preprocess, encoder = member.ensemble, member.preprocess, member.encoder
    named = {f"scaling.{name}": array for name, array in preprocess.arrays().items()}
    description: dict[str, Any] = {"scaling": preprocess.kind}
    encoded = any(layer.fixed for network in ensemble.groups for layer in network.layers)
    newest = 3 if encoded or (encoder is not None and not encoder.clipped) else 1
    if encoder is not None:
        named |= {f"table.{place}": statistics for place, statistics in encoder.statistics().items()}
        description["table"] = encoder.describe()
    if ensemble.population == 1:
        layers, arrays = disassemble(ensemble.groups[0])
        named |= {f"network.{name}": array[0] for name, array in arrays.items()}
        oldest = 1 if preprocess.basis is None and encoder is None else 2
        return {"format": max(oldest, newest), "layers": layers, **description}, named
    whole = all(isinstance(count, int) for count in ensemble.counts)
    groups, counts = [], iter(ensemble.counts if whole else map(float, ensemble.counts))
    for g, network in enumerate(ensemble.groups):
        layers, arrays = disassemble(network)
        groups.append({"layers": layers, "counts": [next(counts) for _ in range(network.population)]})
        named |= {f"network.{g}.{name}": array for name, array in arrays.items()}
    return {"format": max(2 if whole else 3, newest), "groups": groups, **description}, named


def read_parts(description: Mapping[str, Any], arrays: Mapping[str, Array]) -> dict[str, Any]:
    """Return the arguments of a `Model` from a file's description and arrays, each checked for its type."""
    shape, largest = _get(description, "sample_shape", list, int), sum(a.size for a in arrays.values())
    if len(shape) > 8 or not all(1 <= n <= largest for n in shape):
        raise InputError(f"sample_shape must be sizes that the arrays allow, got {str(shape)[:80]}")
    about = _get(description, "about", dict)
    check_about(about)
    return {
        "members": _members(description, arrays),
        "task": _get(description, "task", str),
        "classes": tuple(_get(description, "classes", list, str)),
        "sample_shape": tuple(shape),
        "about": about,
    }


def _members(description: Mapping[str, Any], arrays: Mapping[str, Array]) -> tuple[ModelMember, ...]:
    if "members" not in description:
        return (_member(description, arrays),)
    parts = _get(description, "members", list, dict)
    own: dict[str, dict[str, Array]] = {str(k): {} for k in range(len(parts))}
    for name, array in arrays.items():
        kind, number, rest = (*name.split(".", 2), "", "")[:3]
        if kind != "members" or number not in own:
            raise InputError(f"it must contain the arrays of its {len(parts)} members, got also {name[:80]!r}")
        own[number][rest] = array
    pairs = zip(parts, own.values(), strict=True)
    return tuple(replace(_member(each, its), weight=_get(each, "weight", float)) for each, its in pairs)


def _member(description: Mapping[str, Any], arrays: Mapping[str, Array]) -> ModelMember:
    networks, scaling, table = (_under(prefix, arrays) for prefix in ("network.", "scaling.", "table."))
    extra = len(table) if "table" in description else 0
    if len(networks) + len(scaling) + extra != len(arrays):
        raise InputError("it must contain the arrays of a network and of its scaling, got others")
    return ModelMember(
        _ensemble(description, networks),
        Preprocess.from_arrays(_get(description, "scaling", str), scaling),
        Encoder.restore(description["table"], table) if "table" in description else None,
    )


def _ensemble(description: Mapping[str, Any], arrays: Mapping[str, Array]) -> Ensemble:
    if "groups" not in description:
        return Ensemble.of(assemble(_get(description, "layers", list, dict), arrays))
    groups, networks, counts = _get(description, "groups", list, dict), [], []
    named = [_under(f"{g}.", arrays) for g in range(len(groups))]
    if sum(map(len, named)) != len(arrays):
        raise InputError(f"it must contain the arrays of its {len(groups)} groups of networks, got others")
    for group, own_arrays in zip(groups, named, strict=True):
        group_counts = _get(group, "counts", list, float if _are_weights(group) else int)
        networks.append(assemble(_get(group, "layers", list, dict), own_arrays, len(group_counts)))
        counts += group_counts
    return Ensemble(tuple(networks), tuple(counts))


def _are_weights(group: Mapping[str, Any]) -> bool:
    counts = group.get("counts")
    return isinstance(counts, list) and bool(counts) and type(counts[0]) is float


def metadata(
    task: str,
    classes: Sequence[str],
    sample_shape: Sequence[int],
    about: Mapping[str, Any],
    table: Encoder | None = None,
) -> dict[str, str]:
    """Return the metadata of a model in an ONNX file: texts, all but ``zerokara`` and ``task`` in JSON.

    The ``features`` of a table are its inputs, or its columns if the members of a mean have different inputs.

    >>> metadata("classification", ["a", "b"], (2,), {"trial": 7})["features"]
    '["x[0]", "x[1]"]'
    """
    names = about.get("features")
    if table:
        names = [coding.name for coding in table.codings]
        names = list(table.inputs) if tuple(sample_shape) == (len(table.inputs),) else names
    names = names or [f"x{list(place)}".replace(" ", "") for place in np.ndindex(*sample_shape)]
    entries: dict[str, Any] = {
        "classes": list(classes),
        "features": names,
        "sample_shape": list(sample_shape),
        "trial": about.get("trial"),
        "params": about.get("params"),
        "about": about,
    } | ({"table": table.describe()} if table else {})
    return {"zerokara": __version__, "task": task} | {name: to_json(value) for name, value in entries.items()}


def _get(description: Mapping[str, Any], name: str, kind: type, of: type | None = None) -> Any:
    """Return an entry of a type; a list is not empty, and its elements have one type."""
    value: Any = description.get(name)
    is_kind = type(value) is kind
    if not is_kind or (of and not (value and all(type(each) is of for each in value))):
        what = f"{kind.__name__} of {of.__name__}" if of else kind.__name__
        raise InputError(f"{name} must be a {what}, got {str(value)[:80]!r}")
    return value


def _under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}


def disassemble(network: Network) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    """Return the layers of networks and their arrays: W (P, D_in, D_out), all others (P, D).

    >>> from zerokara.nn import mlp
    >>> layers, arrays = disassemble(mlp(4, (), 3))
    >>> layers, {name: array.shape for name, array in arrays.items()}
    ([{'layer': 'affine', 'inputs': 4, 'outputs': 3}], {'0.W': (1, 4, 3), '0.b': (1, 3)})
    """
    shapes = _shapes(network.layers)
    arrays = {name: a.reshape(network.population, *shapes[name]) for name, a in network.arrays().items()}
    return describe_layers(network), arrays


def assemble(layers: list[dict[str, Any]], arrays: Mapping[str, Array], population: int | None = None) -> Network:
    """Return networks from their layers and arrays; without a population, one network whose arrays lack the axis P.

    Every size is compared with the arrays before memory of that size is allocated.

    Raises:
        InputError: an unknown layer or setting, or arrays that do not fit the layers.
    """
    largest = sum(array.size for array in arrays.values())
    axis = () if population is None else (population,)
    shapes = {name: axis + shape for name, shape in _shapes([_layer(each, largest) for each in layers]).items()}
    for name in sorted(shapes.keys() | arrays.keys()):
        got = arrays[name].shape if name in arrays else None
        if got != shapes.get(name):
            raise InputError(f"by its layers, the array {name!r} must have the shape {shapes.get(name)}, got {got}")
    if len({array.dtype for array in arrays.values()}) != 1:
        raise InputError("the arrays of a network must have one precision, got several")
    network = build_network(layers, {name: a.reshape(population or 1, -1, a.shape[-1]) for name, a in arrays.items()})
    for layer in network.layers:
        layer.check()
    return network


def width(network: Network, inputs: int) -> int:
    """Return the number of outputs of a network with this number of inputs.

    Raises:
        InputError: the inputs of a layer are not the outputs of the one before.
    """
    for i, layer in enumerate(network.layers):
        takes = getattr(layer, "inputs", getattr(layer, "features", inputs))
        if takes != inputs:
            raise InputError(f"layer {i} ({type(layer).__name__}) expects {takes} inputs, got {inputs}")
        inputs = getattr(layer, "outputs", inputs)
    return inputs


def _shapes(layers: list[Layer]) -> dict[str, tuple[int, ...]]:
    """Return the shape of each stored array: (rows, columns) of a decayed parameter; others have one row."""
    shapes: dict[str, tuple[int, ...]] = {}
    for i, layer in enumerate(layers):
        rows = layer.shapes()
        for name in (*layer.parameters, *layer.per_network):
            shape = rows.get(name) or np.shape(getattr(layer, name))[-2:] or (1, 1)
            shapes[f"{i}.{name}"] = shape if name in layer.decayed else shape[-1:]
    return shapes


def _layer(settings: dict[str, Any], largest: int) -> Layer:
    """Return a layer from an unchecked description; no size may be above ``largest``."""
    name = settings.get("layer")
    if not isinstance(name, str) or name not in LAYERS:
        raise InputError(f"a layer must be one of {', '.join(LAYERS)}, got {str(name)[:80]!r}")
    kind, values = LAYERS[name], {key: value for key, value in settings.items() if key != "layer"}
    if values.keys() != set(kind.settings):
        raise InputError(f"the layer {name} must have the settings {list(kind.settings)}, got {list(values)[:8]}")
    for key, value in values.items():
        is_size = inspect.signature(kind).parameters[key].annotation is int
        if isinstance(value, bool) or not isinstance(value, int if is_size else int | float):
            raise InputError(f"{key} of the layer {name} must be a number, got {str(value)[:80]!r}")
        if is_size and not 1 <= value <= largest:
            raise InputError(f"{key} of the layer {name} must be a size that the arrays allow, got {str(value)[:80]}")
        if not abs(value) < 1e30:
            raise InputError(f"{key} of the layer {name} must be finite, got {value}")
    return kind(**values)
