"""Transposition: linear code run backward.

    def f.lin(c: f64 ; x_dot: f64) -> ( ; f64) =      def f.lin.T(c: f64 ; y_bar: f64) -> ( ; f64) =
      let (; a, b) = dup x_dot                          let (; s_bar, b_bar) = dup y_bar
      let (; s) = c *. a                                let (; a_bar) = c *. s_bar
      let (; y) = s +. b                                let (; x_bar) = a_bar +. b_bar
      ( ; y)                                            ( ; x_bar)

Each linear variable is used exactly once, so each cotangent is defined exactly once: it is taken out of the environment
with `pop`, and there is nothing to accumulate.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from lineara.errors import TransformError
from lineara.ir import (
    Add,
    Apply,
    Builder,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    LinearCall,
    Literal,
    MakeTuple,
    Scan,
    Switch,
    Unpack,
    Var,
    While,
    Zero,
    memoised,
)
from lineara.primitives import Expr
from lineara.transforms.demand import Demand
from lineara.transforms.scan import transpose_of_scan
from lineara.transforms.switch import transpose_of_switch


def transpose(function: Function) -> Function:
    """The transpose of a linear function.

        ℓ : (x̄ ; ẋ̄) → ( ; ẏ̄)      ℓᵀ : (x̄ ; ȳ̈) → ( ; ẍ̄)      ⟨ȳ̈, ℓ ẋ̄⟩ = ⟨ℓᵀ ȳ̈, ẋ̄⟩

    Raises:
        TransformError: if the function has nonlinear results, or an equation of both zones: `unzip` it first.
    """
    return _transpose(function)


@memoised
def _transpose(function: Function) -> Generator[Any, Any, Function]:
    if function.results:
        raise TransformError(
            f"`{function.name}` has nonlinear results",
            mend="unzip it first",
            origin=function.origin,
        )
    builder = Builder(f"{function.name}.T", function.origin)
    builder.params = list(function.params)
    cotangents = {
        v: builder.param(v.type, linear=True, hint=_barred(v)) for v in function.linear_results
    }
    linear = [e for e in function.equations if _is_linear(e)]
    waiting = Demand(builder, (e for e in function.equations if not _is_linear(e)))
    for e in reversed(linear):
        builder.origin = e.origin
        waiting.define([v for v in e.inputs if not v.linear])
        y_bar = [cotangents.pop(v) for v in e.outputs]
        match e.op:
            case Call():
                callee = yield (e.op.function,)
                x_bar = _call(builder, e, callee, y_bar, e.op.checkpoint)
            case Switch():
                x_bar = yield from transpose_of_switch(builder, e, e.op, y_bar)
            case Scan():
                x_bar = yield from transpose_of_scan(builder, e, e.op, y_bar)
            case _:
                x_bar = _transposed(builder, e, y_bar)
        for v, v_bar in zip([v for v in e.inputs if v.linear], x_bar, strict=True):
            v_bar.hint = v_bar.hint or _barred(v)
            cotangents[v] = v_bar
    return builder.finish((), [cotangents.pop(v) for v in function.linear_params])


def _is_linear(e: Equation) -> bool:
    """Whether an equation is purely linear; it must be that, or purely nonlinear."""
    linear = (
        isinstance(e.op, Zero)
        or any([v.linear for v in e.inputs])
        or any([v.linear for v in e.outputs])
    )
    if linear and not all([v.linear for v in e.outputs]):
        raise TransformError(
            "a call has results of both zones", mend="unzip the function first", origin=e.origin
        )
    return linear


def _call(
    builder: Builder, e: Equation, callee: Function, y_bar: list[Var], checkpoint: bool
) -> tuple[Var, ...]:
    """`g(x̄ ; ẋ̄)` becomes `gᵀ(x̄ ; ȳ̈)`."""
    coefficients = [v for v in e.inputs if not v.linear]
    _, x_bar = builder.call(callee, coefficients, y_bar, checkpoint=checkpoint)
    return x_bar


def _transposed(builder: Builder, e: Equation, y_bar: list[Var]) -> tuple[Var, ...]:
    """The cotangents of the linear operands, from those of the results."""
    match e.op:
        case Apply(primitive, attributes):
            assert primitive.transpose is not None
            operands = [v.type if v.linear else Expr(builder, v) for v in e.inputs]
            given = primitive.transpose(
                operands, [Expr(builder, v) for v in y_bar], **dict(attributes)
            )
            return tuple([x.var for x in given])
        case Add():
            return (y_bar[0], y_bar[0])
        case Dup():
            return (builder.add(*y_bar),)
        case Zero():
            builder.emit(Drop(), y_bar, ())
            return ()
        case Drop():
            return (builder.zero(e.inputs[0].type),)
        case MakeTuple():
            return builder.unpack(y_bar[0])
        case Unpack():
            return (builder.make_tuple(y_bar) if y_bar else builder.zero(e.inputs[0].type),)
        case LinearCall(forward, backward):
            if backward is None:
                raise TransformError(
                    f"`{forward.function.name}` is declared linear, without a transpose",
                    mend="give transpose_solve, or say symmetric=True",
                    origin=e.origin,
                )
            coefficients = [v for v in e.inputs if not v.linear]
            x_bar = [Var(v.type, linear=True) for v in e.inputs if v.linear]
            return builder.emit(LinearCall(backward, forward), (*coefficients, *y_bar), x_bar)
        case Literal() | Call() | Switch() | Scan() | While():
            raise AssertionError(f"{e.op} is not a linear operation")


def _barred(v: Var) -> str:
    return f"{v.hint.removesuffix('_dot')}_bar" if v.hint else ""
