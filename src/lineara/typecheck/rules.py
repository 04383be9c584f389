"""The rules of primitives, of literals and tuples, of the structural operations, and of calls."""

from __future__ import annotations

from lineara.errors import LinearaError
from lineara.ir import (
    Add,
    Apply,
    ArrayType,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    LinearCall,
    Literal,
    MakeTuple,
    TupleType,
    Type,
    Unpack,
    Var,
    Zero,
    has_tangent,
    infer,
    tangent_type,
)
from lineara.typecheck.scope import Rule, Scope, Signature, arity, one_zone


def _arrays(scope: Scope, e: Equation, name: str) -> None:
    """Primitives take arrays."""
    for v in e.inputs:
        if not isinstance(v.type, ArrayType):
            problem, mend = no_array(name, v.type)
            raise scope.error(problem, "type", v, e.origin, mend)


def no_array(name: str, type_: Type) -> tuple[str, str]:
    """What is wrong with a tuple or a list as an operand of a primitive, and the mend."""
    if isinstance(type_, TupleType):
        return f"`{name}` takes arrays, not the tuple {type_!r}", "unpack it first"
    return f"`{name}` takes arrays, not the list {type_!r}", "apply it in a scan over the list"


def _apply(scope: Scope, e: Equation) -> Signature:
    """A primitive: linear in exactly its linear operands, or in none.

    Γ ⊢ c̄ : τ̄    Γ̇ ⊢ ẋ̄ : σ̄    p linear in ẋ̄   ⟹   Γ ; Γ̇ ⊢ p(c̄, ẋ̄) : ( ; ρ̄)
    """
    assert isinstance(e.op, Apply)
    primitive, attributes = e.op.primitive, e.op.attributes
    _arrays(scope, e, primitive.name)
    try:
        types = infer(primitive, attributes, tuple([v.type for v in e.inputs]))
    except TypeError as error:
        if isinstance(error, LinearaError):
            raise
        raise scope.error(
            f"`{primitive.name}` does not take these operands and attributes: {error}",
            "arity",
            None,
            e.origin,
            "the table of primitives says what it takes",
        ) from None
    linear = frozenset([i for i, v in enumerate(e.inputs) if v.linear])
    if linear:
        groups = primitive.linear_groups(len(e.inputs))
        if linear not in groups or primitive.transpose is None:
            v = e.inputs[min(linear)]
            raise scope.error(
                f"the linear variable {scope.name(v)} is used nonlinearly, by `{primitive.name}`",
                "used nonlinearly",
                v,
                e.origin,
                "linear code has `+.`, `*.` with a nonlinear left factor, and linear primitives",
            )
    elif primitive.borrows:
        raise scope.error(
            f"`{primitive.name}` takes a linear operand first, and {scope.name(e.inputs[0])} is nonlinear",
            "nonlinear factor",
            e.inputs[0],
            e.origin,
            "read a nonlinear array with a primitive that does not give it back",
        )
    return [(t, bool(linear)) for t in types]


def _literal(scope: Scope, e: Equation) -> Signature:
    """Γ ; · ⊢ c : (τ ; )"""
    assert isinstance(e.op, Literal)
    arity(scope, e, 0, "a literal")
    return [(e.op.type, False)]


def _tuple(scope: Scope, e: Equation) -> Signature:
    """Γ ⊢ x̄ : τ̄  ⟹  Γ ⊢ tuple(x̄) : (τ̄)   in either zone"""
    linear = one_zone(scope, e, "`tuple`")
    return [(TupleType(tuple([v.type for v in e.inputs])), linear)]


def _unpack(scope: Scope, e: Equation) -> Signature:
    """Γ ⊢ x : (τ̄)  ⟹  Γ ⊢ unpack x : τ̄   in either zone"""
    arity(scope, e, 1, "`unpack`")
    v = e.inputs[0]
    if not isinstance(v.type, TupleType):
        raise scope.error(
            f"{scope.name(v)} of type {v.type!r} is not a tuple",
            "type",
            v,
            e.origin,
            "unpack tuples",
        )
    return [(t, v.linear) for t in v.type.elements]


def _zero(scope: Scope, e: Equation) -> Signature:
    """Γ ; · ⊢ 0̇:σ : ( ; σ)"""
    assert isinstance(e.op, Zero)
    arity(scope, e, 0, "`zero`")
    return [(e.op.type, True)]


def _add(scope: Scope, e: Equation) -> Signature:
    """Γ̇ ⊢ ẋ : σ    Δ̇ ⊢ ẏ : σ  ⟹  Γ̇,Δ̇ ⊢ ẋ +̇ ẏ : σ   and the same for x + y"""
    arity(scope, e, 2, "`+`")
    linear = one_zone(scope, e, "`+`")
    x, y = e.inputs
    if x.type is not y.type:
        raise scope.error(
            f"`+` takes operands of one type, not {x.type!r} and {y.type!r}",
            "type",
            y,
            e.origin,
            "broadcast or convert one of them first",
        )
    return [(x.type, linear)]


def _dup(scope: Scope, e: Equation) -> Signature:
    """Γ̇ ⊢ ẋ : σ  ⟹  Γ̇ ⊢ dup ẋ : ( ; σ, σ)"""
    arity(scope, e, 1, "`dup`")
    v = e.inputs[0]
    if not v.linear:
        raise scope.error(
            f"`dup` of the nonlinear {scope.name(v)}",
            "nonlinear factor",
            v,
            e.origin,
            "a nonlinear variable may be used as often as you like",
        )
    return [(v.type, True), (v.type, True)]


def _drop(scope: Scope, e: Equation) -> Signature:
    """Γ ; Γ̇ ⊢ x : τ  ⟹  Γ ; Γ̇ ⊢ drop x : ( ; )"""
    arity(scope, e, 1, "`drop`")
    return []


def call(scope: Scope, e: Equation) -> Signature:
    """f : (τ̄ ; σ̄) → (τ̄' ; σ̄')    Γ ⊢ x̄ : τ̄    Γ̇ ⊢ ẋ̄ : σ̄  ⟹  Γ ; Γ̇ ⊢ f(x̄ ; ẋ̄) : (τ̄' ; σ̄')"""
    assert isinstance(e.op, Call)
    f = e.op.function
    params = (*f.params, *f.linear_params)
    arity(scope, e, len(params), f"`{f.name}`")
    for v, p in zip(e.inputs, params, strict=True):
        passes(scope, e, f"`{f.name}`", v, p, p.type)
    if e.op.rule is not None and e.op.rule.known:
        _derives(scope, e, f, e.op.rule.body, e.op.rule.wrt)
    return [(r.type, False) for r in f.results] + [(r.type, True) for r in f.linear_results]


def _derives(scope: Scope, e: Equation, f: Function, body: Function, wrt: tuple[bool, ...]) -> None:
    """f : τ̄ → τ̄'  ⟹  its rule : (τ̄ ; tangents of the τ̄ that it differentiates) → (τ̄' ; tangents of all τ̄')"""
    tangents = [p.type for p, wanted in zip(f.params, wrt, strict=True) if wanted]
    given = (*body.params, *body.linear_params, *body.results, *body.linear_results)
    wanted = [
        *[p.type for p in f.params],
        *map(tangent_type, tangents),
        *[r.type for r in f.results],
        *[tangent_type(r.type) for r in f.results if has_tangent(r.type)],
    ]
    if f.linear_params or [v.type for v in given] != wanted:
        raise scope.error(
            f"the rule `{body.name}` is not a derivative of `{f.name}`: {body!r}, {f!r}",
            "type",
            None,
            e.origin,
            "a rule takes the parameters and their tangents, and gives the results and theirs",
        )


def _linear_call(scope: Scope, e: Equation) -> Signature:
    """f : (τ̄, σ̄) → ρ̄    g : (τ̄, ρ̄) → σ̄    Γ ⊢ c̄ : τ̄    Γ̇ ⊢ ẋ̄ : σ̄  ⟹  Γ ; Γ̇ ⊢ linear f/g (c̄ ; ẋ̄) : ( ; ρ̄)"""
    op = e.op
    assert isinstance(op, LinearCall)
    f = op.forward.function
    arity(scope, e, len(f.params), f"`{f.name}`")
    for v, p in zip(e.inputs, f.params, strict=True):
        passes(scope, e, f"`{f.name}`", v, Var(p.type, linear=v.linear), p.type)
    coefficients = [v.type for v in e.inputs if not v.linear]
    back = op.backward.function if op.backward is not None else None
    if back is not None:
        taken = [*coefficients, *[r.type for r in f.results]]
        given = [v.type for v in e.inputs if v.linear]
        if [p.type for p in back.params] != taken or [r.type for r in back.results] != given:
            raise scope.error(
                f"`{back.name}` is no transpose of `{f.name}`: {back!r}, {f!r}",
                "type",
                None,
                e.origin,
                "a transpose takes what the map gives, and gives what it takes",
            )
    return [(r.type, True) for r in f.results]


def passes(scope: Scope, e: Equation, what: str, v: Var, p: Var, wanted: Type) -> None:
    """Refuse a variable for a parameter of another zone, or where another type is wanted."""
    if v.linear and not p.linear:
        raise scope.error(
            f"the linear variable {scope.name(v)} is used nonlinearly: {what} takes it left of the `;`",
            "used nonlinearly",
            v,
            e.origin,
            "pass it right of the `;`",
        )
    if p.linear and not v.linear:
        raise scope.error(
            f"{what} takes a linear argument where {scope.name(v)} is nonlinear",
            "nonlinear factor",
            v,
            e.origin,
            "pass it left of the `;`",
        )
    if v.type is not wanted:
        raise scope.error(
            f"{what} takes {wanted!r} where {scope.name(v)} is {v.type!r}",
            "type",
            v,
            e.origin,
            f"pass a value of type {wanted!r}",
        )


RULES: dict[type, Rule] = {
    Apply: _apply,
    Literal: _literal,
    MakeTuple: _tuple,
    Unpack: _unpack,
    Zero: _zero,
    Add: _add,
    Dup: _dup,
    Drop: _drop,
    Call: call,
    LinearCall: _linear_call,
}
