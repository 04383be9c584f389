"""What one call costs: functions so small that little else is left."""

from __future__ import annotations

import ctypes

import numpy as onp
from harness.libraries import Library
from harness.limits import library, prepared
from harness.workload import Bar, Function, Inputs, Peer, Workload, gradient

COUNT, LENGTH = 10, 8


def bump(lib: Library, _n: int) -> Function:
    np = lib.numpy
    return lambda x: np.sin(x) * np.exp(-x * x)


def bump_limit(inputs: Inputs, _n: int) -> Peer:
    compiled, found = library("dispatch.c"), onp.zeros(2)
    calls = [prepared(getattr(compiled, name), [inputs["x"], found]) for name in ("sc_f", "sc_g")]
    return Peer(calls[0], calls[1], lambda _: [found[:1].copy(), found[1:].copy()])


def ring_inputs(_n: int) -> Inputs:
    r = onp.random.default_rng(0)
    return {f"a{i}": r.normal(size=LENGTH) for i in range(COUNT)}


def ring(lib: Library, _n: int) -> Function:
    """Products of neighbours around a ring of small arrays."""
    np = lib.numpy

    def total(*arrays):
        following = (*arrays[1:], arrays[0])
        return sum(np.sum(np.sin(a) * b) for a, b in zip(arrays, following, strict=True))

    return total


def ring_limit(inputs: Inputs, _n: int) -> Peer:
    compiled, value, partials = library("dispatch.c"), onp.zeros(1), onp.zeros(COUNT * LENGTH)
    arrays = list(inputs.values())
    pointers = (ctypes.c_void_p * COUNT)(*[a.ctypes.data for a in arrays])
    function = prepared(compiled.ten_f, [pointers, value])
    derivative = prepared(compiled.ten_g, [pointers, value, partials])

    def result(_: object, alive: object = arrays) -> list[onp.ndarray]:
        return [value.copy(), partials.copy()]

    return Peer(function, derivative, result)


WORKLOADS = (
    Workload(
        "call-scalar",
        "one call, gradient of a scalar function",
        1,
        lambda _: {"x": 0.7},
        bump,
        gradient(0),
        bump_limit,
        Bar(jax=2.5, seconds=2e-6),
    ),
    Workload(
        "call-ten",
        "one call, gradient of ten arrays of 8",
        1,
        ring_inputs,
        ring,
        gradient(*range(COUNT)),
        ring_limit,
        Bar(jax=4, seconds=6e-6),
    ),
)
