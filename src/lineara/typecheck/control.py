"""The rules of switches, scans and loops."""

from __future__ import annotations

from lineara.ir import (
    ArrayType,
    Call,
    Equation,
    Function,
    ListType,
    Scan,
    Switch,
    Type,
    Var,
    While,
    stacked,
)
from lineara.typecheck.rules import call, passes
from lineara.typecheck.scope import Rule, Scope, Signature, arity


def _switch(scope: Scope, e: Equation) -> Signature:
    """Γ ⊢ i : integer    each branch : (τ̄ ; σ̄) → (τ̄' ; σ̄')  ⟹  Γ ; Γ̇ ⊢ switch i (x̄ ; ẋ̄) : (τ̄' ; σ̄')"""
    assert isinstance(e.op, Switch)
    branches = e.op.branches
    if not branches or not e.inputs:
        raise scope.error(
            "a switch has no index or no branch", "arity", None, e.origin, "give it both"
        )
    index = e.inputs[0]
    if not _is_index(index.type):
        raise scope.error(
            f"the index of a switch is an integer scalar, not {index.type!r}",
            "type",
            index,
            e.origin,
            "a condition selects with false = 0, true = 1",
        )
    if index.linear:
        raise scope.error(
            f"the linear variable {scope.name(index)} is used nonlinearly, as the index of a switch",
            "used nonlinearly",
            index,
            e.origin,
            "nothing nonlinear may depend on a linear value",
        )
    signatures = [_fits(scope, e, f, e.inputs[1:]) for f in branches]
    for f, signature in zip(branches, signatures, strict=True):
        if signature != signatures[0]:
            raise scope.error(
                f"the branches give different types: `{branches[0].name}` {_types(signatures[0])}, "
                f"`{f.name}` {_types(signature)}",
                "type",
                None,
                e.origin,
                "make all branches return the same shapes and dtypes",
            )
    return signatures[0]


def _is_index(type_: Type) -> bool:
    return isinstance(type_, ArrayType) and type_.shape == () and type_.dtype.kind in "biu"


def _types(signature: Signature) -> str:
    """The types of both zones, as they are written."""
    zones = [[repr(t) for t, linear in signature if linear == zone] for zone in (False, True)]
    left, right = map(", ".join, zones)
    return f"({left} ; {right})" if right else f"({left})"


def _fits(scope: Scope, e: Equation, f: Function, inputs: tuple[Var, ...]) -> Signature:
    """A function applied to operands: what a call of it would give."""
    return call(scope, Equation(Call(f), inputs, e.outputs, e.origin))


def _scan(scope: Scope, e: Equation) -> Signature:
    """body : (constants, carry, x ; carry˙, x˙) → (carry, y ; carry˙, y˙), applied to stacks of the xs"""
    op = e.op
    assert isinstance(op, Scan)
    body, lead = op.body, int(op.length is None)
    params, results = (*body.params, *body.linear_params), (*body.results, *body.linear_results)
    arity(scope, e, lead + len(params), f"a scan of `{body.name}`")
    if lead and (e.inputs[0].type is not ArrayType("i64") or e.inputs[0].linear):
        raise scope.error(
            f"the trips of a scan are an i64, not {e.inputs[0].type!r}",
            "type",
            e.inputs[0],
            e.origin,
            "convert the number, or write it: scan[10]",
        )
    carries = _carried(scope, e, body, op.constants, (op.carry, op.linear_carry))
    fixed = {*range(op.constants), *carries}
    for i, (v, p) in enumerate(zip(e.inputs[lead:], params, strict=True)):
        wanted = p.type if i in fixed else stacked(p.type, op.length)
        passes(scope, e, f"a scan of `{body.name}`", v, p, wanted)
    kept = set(carries.values())
    return [
        (r.type if i in kept else stacked(r.type, op.length), r.linear)
        for i, r in enumerate(results)
    ]


def _carried(
    scope: Scope, e: Equation, body: Function, constants: int, carry: tuple[int, int]
) -> dict[int, int]:
    """The result that each carried parameter comes out as; refuse a carry that changes its type."""
    first, second = carry
    count, done = len(body.params), len(body.results)
    given = min(done, first), min(len(body.linear_results), second)
    if given != carry or constants + first > count or second > len(body.linear_params):
        raise scope.error(
            f"a loop carries ({first} ; {second}) values, and `{body.name}` gives ({given[0]} ; {given[1]})",
            "arity",
            None,
            e.origin,
            "return what is carried first, in the order of the parameters",
        )
    into = (*range(constants, constants + first), *range(count, count + second))
    out = (*range(first), *range(done, done + second))
    params, results = (*body.params, *body.linear_params), (*body.results, *body.linear_results)
    for i, o in zip(into, out, strict=True):
        if params[i].type is not results[o].type:
            raise scope.error(
                f"a carry of `{body.name}` goes in as {params[i].type!r} and comes out as {results[o].type!r}",
                "type",
                None,
                e.origin,
                "a carry keeps its shape and dtype in every trip: convert one of the two",
            )
    return dict(zip(into, out, strict=True))


def _while(scope: Scope, e: Equation) -> Signature:
    """condition : (constants₁, carry) → bool    body : (constants₂, carry ; carry˙) → (carry, y ; carry˙, y˙)"""
    op = e.op
    assert isinstance(op, While)
    (first, second), body = op.constants, op.body
    arity(scope, e, first + len(body.params) + len(body.linear_params), f"a loop of `{body.name}`")
    carries = _carried(scope, e, body, second, (op.carry, op.linear_carry))
    if second + op.carry + op.linear_carry != len(body.params) + len(body.linear_params):
        raise scope.error(
            f"a loop carries all that `{body.name}` takes after its constants",
            "arity",
            None,
            e.origin,
            "pass it as a constant, or carry it",
        )
    nonlinear = e.inputs[: first + len(body.params)]
    tested = _fits(scope, e, op.condition, (*nonlinear[:first], *nonlinear[first + second :]))
    if tested != [(ArrayType("bool"), False)]:
        raise scope.error(
            f"the condition of a loop gives one bool, and `{op.condition.name}` gives {_types(tested)}",
            "type",
            None,
            e.origin,
            "return a comparison of scalars",
        )
    _fits(scope, e, body, e.inputs[first:])
    kept = set(carries.values())
    results = (*body.results, *body.linear_results)
    given = [(r.type if i in kept else ListType(r.type), r.linear) for i, r in enumerate(results)]
    return [(ArrayType("i64"), False), *given]


RULES: dict[type, Rule] = {Switch: _switch, Scan: _scan, While: _while}
