"""The simplifications: dead code, literals, linear zeros, common subexpressions.

Each takes a function and gives one of the same type and the same values (a zero may change its sign). An equation marked
`recompute` is never merged, folded or moved: a checkpoint plan asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import cached_property
from typing import Any

import numpy as np

from lineara.errors import LinearaError
from lineara.ir import (
    Add,
    Apply,
    ArrayType,
    Builder,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    LinearCall,
    Literal,
    MakeTuple,
    Op,
    Unpack,
    Var,
    Zero,
    each,
    functions_of,
    memoised,
    op_key,
    with_functions,
)
from lineara.ir.nest import Update
from lineara.transforms import prune


def dead_code(function: Function) -> Function:
    """Remove what nobody needs, through calls."""
    return prune(function)


def literals(function: Function) -> Function:
    """Evaluate elementwise equations of literals."""
    return rewrite(function, _fold)


def zeros(function: Function) -> Function:
    """Carry linear zeros through linear code: `x +. 0` is x, a linear map of zero is zero."""
    return rewrite(function, _carry_zero)


def common_subexpressions(function: Function) -> Function:
    """Evaluate equal nonlinear equations once."""
    return rewrite(function, _merge)


SIMPLIFICATIONS: dict[str, Callable[[Function], Function]] = {
    "dead_code": dead_code,
    "literals": literals,
    "zeros": zeros,
    "common_subexpressions": common_subexpressions,
}


def simplify(function: Function) -> Function:
    """All simplifications in order, and dead code once more."""
    for simplification in SIMPLIFICATIONS.values():
        function = simplification(function)
    return dead_code(function)


class Rewriter:
    """The new function, and what is known of its variables."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.builder = Builder(function.name, function.origin)
        self.builder.params = list(function.params)
        self.builder.linear_params = list(function.linear_params)
        self.renamed: dict[Var, Var] = {}
        self.zero: set[Var] = set()
        self.waiting: dict[Var, Equation] = {}
        self.made_by: dict[Var, Equation] = {}
        self.value: dict[Var, Literal] = {}
        self.available: dict[Any, tuple[Var, ...]] = {}
        self.multiples: dict[Var, tuple[Any, Var]] = {}

    @cached_property
    def changed(self) -> set[Var]:
        """The linear values that an operation may change in place, or give to a function that does."""
        names: dict[Var, Var] = {}
        found: set[Var] = set()
        for e in self.function.equations:
            linear = [names.get(v, v) for v in e.inputs if v.linear]
            if isinstance(e.op, Dup):
                names.update(dict.fromkeys(e.outputs, linear[0]))
            elif not _leaves(e):
                found.update(linear)
        return found

    def now(self, v: Var) -> Var:
        """The variable that stands for an old one; a zero or a broadcast that is needed after all is made here."""
        new = self.renamed.get(v, v)
        if new in self.waiting:
            self.builder.append(self.waiting.pop(new))
        return self.builder.zero(new.type) if new in self.zero else new


Rewrite = Callable[[Rewriter, Equation], bool]
"""Looks at an equation whose operands are rewritten already; True if it has disposed of it."""


@memoised
def rewrite(function: Function, step: Rewrite) -> Generator[Any, Any, Function]:
    """The function whose equations a step has rewritten, through calls."""
    rewriter = Rewriter(function)
    for e in function.equations:
        rewriter.builder.origin = e.origin
        op: Op = e.op
        op = with_functions(op, (yield from each(functions_of(op), step)))
        if isinstance(op, Drop):
            continue
        inputs = tuple([rewriter.renamed.get(v, v) for v in e.inputs])
        if isinstance(op, Dup):
            rewriter.renamed.update(dict.fromkeys(e.outputs, inputs[0]))
        elif e.recompute or not step(rewriter, Equation(op, inputs, e.outputs, e.origin)):
            operands = tuple([rewriter.now(v) for v in inputs])
            rewriter.builder.append(
                Equation(op, operands, e.outputs, e.origin, recompute=e.recompute)
            )
    zones = function.results, function.linear_results
    return rewriter.builder.finish(*([rewriter.now(v) for v in zone] for zone in zones))


def _fold(rewriter: Rewriter, e: Equation) -> bool:
    match e.op:
        case Literal():
            rewriter.value[e.outputs[0]] = e.op
            return False
        case Apply(primitive, attributes) if primitive.elementwise:
            known = [rewriter.value.get(v) for v in e.inputs]
            if None in known:
                return False
            operands = [np.asarray(k.value, k.type.dtype) for k in known if k is not None]
            try:
                with np.errstate(all="ignore"):
                    (result,) = primitive.evaluate(*operands, **dict(attributes))
            except LinearaError:  # it is the evaluation's to report, if there is one
                return False
            type_ = e.outputs[0].type
            assert isinstance(type_, ArrayType)
            folded = Literal(result.item(), type_)
            rewriter.builder.append(Equation(folded, (), e.outputs, e.origin))
            rewriter.value[e.outputs[0]] = folded
            return True
        case _:
            return False


def _carry_zero(rewriter: Rewriter, e: Equation) -> bool:
    zero = rewriter.zero
    linear = [v for v in e.inputs if v.linear]
    match e.op:
        case Zero():
            zero.update(e.outputs)
            return True
        case Add() if linear and not zero.isdisjoint(linear):
            x, y = linear
            rewriter.renamed[e.outputs[0]] = y if x in zero else x
            return True
        case Apply() | Call() | LinearCall() | MakeTuple() | Unpack() if linear and zero.issuperset(
            linear
        ):
            if not all([v.linear for v in e.outputs]):
                return False
            zero.update(e.outputs)
            return True
        case _:
            return False


def _merge(rewriter: Rewriter, e: Equation) -> bool:
    if any([v.linear for v in (*e.inputs, *e.outputs)]) or (
        isinstance(e.op, Call) and e.op.checkpoint
    ):
        return False
    key = (op_key(e.op), e.inputs)
    found = rewriter.available.setdefault(key, e.outputs)
    if found is e.outputs:
        return False
    rewriter.renamed.update(zip(e.outputs, found, strict=True))
    return True


def _leaves(e: Equation) -> bool:
    """Whether an operation leaves its operands as they are."""
    if not isinstance(e.op, Apply):
        return isinstance(e.op, Add | Drop)
    record, attributes = e.op.primitive, dict(e.op.attributes)
    if record.borrows or record.nest is None:
        return not record.borrows
    types = [tuple([v.type for v in vs]) for vs in (e.inputs, e.outputs)]
    return not any(isinstance(loops, Update) for loops in record.nest(*types, **attributes) or ())
