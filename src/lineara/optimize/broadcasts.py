"""Linear broadcasts, as late as possible: a linear map of what is repeated is made once, and repeated.

    let (; b) = broadcast x_dot                          let (; y) = contract A x_dot
    let (; y) = contract A b               becomes       let (; z) = broadcast y
    let (; z) = neg y                                    ...

The transpose of a broadcast is a sum: what is broadcast late is summed up early, before all that the sum commutes with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lineara.ir import Add, Apply, ArrayType, Equation, Function, Literal, Var
from lineara.optimize.simplify import Rewriter, rewrite
from lineara.primitives.arithmetic import scale
from lineara.primitives.contraction import contract
from lineara.primitives.shape import broadcast

Axes = tuple[int, ...]


def late_broadcasts(function: Function) -> Function:
    """Apply linear maps before the broadcasts of what they map, where they treat all copies alike."""
    return rewrite(function, _move)


def _move(rewriter: Rewriter, e: Equation) -> bool:
    if not e.outputs or not e.outputs[0].linear:
        if _is_broadcast(e) or isinstance(e.op, Literal):
            rewriter.made_by[e.outputs[0]] = e
        return False
    if _is_broadcast(e):
        rewriter.waiting[e.outputs[0]] = Equation(
            e.op, (rewriter.now(e.inputs[0]),), e.outputs, e.origin
        )
        return True
    waiting = [rewriter.waiting.get(v) for v in e.inputs]
    moved = _moved(rewriter, e, waiting) if any(waiting) else None
    if moved is None:
        return False
    made, axes = moved
    result = e.outputs[0]
    assert isinstance(result.type, ArrayType)
    op = Apply(broadcast, (("axes", axes), ("shape", result.type.shape)))
    rewriter.waiting[result] = Equation(op, (made,), (result,), e.origin)
    return True


def _is_broadcast(e: Equation) -> bool:
    return isinstance(e.op, Apply) and e.op.primitive is broadcast


def _axes(e: Equation) -> Axes:
    """The axes of the result of a broadcast that are those of its operand."""
    assert isinstance(e.op, Apply)
    axes: Axes = dict(e.op.attributes)["axes"]
    return axes


def _moved(
    rewriter: Rewriter, e: Equation, waiting: Sequence[Equation | None]
) -> tuple[Var, Axes] | None:
    """What an operation makes of what is to be broadcast, and the axes of the result that it has."""
    builder = rewriter.builder
    (first, *others) = [b for b in waiting if b is not None]
    axes, source = _axes(first), first.inputs[0]
    match e.op:
        case Add() if len(others) == 1 and _axes(others[0]) == axes:
            return builder.add(source, others[0].inputs[0]), axes
        case Apply(primitive, attributes) if primitive is scale:
            position = waiting.index(first)
            small = _restricted(rewriter, e.inputs[1 - position], axes)
            if small is None:
                return None
            pair = (source, small) if position == 0 else (small, source)
            return builder.apply(scale, pair, dict(attributes))[0], axes
        case Apply(primitive, attributes) if primitive.elementwise and len(e.inputs) == 1:
            return builder.apply(primitive, (source,), dict(attributes))[0], axes
        case Apply(primitive) if primitive is contract:
            return _contracted(rewriter, e, waiting.index(first), first)
    return None


def _restricted(rewriter: Rewriter, v: Var, axes: Axes) -> Var | None:
    """A coefficient along some of its axes, if it is the same along all others."""
    e = rewriter.made_by.get(v)
    if e is None:
        return None
    assert isinstance(v.type, ArrayType)
    shape = tuple([v.type.shape[a] for a in axes])
    if isinstance(e.op, Literal):
        return rewriter.builder.literal(e.op.value, ArrayType(v.type.dtype, shape))
    if not set(_axes(e)) <= set(axes):
        return None
    places = tuple([axes.index(a) for a in _axes(e)])
    if places == tuple(range(len(shape))):
        return e.inputs[0]
    return rewriter.builder.apply(broadcast, e.inputs, {"axes": places, "shape": shape})[0]


def _contracted(
    rewriter: Rewriter, e: Equation, position: int, b: Equation
) -> tuple[Var, Axes] | None:
    """The contraction without the labels of the copies, if the coefficient has none of them."""
    assert isinstance(e.op, Apply)
    spec: list[Any] = list(dict(e.op.attributes)["spec"])
    own, other, result = spec[position], spec[1 - position], spec[2]
    copies = [label for a, label in enumerate(own) if a not in _axes(b)]
    if any(label in other for label in copies):
        return None
    spec[position] = tuple([own[a] for a in _axes(b)])
    spec[2] = tuple([label for label in result if label not in copies])
    inputs = list(e.inputs)
    inputs[position] = b.inputs[0]
    inputs[1 - position] = rewriter.now(inputs[1 - position])
    (made,) = rewriter.builder.apply(contract, inputs, {"spec": tuple(spec)})
    return made, tuple([result.index(label) for label in spec[2]])
