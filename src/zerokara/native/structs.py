"""The structures of the kernel, as ctypes sees them, for both precisions."""

import ctypes
from ctypes import c_double, c_int, c_longlong, c_void_p
from typing import Any

MOST_LAYERS = 32
"""Affine layers that the kernel can train."""
PAD = 16
"""Rows of samples in the kernel are multiples of so many numbers."""


class Description(ctypes.Structure):
    """What the networks of a population have in common."""

    _fields_ = (
        ("layers", c_int),
        ("sizes", c_int * (MOST_LAYERS + 1)),
        *(
            (name, c_int)
            for name in ("activation", "batch_norm", "dropout", "exponential", "loss", "optimizer", "states")
        ),
        ("size", c_longlong),
        *((name, c_longlong * MOST_LAYERS) for name in ("W", "b", "gamma", "beta")),
        *((name, c_double) for name in ("slope", "delta", "bn_momentum")),
    )


class SampleArrays(ctypes.Structure):
    """Where the samples of some steps lie."""

    _fields_ = tuple((name, c_void_p) for name in ("x", "t", "weights", "class_weights"))


class EvaluatedPart(ctypes.Structure):
    """Samples on which each network is evaluated after its steps."""

    _fields_ = (
        ("samples", SampleArrays),
        ("N", c_longlong),
        ("chunk", c_int),
        ("chunks", c_int),
        *((name, c_void_p) for name in ("scratch", "loss", "tally")),
    )


NUMBER_FIELDS = (
    *("lr", "weight_decay", "clip_norm", "momentum", "beta1", "beta2", "decay_rate"),
    *("label_smoothing", "dropout"),
)
"""The hyperparameters of one network, each a double, in the order of the struct Numbers."""


FUNCTIONS = ("scratch_size", "train", "evaluate", "judge", "uniforms", "elementary")


def declare(library: Any, variant: str) -> tuple[Any, ...]:
    """Return the `FUNCTIONS` of a variant, with their types."""
    size, train, evaluate, judge, uniforms, elementary = (getattr(library, f"{name}_{variant}") for name in FUNCTIONS)
    model, samples = ctypes.POINTER(Description), ctypes.POINTER(SampleArrays)
    size.argtypes, size.restype = (model, c_int, c_int, c_int), c_longlong
    train.restype = evaluate.restype = judge.restype = uniforms.restype = elementary.restype = None
    pointers = (c_void_p,) * 5
    more = (c_void_p, c_int, ctypes.POINTER(EvaluatedPart))
    train.argtypes = (model, c_int, c_int, c_void_p, c_int, samples, c_void_p, c_void_p, c_longlong, *pointers, *more)
    evaluate.argtypes = (model, c_int, c_longlong, c_int, c_int, samples, *(c_void_p,) * 6)
    judge.argtypes = (model, samples, c_longlong, c_int, c_longlong, *(c_void_p,) * 3)
    uniforms.argtypes = (c_int, c_int, c_void_p, c_void_p, c_void_p)
    elementary.argtypes = (c_int, c_longlong, c_void_p, c_void_p)
    return size, train, evaluate, judge, uniforms, elementary
