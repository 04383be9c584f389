"""Erasing: a linear variable may always be forgotten to be linear.

    let (; a, b) = dup x_bar            (nothing: both are x_bar)
    let (; s) = a +. b                  let s = x_bar + x_bar
    let (; z) = zero: f64               let z = 0.0

The result of a transformation becomes a nonlinear program again, so that transformations nest.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from lineara.ir import (
    Apply,
    Builder,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    LinearCall,
    Scan,
    Switch,
    Var,
    While,
    Zero,
    functions_of,
    memoised,
)
from lineara.primitives import Expr
from lineara.transforms.loop import erase_of_while
from lineara.transforms.plain import plain_variable, plain_zeros
from lineara.transforms.scan import erase_of_scan
from lineara.transforms.switch import erase_of_switch


def erase(function: Function) -> Function:
    """The same function, all of it nonlinear.

    f : (x̄ ; ẋ̄) → (ȳ ; ẏ̄)      erase f : (x̄, ẋ̄) → (ȳ, ẏ̄)
    """
    return _erase(function)


@memoised
def _erase(function: Function) -> Generator[Any, Any, Function]:
    linear = function.linear_params or function.linear_results or _has_linear(function)
    if not linear and not any([functions_of(e.op) for e in function.equations]):
        return function
    builder = Builder(function.name, function.origin)
    builder.params = list(function.params)
    plain: dict[Var, Var] = {v: builder.param(v.type, hint=v.hint) for v in function.linear_params}
    for e in function.equations:
        builder.origin, builder.recompute = e.origin, e.recompute
        inputs = [plain.get(v, v) for v in e.inputs]
        if isinstance(e.op, Call):
            callee = yield (e.op.function,)
            if callee is e.op.function:
                builder.append(e)
                continue
            outputs = [plain_variable(v) for v in e.outputs]
            builder.emit(replace(e.op, function=callee), inputs, outputs)
            plain.update(zip(e.outputs, outputs, strict=True))
        elif isinstance(e.op, LinearCall):
            outputs = [plain_variable(v) for v in e.outputs]
            builder.emit(e.op.forward, inputs, outputs)
            plain.update(zip(e.outputs, outputs, strict=True))
        elif isinstance(e.op, Switch):
            plain.update((yield from erase_of_switch(builder, e, e.op, inputs)))
        elif isinstance(e.op, Scan):
            plain.update((yield from erase_of_scan(builder, e, e.op, inputs)))
        elif isinstance(e.op, While):
            plain.update((yield from erase_of_while(builder, e, e.op, inputs)))
        elif not any([v.linear for v in (*e.inputs, *e.outputs)]):
            builder.append(e)
        else:
            plain.update(zip(e.outputs, _erased(builder, e, inputs), strict=True))
    if not linear and builder.equations == list(function.equations):
        return function
    results = [plain.get(v, v) for v in (*function.results, *function.linear_results)]
    return builder.finish(results)


def _has_linear(function: Function) -> bool:
    return any([v.linear for e in function.equations for v in e.outputs])


def _erased(builder: Builder, e: Equation, inputs: list[Var]) -> list[Var]:
    """The values of a linear equation, as nonlinear ones."""
    match e.op:
        case Zero(type_):
            return [plain_zeros(builder, type_, {})]
        case Dup():
            return [inputs[0], inputs[0]]
        case Drop():
            return []
        case Apply(primitive, attributes) if primitive.erased is not None:
            operands = [Expr(builder, v) for v in inputs]
            return [x.var for x in primitive.erased(operands, **dict(attributes))]
        case op:
            return list(builder.emit(op, inputs, [plain_variable(v) for v in e.outputs]))
