"""Results that are other views of what is computed: it is written where they are wanted, in their order.

    y = transpose(reshape(f(x)))      →      f(x) is written into the memory of y

Otherwise it would be written somewhere else first, and copied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from lineara.backends.native.flat import Value
from lineara.backends.native.places import Buffer
from lineara.backends.native.steps import Step
from lineara.ir import Apply
from lineara.ir.nest import Nest
from lineara.primitives.shape import reshape, transpose


def sources(
    steps: Sequence[Step], results: Sequence[Value], homes: Mapping[Value, Buffer]
) -> dict[Value, tuple[Value, Buffer, frozenset[Step]]]:
    """Of results that are views: what they are views of, where that goes, and the steps that are not needed then."""
    makers = {v: s for s in steps for v in s.outputs}
    uses = Counter([v for s in steps for v in s.inputs] + list(results))
    found = {}
    for v, home in homes.items():
        x, place, gone = v, home, set[Step]()
        while x in makers and uses[x] == 1:
            before = _before(makers[x], place)
            if before is None:
                break
            gone.add(makers[x])
            (x,), place = makers[x].inputs, before
        if gone and uses[x] == 1 and x not in homes and x in makers and _makes_elements(makers[x]):
            found[v] = x, place, frozenset(gone)
    return found


def _before(s: Step, place: Buffer) -> Buffer | None:
    """The memory of a view as that of its operand; None if it is no such view, or has no such strides."""
    op, (x, *_) = s.node.op, (*s.inputs, None)
    if not isinstance(op, Apply) or x is None:
        return None
    attributes: dict[str, Any] = dict(op.attributes)
    if op.primitive is transpose:
        strides: list[int | None] | None = [0] * len(x.shape)
        assert strides is not None
        for a, stride in zip(attributes["permutation"], place.strides, strict=True):
            strides[a] = stride
    elif op.primitive is reshape:
        strides = _reshaped(place, x.shape)
    else:
        strides = None
    return None if strides is None else replace(place, shape=x.shape, strides=tuple(strides))


def _reshaped(place: Buffer, shape: tuple[int, ...]) -> list[int | None] | None:
    """The strides under a shape whose axes are parts of the axes of a buffer, in order; None if some are not."""
    if 0 in shape:
        return None
    axes = [(n, s) for n, s in zip(place.shape, place.strides, strict=True) if n != 1]
    strides: list[int | None] = []
    whole, step = 1, 0
    for n in reversed(shape):
        if whole == 1 and n != 1:
            size, stride = axes.pop() if axes else (0, None)
            if stride is None:
                return None
            whole, step = size, stride
        if whole % n:
            return None
        strides.append(step)
        whole, step = whole // n, step * n
    return None if axes or whole != 1 else strides[::-1]


def _makes_elements(s: Step) -> bool:
    """Whether a step computes its elements one by one, of others."""
    nest = s.loops
    if not isinstance(nest, Nest) or nest.combine is not None or nest.element is None:
        return False
    return bool(s.inputs) and not nest.contiguous and prod(s.extents) > 1
