"""Linear values that are scaled by one number after another: by their product at once.

    let c = 2.0: f64                          let c = 2.0: f64
    let d = 0.1: f64                          let d = 0.1: f64
    let (; y) = d *. x_dot                    let e = 0.2: f64
    let (; z) = c *. y                        let (; z) = e *. x_dot

What is scaled then waits for one operation instead of two. A value that something changes in place is not read later than it
was before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.ir import Apply, ArrayType, Equation, Function, Literal, Var
from lineara.optimize.simplify import Rewriter, dead_code, rewrite, zeros
from lineara.primitives.arithmetic import neg, scale

Multiple = tuple[Any, Var]
"""A number times a linear value."""


def joined_scalings(function: Function) -> Function:
    """Scale once what is scaled by one known number after another."""
    return zeros(dead_code(rewrite(function, _join)))


def _join(rewriter: Rewriter, e: Equation) -> bool:
    if isinstance(e.op, Literal):
        rewriter.made_by[e.outputs[0]] = e
        return False
    once = _multiple(rewriter, e)
    if once is None:
        return False
    (result,), (factor, x) = e.outputs, once
    if x not in rewriter.multiples:
        rewriter.multiples[result] = once
        return False
    before, of = rewriter.multiples[x]
    with np.errstate(all="ignore"):
        factor = factor * before
    if not _is_normal(factor):
        return False
    rewriter.multiples[result] = factor, of
    assert isinstance(result.type, ArrayType)
    number = rewriter.builder.literal(factor.item(), result.type)
    rewriter.builder.append(Equation(Apply(scale, ()), (number, of), e.outputs, e.origin))
    return True


def _is_normal(factor: Any) -> bool:
    """Whether a product of numbers is neither too large nor too small to be one."""
    size = abs(factor)
    return bool(np.isfinite(size) and size >= np.finfo(size.dtype).tiny)


def _multiple(rewriter: Rewriter, e: Equation) -> Multiple | None:
    """What an operation that scales by a known number gives, if what it scales may be read once more."""
    if not isinstance(e.op, Apply) or not e.outputs[0].linear or e.op.primitive not in (neg, scale):
        return None
    (x,) = [v for v in e.inputs if v.linear]
    if x in rewriter.changed or not isinstance(x.type, ArrayType):
        return None
    if e.op.primitive is neg:
        return x.type.dtype.type(-1), x
    (coefficient,) = [v for v in e.inputs if not v.linear]
    made = rewriter.made_by.get(coefficient)
    if made is None or not isinstance(made.op, Literal):
        return None
    factor = x.type.dtype.type(made.op.value)
    return (factor, x) if _is_normal(factor) else None
