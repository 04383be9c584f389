"""The checker of Linear A: one function per typing rule (paper, section 3.2).

`check` accepts a function and all that it calls, or raises the first `LinearTypeError`: linear variables are used exactly
once, non-linear ones at least once, and no non-linear result depends on a linear value.
"""

from __future__ import annotations

from collections.abc import Callable

from lineara.errors import LinearaError, LinearTypeError, Origin
from lineara.ir import (
    Add,
    Apply,
    ArrayType,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    ListType,
    Literal,
    MakeTuple,
    Scan,
    Switch,
    TupleType,
    Type,
    Unpack,
    Var,
    While,
    Zero,
    callees_first,
    infer,
    stacked,
)
from lineara.ir.names import variable_names

Signature = list[tuple[Type, bool]]
"""Types of outputs, and whether each is linear."""


def check(function: Function) -> Function:
    """Check a function and all that it calls; returns the function.

    Raises:
        LinearTypeError: names the variable, the rule that it breaks, the place and the mend.
    """
    for f in callees_first(function):
        _Scope(f).check()
    return function


def signature_of(function: Function, equation: Equation) -> Signature:
    """What an equation of a function gives, by its typing rule.

    Raises:
        LinearTypeError: as `check`, of the operands alone.
    """
    return _Scope(function).signature(equation)


class _Scope:
    """The environment of one function: what is bound, and what is still to be used."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.bound: set[Var] = set()
        self.unused: dict[Var, Origin | None] = {}
        self.spent: set[Var] = set()

    def check(self) -> None:
        f = self.function
        self.bind(f.params, False, f.origin)
        self.bind(f.linear_params, True, f.origin)
        for e in f.equations:
            self.use(e.inputs, e.origin)
            self.outputs(e, self.signature(e))
        self.results(f.results, False)
        self.results(f.linear_results, True)
        if self.unused:
            self.unused_error()

    def signature(self, e: Equation) -> Signature:
        try:
            return RULES[type(e.op)](self, e)
        except LinearTypeError:
            raise
        except LinearaError as error:
            raise self.error(error.problem, "type", None, e.origin, error.mend) from None

    def bind(self, variables: tuple[Var, ...], linear: bool, origin: Origin | None) -> None:
        for v in variables:
            if v.linear != linear:
                zone = "linear" if linear else "nonlinear"
                problem = f"{self.name(v)} is bound in the {zone} zone"
                raise self.error(problem, "zone", v, origin, "bind it in its own")
            self.bind_one(v, origin)

    def bind_one(self, v: Var, origin: Origin | None) -> None:
        if v in self.bound:
            raise self.error(
                f"{self.name(v)} is bound twice", "shadowed", v, origin, "give it another name"
            )
        if v.linear and not v.type.is_inexact:
            raise self.error(
                f"{self.name(v)} of type {v.type!r} cannot be linear",
                "type",
                v,
                origin,
                "only real and complex values have tangents; move it to the nonlinear zone",
            )
        self.bound.add(v)
        self.unused[v] = origin

    def use(self, variables: tuple[Var, ...], origin: Origin | None) -> None:
        for v in variables:
            if v.linear:
                if v in self.unused:
                    del self.unused[v]
                    continue
                if v in self.bound:
                    raise self.error(
                        f"the linear variable {self.name(v)} is used twice",
                        "used twice",
                        v,
                        origin,
                        f"split it first: let (; a, b) = dup {self.name(v)[1:-1]}",
                    )
            else:
                self.unused.pop(v, None)
            if v not in self.bound:
                raise self.error(
                    f"{self.name(v)} is not bound", "unknown", v, origin, "bind it first"
                )

    def outputs(self, e: Equation, expected: Signature) -> None:
        if len(e.outputs) != len(expected):
            raise self.error(
                f"the operation gives {len(expected)} values, and {len(e.outputs)} are bound",
                "arity",
                None,
                e.origin,
                "bind as many variables as there are values",
            )
        for v, (type_, linear) in zip(e.outputs, expected, strict=True):
            if v.type is not type_:
                raise self.error(
                    f"{self.name(v)} is declared {v.type!r}, but its value is {type_!r}",
                    "type",
                    v,
                    e.origin,
                    "declare it with the type of its value",
                )
            if v.linear != linear:
                raise self.zone_error(v, linear, e)
            self.bind_one(v, e.origin)

    def results(self, variables: tuple[Var, ...], linear: bool) -> None:
        origin = self.function.origin
        self.use(variables, origin)
        for v in variables:
            if v.linear and not linear:
                raise self.leak(v, origin)
            if linear and not v.linear:
                raise self.error(
                    f"the linear result {self.name(v)} is nonlinear",
                    "zone",
                    v,
                    origin,
                    "return it left of the `;`",
                )

    def unused_error(self) -> None:
        v, origin = next(iter(self.unused.items()))
        kind = "linear" if v.linear else "nonlinear"
        raise self.error(
            f"the {kind} variable {self.name(v)} is never used",
            "never used",
            v,
            origin,
            f"use it, or end it: let () = drop {self.name(v)[1:-1]}",
        )

    def zone_error(self, v: Var, linear: bool, e: Equation) -> LinearTypeError:
        if linear:
            return self.leak(v, e.origin)
        return self.error(
            f"{self.name(v)} is bound as linear, but no operand is linear",
            "nonlinear factor",
            v,
            e.origin,
            "a linear product is `c *. x` with a linear x; a nonlinear value is bound left of the `;`",
        )

    def leak(self, v: Var, origin: Origin | None) -> LinearTypeError:
        return self.error(
            f"the linear value {self.name(v)} leaks into a nonlinear result",
            "leaks",
            v,
            origin,
            "bind or return it right of the `;`: nothing nonlinear may depend on a linear value",
        )

    def name(self, v: Var) -> str:
        return f"`{variable_names(self.function).get(v, v.hint or '?')}`"

    def error(
        self, problem: str, rule: str, v: Var | None, origin: Origin | None, mend: str = ""
    ) -> LinearTypeError:
        return LinearTypeError(
            f"{problem} (in `{self.function.name}`)",
            rule=rule,
            variable=self.name(v).strip("`") if v is not None else "",
            origin=origin,
            mend=mend,
        )


def _arity(scope: _Scope, e: Equation, count: int, what: str) -> None:
    if len(e.inputs) != count:
        raise scope.error(
            f"{what} takes {count} operand{'s' * (count != 1)}, not {len(e.inputs)}",
            "arity",
            None,
            e.origin,
            "give it as many as it takes",
        )


def _one_zone(scope: _Scope, e: Equation, what: str) -> bool:
    """The zone of all operands."""
    zones = {v.linear for v in e.inputs}
    if len(zones) > 1:
        v = next(v for v in e.inputs if not v.linear)
        raise scope.error(
            f"{what} mixes linear operands with the nonlinear {scope.name(v)}",
            "nonlinear factor",
            v,
            e.origin,
            "operands must all be linear or all be nonlinear here",
        )
    return zones == {True}


def _arrays(scope: _Scope, e: Equation, name: str) -> None:
    """Primitives take arrays."""
    for v in e.inputs:
        if not isinstance(v.type, ArrayType):
            kind = "tuple" if isinstance(v.type, TupleType) else "list"
            raise scope.error(
                f"`{name}` takes arrays, not the {kind} {v.type!r}",
                "type",
                v,
                e.origin,
                "unpack it first",
            )


def _apply(scope: _Scope, e: Equation) -> Signature:
    """A primitive: linear in exactly its linear operands, or in none.

    Γ ⊢ c̄ : τ̄    Γ̇ ⊢ ẋ̄ : σ̄    p linear in ẋ̄   ⟹   Γ ; Γ̇ ⊢ p(c̄, ẋ̄) : ( ; ρ̄)
    """
    primitive, attributes = e.op.primitive, e.op.attributes  # type: ignore[union-attr]
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


def _literal(scope: _Scope, e: Equation) -> Signature:
    """Γ ; · ⊢ c : (τ ; )"""
    _arity(scope, e, 0, "a literal")
    return [(e.op.type, False)]  # type: ignore[union-attr]


def _tuple(scope: _Scope, e: Equation) -> Signature:
    """Γ ⊢ x̄ : τ̄  ⟹  Γ ⊢ tuple(x̄) : (τ̄)   in either zone"""
    linear = _one_zone(scope, e, "`tuple`")
    return [(TupleType(tuple([v.type for v in e.inputs])), linear)]


def _unpack(scope: _Scope, e: Equation) -> Signature:
    """Γ ⊢ x : (τ̄)  ⟹  Γ ⊢ unpack x : τ̄   in either zone"""
    _arity(scope, e, 1, "`unpack`")
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


def _zero(scope: _Scope, e: Equation) -> Signature:
    """Γ ; · ⊢ 0̇:σ : ( ; σ)"""
    _arity(scope, e, 0, "`zero`")
    return [(e.op.type, True)]  # type: ignore[union-attr]


def _add(scope: _Scope, e: Equation) -> Signature:
    """Γ̇ ⊢ ẋ : σ    Δ̇ ⊢ ẏ : σ  ⟹  Γ̇,Δ̇ ⊢ ẋ +̇ ẏ : σ   and the same for x + y"""
    _arity(scope, e, 2, "`+`")
    linear = _one_zone(scope, e, "`+`")
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


def _dup(scope: _Scope, e: Equation) -> Signature:
    """Γ̇ ⊢ ẋ : σ  ⟹  Γ̇ ⊢ dup ẋ : ( ; σ, σ)"""
    _arity(scope, e, 1, "`dup`")
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


def _drop(scope: _Scope, e: Equation) -> Signature:
    """Γ ; Γ̇ ⊢ x : τ  ⟹  Γ ; Γ̇ ⊢ drop x : ( ; )"""
    _arity(scope, e, 1, "`drop`")
    return []


def _call(scope: _Scope, e: Equation) -> Signature:
    """f : (τ̄ ; σ̄) → (τ̄' ; σ̄')    Γ ⊢ x̄ : τ̄    Γ̇ ⊢ ẋ̄ : σ̄  ⟹  Γ ; Γ̇ ⊢ f(x̄ ; ẋ̄) : (τ̄' ; σ̄')"""
    f: Function = e.op.function  # type: ignore[union-attr]
    params = (*f.params, *f.linear_params)
    _arity(scope, e, len(params), f"`{f.name}`")
    for v, p in zip(e.inputs, params, strict=True):
        if v.linear and not p.linear:
            raise scope.error(
                f"the linear variable {scope.name(v)} is used nonlinearly: `{f.name}` takes it left of the `;`",
                "used nonlinearly",
                v,
                e.origin,
                "pass it right of the `;`",
            )
        if p.linear and not v.linear:
            raise scope.error(
                f"`{f.name}` takes a linear argument where {scope.name(v)} is nonlinear",
                "nonlinear factor",
                v,
                e.origin,
                "pass it left of the `;`",
            )
        if v.type is not p.type:
            raise scope.error(
                f"`{f.name}` takes {p.type!r} where {scope.name(v)} is {v.type!r}",
                "type",
                v,
                e.origin,
                f"pass a value of type {p.type!r}",
            )
    return [(r.type, False) for r in f.results] + [(r.type, True) for r in f.linear_results]


def _switch(scope: _Scope, e: Equation) -> Signature:
    """Γ ⊢ i : integer    each branch : (τ̄ ; σ̄) → (τ̄' ; σ̄')  ⟹  Γ ; Γ̇ ⊢ switch i (x̄ ; ẋ̄) : (τ̄' ; σ̄')"""
    branches = e.op.branches  # type: ignore[union-attr]
    if not branches or not e.inputs:
        raise scope.error("a switch has an index and at least one branch", "arity", None, e.origin)
    index = e.inputs[0]
    if not (
        isinstance(index.type, ArrayType)
        and index.type.shape == ()
        and index.type.dtype.kind in "biu"
    ):
        raise scope.error(
            f"the index of a switch is an integer scalar, not {index.type!r}",
            "type",
            index,
            e.origin,
            "a condition selects with false = 0, true = 1",
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


def _types(signature: Signature) -> str:
    return "(" + ", ".join(repr(t) for t, _ in signature) + ")"


def _fits(scope: _Scope, e: Equation, f: Function, inputs: tuple[Var, ...]) -> Signature:
    """A function applied to operands: what a call of it would give."""
    return _call(scope, Equation(Call(f), inputs, e.outputs, e.origin))


def _scan(scope: _Scope, e: Equation) -> Signature:
    """body : (constants, carry, x ; carry˙, x˙) → (carry, y ; carry˙, y˙), applied to stacks of the xs"""
    op = e.op
    assert isinstance(op, Scan)
    body = op.body
    params, results = (*body.params, *body.linear_params), (*body.results, *body.linear_results)
    lead = int(op.length is None)
    _arity(scope, e, lead + len(params), f"a scan of `{body.name}`")
    if lead and e.inputs[0].type is not ArrayType("i64"):
        raise scope.error("the trips of a scan are an i64", "type", e.inputs[0], e.origin)
    count = len(body.params)
    carried_in = (
        *range(op.constants, op.constants + op.carry),
        *range(count, count + op.linear_carry),
    )
    done = len(body.results)
    carried_out = (*range(op.carry), *range(done, done + op.linear_carry))
    fixed = {*range(op.constants), *carried_in}
    for i, (v, p) in enumerate(zip(e.inputs[lead:], params, strict=True)):
        wanted = p.type if i in fixed else stacked(p.type, op.length)
        if v.type is not wanted or v.linear != p.linear:
            raise scope.error(
                f"a scan of `{body.name}` takes {wanted!r} where {scope.name(v)} is {v.type!r}",
                "type",
                v,
                e.origin,
            )
    _carries(
        scope, e, [(params[i], results[o]) for i, o in zip(carried_in, carried_out, strict=True)]
    )
    return [
        (r.type if i in carried_out else stacked(r.type, op.length), r.linear)
        for i, r in enumerate(results)
    ]


def _carries(scope: _Scope, e: Equation, carries: list[tuple[Var, Var]]) -> None:
    """Refuse a carry that changes its type in the body."""
    for before, after in carries:
        if before.type is not after.type or before.linear != after.linear:
            raise scope.error(
                f"a carry of a loop goes into the body as {before.type!r} and comes out as {after.type!r}",
                "type",
                None,
                e.origin,
                "a carry keeps its shape and dtype in every trip: convert one of the two",
            )


def _while(scope: _Scope, e: Equation) -> Signature:
    """condition : (constants₁, carry) → bool    body : (constants₂, carry ; carry˙) → (carry, y ; carry˙, y˙)"""
    op = e.op
    assert isinstance(op, While)
    first, second = op.constants
    body = op.body
    _arity(scope, e, first + len(body.params) + len(body.linear_params), f"a loop of `{body.name}`")
    nonlinear = e.inputs[: first + len(body.params)]
    carry = nonlinear[first + second :]
    tested = _fits(scope, e, op.condition, (*nonlinear[:first], *carry))
    if tested != [(ArrayType("bool"), False)]:
        raise scope.error(
            f"the condition of a loop gives one bool, and `{op.condition.name}` gives {_types(tested)}",
            "type",
            None,
            e.origin,
            "return a comparison of scalars",
        )
    _fits(scope, e, body, e.inputs[first:])
    _carries(scope, e, list(zip(body.params[second:], body.results[: op.carry], strict=True)))
    linear = list(zip(body.linear_params, body.linear_results[: op.linear_carry], strict=True))
    _carries(scope, e, linear)
    ys = [(ListType(r.type), False) for r in body.results[op.carry :]]
    ys_dot = [(ListType(r.type), True) for r in body.linear_results[op.linear_carry :]]
    ends = [(r.type, False) for r in body.results[: op.carry]]
    ends_dot = [(r.type, True) for r in body.linear_results[: op.linear_carry]]
    return [(ArrayType("i64"), False), *ends, *ys, *ends_dot, *ys_dot]


RULES: dict[type, Callable[[_Scope, Equation], Signature]] = {
    Apply: _apply,
    Literal: _literal,
    MakeTuple: _tuple,
    Unpack: _unpack,
    Zero: _zero,
    Add: _add,
    Dup: _dup,
    Drop: _drop,
    Call: _call,
    Switch: _switch,
    Scan: _scan,
    While: _while,
}
