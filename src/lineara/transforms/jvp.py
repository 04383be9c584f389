"""Forward differentiation: a program together with its tangents.

    def f(x: f64) -> f64 = sin(x)

    def f.jvp(x: f64 ; x_dot: f64) -> (f64 ; f64) =
      let y = sin(x)
      let c = cos(x)
      let (; y_dot) = c *. x_dot
      (y ; y_dot)

The only place that asks a record for its derivative.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from lineara.errors import Origin, TransformError
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
    Rule,
    Scan,
    Switch,
    Unpack,
    Var,
    While,
    Zero,
    has_tangent,
    memoised,
    tangent_type,
)
from lineara.primitives import Expr
from lineara.transforms.loop import jvp_of_while
from lineara.transforms.scan import jvp_of_scan
from lineara.transforms.switch import jvp_of_switch

Active = tuple[bool, ...]
"""Which parameters, or results, have a tangent that can be other than zero."""


def jvp(function: Function, wrt: Active | None = None) -> Function:
    """The derivative of a nonlinear function along tangents.

        f : x̄ → ȳ      jvp f : (x̄ ; ẋ̄) → (ȳ ; ẏ̄)

    `wrt` says which parameters are differentiated: by default all that have tangents. There is a linear parameter for each
    of them, and a linear result for each result that has a tangent, be it zero.

    Raises:
        TransformError: if the function has a linear zone (`erase` it first), or a parameter in `wrt` has no tangent.
    """
    if wrt is None:
        wrt = tuple(has_tangent(p.type) for p in function.params)
    for p, wanted in zip(function.params, wrt, strict=True):
        if wanted and not has_tangent(p.type):
            raise TransformError(
                f"a parameter of type {p.type!r} of `{function.name}` has no tangent",
                mend="differentiate with respect to real or complex parameters",
            )
    all_results = tuple(has_tangent(r.type) for r in function.results)
    derivative, _ = _jvp(function, wrt, all_results, (False,) * len(wrt))
    return derivative


def activity(function: Function, wrt: Active) -> Active:
    """Which results have a tangent that can be other than zero, when those of these parameters can."""
    _, active = _jvp(function, wrt, None, (False,) * len(wrt))
    return active


@memoised
def _jvp(
    function: Function, wrt: Active, demanded: Active | None, threaded: Active
) -> Generator[Any, Any, tuple[Function, Active]]:
    """The derivative, and which results it has tangents of: those demanded, or those that are active.

    The tangents of the parameters that are `threaded` are given back as they came, before those of the results.
    """
    _refuse_linear_zone(function)
    builder = Builder(f"{function.name}.jvp", function.origin)
    builder.params.extend(function.params)
    tangents: dict[Var, Var] = {}
    for p, wanted in zip(function.params, wrt, strict=True):
        if wanted:
            tangents[p] = builder.param(tangent_type(p.type), linear=True, hint=_dotted(p))
    for e in function.equations:
        builder.origin, builder.recompute = e.origin, e.recompute
        if not any([v in tangents for v in e.inputs]):
            builder.append(e)
            continue
        yield from _equation(builder, e, tangents)
    builder.recompute = False
    active = demanded or tuple([r in tangents for r in function.results])
    linear_results = [tangents[p] for p, on in zip(function.params, threaded, strict=True) if on]
    linear_results += [
        _instantiate(builder, r, tangents)
        for r, wanted in zip(function.results, active, strict=True)
        if wanted
    ]
    return builder.finish(function.results, linear_results), active


def _refuse_linear_zone(function: Function) -> None:
    if _has_linear_zone(function):
        raise TransformError(
            f"`{function.name}` has a linear zone already",
            mend="erase it before jvp",
            origin=function.origin,
        )


def _equation(builder: Builder, e: Equation, tangents: dict[Var, Var]) -> Generator[Any, Any, None]:
    """Append an equation, some operand of which has a tangent, and the tangents of its outputs."""
    match e.op:
        case Call(rule=rule) if rule is not None:
            _by_rule(builder, e, e.op, rule, tangents)
        case Call():
            active = tuple([v in tangents for v in e.inputs])
            none = (False,) * len(active)
            callee, results = yield e.op.function, active, None, none
            _call(builder, e, e.op, callee, results, tangents)
        case Switch():
            yield from jvp_of_switch(builder, e, e.op, tangents)
        case Scan():
            yield from jvp_of_scan(builder, e, e.op, tangents)
        case While():
            yield from jvp_of_while(builder, e, e.op, tangents)
        case _:
            builder.append(e)
            _differentiate(builder, e, tangents)


def _call(
    builder: Builder,
    e: Equation,
    op: Call,
    callee: Function,
    active: Active,
    tangents: dict[Var, Var],
) -> None:
    """`f(x̄)` becomes `f.jvp(x̄ ; ẋ̄)`, with the tangents of the active arguments."""
    x_dot = [tangents[v] for v in e.inputs if v in tangents]
    y_dot = [
        Var(tangent_type(v.type), linear=True, hint=_dotted(v))
        for v, wanted in zip(e.outputs, active, strict=True)
        if wanted
    ]
    builder.append(
        Equation(
            Call(callee, op.checkpoint),
            (*e.inputs, *x_dot),
            (*e.outputs, *y_dot),
            e.origin,
            recompute=e.recompute,
        )
    )
    with_tangent = [v for v, wanted in zip(e.outputs, active, strict=True) if wanted]
    tangents.update(zip(with_tangent, y_dot, strict=True))


def _by_rule(builder: Builder, e: Equation, op: Call, rule: Rule, tangents: dict[Var, Var]) -> None:
    """`f(x̄)` becomes `f.rule(x̄ ; ẋ̄)`, with all tangents that the rule takes, and all results active."""
    callee = rule.body
    for p, v, known in zip(callee.params, e.inputs, rule.wrt, strict=True):
        if v in tangents and not known:
            raise _not_in_the_rule(op.function, v.hint or p.hint, e.origin)
    x_dot = [
        _instantiate(builder, v, tangents)
        for v, known in zip(e.inputs, rule.wrt, strict=True)
        if known
    ]
    active = tuple([has_tangent(v.type) for v in e.outputs])
    y_dot = [Var(v.type, linear=True, hint=v.hint) for v in callee.linear_results]
    called = Call(callee, op.checkpoint)
    outputs = (*e.outputs, *y_dot)
    builder.append(Equation(called, (*e.inputs, *x_dot), outputs, e.origin, recompute=e.recompute))
    with_tangent = [v for v, wanted in zip(e.outputs, active, strict=True) if wanted]
    tangents.update(zip(with_tangent, y_dot, strict=True))


def _not_in_the_rule(f: Function, name: str, origin: Origin | None) -> TransformError:
    if name:
        return TransformError(
            f"`{f.name}` is differentiated with respect to `{name}`, which its rule does not differentiate",
            mend="pass it as an argument that the rule takes a tangent of, or stop_gradient it",
            origin=origin,
        )
    return TransformError(
        f"`{f.name}` has no derivative",
        mend="use a part of its result that has one, or stop_gradient its arguments",
        origin=origin,
    )


def _differentiate(builder: Builder, e: Equation, tangents: dict[Var, Var]) -> None:
    """Emit the tangents of the outputs of an equation, some operand of which has one."""
    x_dot = [tangents.get(v) for v in e.inputs]
    match e.op:
        case Apply(primitive, attributes):
            if primitive.jvp is None:
                return
            y_dot = _rule(builder, primitive.jvp, e, x_dot, dict(attributes))
        case Add():
            y_dot = [_sum(builder, *x_dot)]
        case MakeTuple():
            y_dot = [builder.make_tuple([_instantiate(builder, v, tangents) for v in e.inputs])]
        case Unpack():
            assert x_dot[0] is not None
            y_dot = list(builder.unpack(x_dot[0]))
        case Drop():
            return
        case Zero() | Dup() | Literal() | Call() | LinearCall() | Switch() | Scan() | While():
            raise AssertionError(f"no {e.op} with nonlinear operands here")
    for v, v_dot in zip(e.outputs, y_dot, strict=True):
        if v_dot is not None and has_tangent(v.type):
            v_dot.hint = v_dot.hint or _dotted(v)
            tangents[v] = v_dot


def _rule(
    builder: Builder, rule: Any, e: Equation, x_dot: list[Var | None], attributes: dict[str, Any]
) -> list[Var | None]:
    """Apply the derivative rule of a record."""
    operands = [Expr(builder, v) for v in e.inputs]
    results = [Expr(builder, v) for v in e.outputs]
    tangents = [None if v is None else Expr(builder, v) for v in x_dot]
    y_dot = rule(operands, results, tangents, attributes)
    return [None if t is None else t.var for t in y_dot]


def _sum(builder: Builder, x: Var | None, y: Var | None) -> Var | None:
    if x is None or y is None:
        return x or y
    return builder.add(x, y)


def _instantiate(builder: Builder, v: Var, tangents: dict[Var, Var]) -> Var:
    """The tangent of a variable, or a zero where it has none."""
    found = tangents.get(v)
    return builder.zero(tangent_type(v.type)) if found is None else found


def _has_linear_zone(function: Function) -> bool:
    return bool(function.linear_params) or any(
        [v.linear for e in function.equations for v in e.outputs]
    )


def _dotted(v: Var) -> str:
    return f"{v.hint}_dot" if v.hint else ""
