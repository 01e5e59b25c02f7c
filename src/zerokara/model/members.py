"""The members of a model, and their mean."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.checks import is_of
from zerokara.data import Encoder, Preprocess
from zerokara.errors import InputError
from zerokara.model.ensemble import Ensemble, ModelMember, combine
from zerokara.model.parts import disassemble
from zerokara.nn import Network, describe_layers


class Members:
    """The members of a model, and, while there is one, its parts by name."""

    members: tuple[ModelMember, ...]
    task: str
    classes: tuple[str, ...]
    sample_shape: tuple[int, ...]

    @property
    def first(self) -> ModelMember:
        """The member in whose units of training the scores of a regression are; it also reads the rows of a table."""
        return self.members[0]

    @property
    def _single(self) -> ModelMember:
        if len(self.members) > 1:
            raise InputError(
                f"this model is the mean of {len(self.members)} members, each with its own networks and scaling: see "
                "model.members"
            )
        return self.members[0]

    @property
    def ensemble(self) -> Ensemble:
        """The networks of the single member."""
        return self._single.ensemble

    @property
    def preprocess(self) -> Preprocess:
        """The scaling of the single member."""
        return self._single.preprocess

    @property
    def encoder(self) -> Encoder | None:
        """The encoder of the single member; None unless it takes the rows of a table."""
        return self._single.encoder

    @property
    def network(self) -> Network:
        """The single network, P = 1; an ensemble has no single one, see ``ensemble``."""
        if (count := self.ensemble.population) != 1:
            raise InputError(f"this model is an ensemble of {count} networks: see ensemble.groups")
        return self.ensemble.groups[0]

    @property
    def population(self) -> int:
        """The number of networks in all."""
        return sum(member.ensemble.population for member in self.members)

    @property
    def table(self) -> Encoder | None:
        """For a table, an encoder with every value that some member knows, to describe the table and its new values.

        It does not encode rows: each member has its encoder for that.
        """
        encoders = [member.encoder for member in self.members if member.encoder is not None]
        if len(encoders) < 2:
            return encoders[0] if encoders else None
        codings = []
        for same in zip(*(encoder.codings for encoder in encoders), strict=True):
            levels = dict.fromkeys(level for coding in same for level in coding.levels)
            most_missing = max(same, key=lambda coding: float(coding.statistics[-1]))
            codings.append(replace(most_missing, levels=tuple(levels)))
        return replace(encoders[0], codings=tuple(codings))

    def layers(self, network: int = 0) -> list[dict[str, Any]]:
        """Return the layers of one of the networks, such as ``{"layer": "affine", "inputs": 64, "outputs": 10}``."""
        return describe_layers(self.numbered(network)[1])

    def arrays(self, network: int = 0) -> dict[str, Array]:
        """Return copies of the arrays of one of the networks, and of its scaling.

        ``"0.W"`` (D_in, D_out) and ``"0.b"`` (D_out,) are those of layer 0; see `Preprocess` for ``"scaling.shift"``.
        docs/how-to/other-frameworks.md rebuilds a network from them in PyTorch and in Keras.
        """
        member, one = self.numbered(network)
        named = {name: array[0].copy() for name, array in disassemble(one)[1].items()}
        return named | {f"scaling.{name}": array.copy() for name, array in member.preprocess.arrays().items()}

    def numbered(self, network: int) -> tuple[ModelMember, Network]:
        """Return one of the networks, counted from 0 in the order of the members, and its member."""
        if not is_of(network, int) or not 0 <= network < self.population:
            raise InputError(f"the networks are 0 to {self.population - 1}, got {network}: choose one of them")
        rows = [(member, row) for member in self.members for row in range(member.ensemble.population)]
        member, row = rows[network]
        return member, member.ensemble.one(row)


def join_members(weighted: Iterable[tuple[Members, float]]) -> tuple[ModelMember, ...]:
    """Return the members of models with these weights, which sum to 1; those of the same inputs become one member."""
    alike: dict[tuple[Any, ...], list[tuple[ModelMember, float]]] = {}
    for model, weight in weighted:
        for member, share in zip(model.members, shares(model.members).tolist(), strict=True):
            if (own := weight * share) > 0:
                alike.setdefault(member.key, []).append((member, own))
    return tuple(_as_one(group) for group in alike.values())


def _as_one(group: Sequence[tuple[ModelMember, float]]) -> ModelMember:
    """Return the mean of members of the same inputs as one member."""
    first, weight = group[0]
    if len(group) == 1:
        return replace(first, weight=weight)
    networks = [network for member, _ in group for network in member.ensemble.groups]
    weights = np.concatenate([weight * member.ensemble.weights for member, weight in group])
    return replace(first, ensemble=Ensemble.of(networks, weights), weight=sum(weight for _, weight in group))


def shares(members: Sequence[ModelMember]) -> Array:
    """Return the weight of each member in the mean; they sum to 1."""
    weights = np.array([member.weight for member in members])
    return np.asarray(weights / weights.sum())


def mean_scores(members: Sequence[ModelMember], inputs: Iterable[Array], task: str) -> Array:
    """Return the scores (N, C) of the weighted mean, see `combine`, for the inputs (N, D) of each member.

    In regression they are in the first member's units of training, in float64: targets may lie far from zero.
    """
    first, scores = members[0].preprocess, []
    for member, x in zip(members, inputs, strict=True):
        y, own = member.ensemble.scores(x, task), member.preprocess
        if task == "regression" and len(members) > 1:
            shift = (own.target_shift - first.target_shift) / first.target_scale
            y = y * (own.target_scale / first.target_scale) + shift
        scores.append(y)
    with np.errstate(all="ignore"):
        return combine(np.stack(scores), shares(members), task)


def shape_of(members: Sequence[ModelMember]) -> tuple[int, ...] | None:
    """Return the shape of a sample of a table: its inputs, or its columns if the members have different inputs."""
    encoders = [member.encoder for member in members if member.encoder is not None]
    if not encoders:
        return None
    inputs = {encoder.inputs for encoder in encoders}
    return (len(encoders[0].inputs if len(inputs) == 1 else encoders[0].codings),)


def check_alike(members: Sequence[ModelMember]) -> None:
    """Raise InputError unless the members of a model can have one mean."""
    for member in members:
        if not is_of(member.weight, float) or not 0 < member.weight < 2**31:
            got = str(member.weight)[:80]
            raise InputError(f"the weight of a member must be a number above 0 and below 2**31, got {got}: divide all")
    encoders = [member.encoder for member in members]
    alike: dict[str, list[Any]] = {
        "precision": [str(member.ensemble.dtype) for member in members],
        "kind of data": ["samples" if encoder is None else "rows of a table" for encoder in encoders],
        "target": [encoder and encoder.target for encoder in encoders],
        "set of columns": [encoder and [(each.name, each.kind) for each in encoder.codings] for encoder in encoders],
        "set of marks of missing cells": [encoder and encoder.missing for encoder in encoders],
        "decimal mark": [encoder and encoder.decimal for encoder in encoders],
    }
    for what, values in alike.items():
        if other := [value for value in values if value != values[0]]:
            raise InputError(
                f"the members of a mean must have one {what}, got {str(values[0])[:80]} and {str(other[0])[:80]}: "
                "train them on data that are read alike"
            )
