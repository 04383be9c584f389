"""Implicit differentiation: the derivative of a solution, from that of the equation that it solves.

    A(c) x = b          ẋ = A(c)⁻¹ (ḃ − Ȧ x)
    f(c, x) = 0         ẋ = −(∂f/∂x)⁻¹ (∂f/∂c) ċ

How a solution is found is not looked into: it is a function that is declared to be linear in the right-hand side, with another
one for its transpose. The rule of a solution uses the solution under the same rule, so that all orders are there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lineara.ir import Builder, Call, Function, LinearCall, Rule, Type, Var, has_tangent
from lineara.primitives import Expr
from lineara.primitives.arithmetic import neg
from lineara.transforms.erase import erase
from lineara.transforms.jvp import jvp
from lineara.transforms.transpose import transpose


def solution(matvec: Function, solve: Function, transpose_solve: Function | None) -> LinearCall:
    """The solution of linear systems, with derivative rules for it and for its transpose.

        matvec : (c̄ ; v̄) → ( ; Av̄)      solve : (c̄, b̄) → x̄ with A x̄ = b̄      transpose_solve : the same for Aᵀ

    A system whose `transpose_solve` is `solve` itself is symmetric.
    """
    made: list[LinearCall] = []
    given = (matvec, solve) if transpose_solve is None else (matvec, solve, transpose_solve)
    rule = _rule(solve, "linear solve", given, lambda: _of_solution(matvec, made[0]))
    forward = Call(solve, rule=rule)
    if transpose_solve is None or transpose_solve is solve:
        made.append(LinearCall(forward, None if transpose_solve is None else forward))
        return made[0]

    def transposed() -> Function:
        back = made[0].backward
        assert back is not None
        return _of_solution(transpose(matvec), LinearCall(back, forward))

    rule = _rule(transpose_solve, "transposed linear solve", given, transposed)
    made.append(LinearCall(forward, Call(transpose_solve, rule=rule)))
    return made[0]


def _rule(
    function: Function, how: str, made_of: Sequence[Function], make: Callable[[], Function]
) -> Rule:
    wrt = [has_tangent(p.type) for p in function.params]
    return Rule(f"{function.name}.rule", wrt, make, how, made_of)


class _Derivative(Builder):
    """The derivative of a function under construction: fresh parameters, and their tangents where they have one."""

    def __init__(self, name: str, types: Sequence[Type], hints: Sequence[str]) -> None:
        super().__init__(name)
        for t, h in zip(types, hints, strict=True):
            self.param(t, hint=h)
        self.tangents: dict[Var, Var] = {
            v: self.param(v.type, linear=True, hint=f"{v.hint}_dot" if v.hint else "")
            for v in self.params
            if has_tangent(v.type)
        }

    def change(self, function: Function, args: Sequence[Var], moving: Sequence[Var]) -> list[Var]:
        """The tangents of a function's results when, of the arguments, these move; nothing when none of them can."""
        wrt = tuple([v in moving and v in self.tangents for v in args])
        if not any(wrt):
            return []
        x_dot = [self.tangents[v] for v, on in zip(args, wrt, strict=True) if on]
        _, y_dot = self.call(jvp(function, wrt), args, x_dot)
        return list(y_dot)


def _derivative(function: Function) -> _Derivative:
    params = function.params
    return _Derivative(f"{function.name}.rule", [p.type for p in params], [p.hint for p in params])


def _of_solution(matvec: Function, op: LinearCall) -> Function:
    """(c̄, b̄ ; ċ, ḃ) → (x̄ ; ẋ) of the system that `op` solves."""
    builder = _derivative(op.forward.function)
    count = len(op.forward.function.params) - len(matvec.linear_params)
    c, b = builder.params[:count], builder.params[count:]
    x = builder.emit(op.forward, builder.params, [Var(v.type, hint="x") for v in b])
    rest = [builder.tangents[v] for v in b]
    moved = builder.change(erase(matvec), [*c, *x], c)
    if moved:
        pairs = zip(rest, moved, strict=True)
        rest = [(Expr(builder, r) - Expr(builder, m)).var for r, m in pairs]
    x_dot = [Var(v.type, linear=True, hint="x_dot") for v in x]
    return builder.finish(x, builder.emit(op, [*c, *rest], x_dot))


def root(f: Function, linearized: Function, count: int, op: LinearCall) -> Call:
    """The root of a function, attached to where it was found: a call (x̄, c̄, ō) → x̄.

        f : (x̄, c̄) → f(x̄)      linearized : (x̄, c̄) → (f(x̄), tape)      op solves ∂f/∂x ẋ = ḃ, of coefficients (tape, ō)

    `count` counts the x̄. The tangents of the place where it was found, and of the solver's own ō, do not matter.
    """
    own = op.forward.function.params[len(linearized.results) - count : -count]
    builder = Builder(f"{f.name}.root", f.origin)
    params = [builder.param(v.type, hint=v.hint) for v in (*f.params, *own)]
    found = builder.finish(params[:count])
    made: list[Call] = []
    rule = _rule(
        found,
        f"root of {count}",
        [f, linearized, *[c.function for c in op.calls]],
        lambda: _of_root(f, linearized, made[0], count, op),
    )
    made.append(Call(found, rule=rule))
    return made[0]


def _of_root(
    f: Function, linearized: Function, found: Call, count: int, op: LinearCall
) -> Function:
    """(x̄, c̄, ō ; …, ċ, …) → (x̄ ; ẋ)"""
    builder = _derivative(found.function)
    params = builder.params
    x = builder.emit(found, params, [Var(v.type, hint="x") for v in params[:count]])
    c, own = params[count : len(f.params)], params[len(f.params) :]
    moved = builder.change(f, [*x, *c], c)
    if not moved:
        return builder.finish(x, [builder.zero(v.type) for v in x])
    results, _ = builder.call(linearized, [*x, *c])
    x_dot = [Var(v.type, linear=True) for v in x]
    solved = builder.emit(op, [*results[count:], *own, *moved], x_dot)
    return builder.finish(x, [neg(Expr(builder, v)).var for v in solved])


def constant(function: Function) -> Call:
    """A call whose results are constant to derivatives."""

    def make() -> Function:
        builder = _derivative(function)
        results, _ = builder.call(function, builder.params)
        zeros = [builder.zero(v.type) for v in results if has_tangent(v.type)]
        return builder.finish(results, zeros)

    return Call(function, rule=_rule(function, "constant", [function], make))
