"""The environment of the checker: what a function has bound, what is still to be used, and the errors of both."""

from __future__ import annotations

from collections.abc import Callable

from lineara.errors import LinearTypeError, Origin
from lineara.ir import Equation, Function, Type, Var
from lineara.ir.names import variable_names

Signature = list[tuple[Type, bool]]
"""Types of outputs, and whether each is linear."""

Rule = Callable[["Scope", Equation], Signature]
"""What an equation gives, if its operands are right."""


class Scope:
    """The environment of one function: what is bound, and what is still to be used."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.bound: set[Var] = set()
        self.unused: dict[Var, Origin | None] = {}

    def bind(self, variables: tuple[Var, ...], linear: bool, origin: Origin | None) -> None:
        """Bind variables in a zone."""
        for v in variables:
            if v.linear != linear:
                zone = "linear" if linear else "nonlinear"
                problem = f"{self.name(v)} is bound in the {zone} zone"
                raise self.error(problem, "zone", v, origin, "bind it in its own")
            self.bind_one(v, origin)

    def bind_one(self, v: Var, origin: Origin | None) -> None:
        """Bind a variable, which is to be used then."""
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
        """Use variables: a linear one once, any other as often as it is read."""
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
        """Bind what an equation gives."""
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
        """Use the results of a zone."""
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
        """Refuse the function for the first variable that nothing used."""
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
        """The error of an output that is bound in the other zone."""
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
        """The error of a linear value in the nonlinear zone."""
        return self.error(
            f"the linear value {self.name(v)} leaks into a nonlinear result",
            "leaks",
            v,
            origin,
            "bind or return it right of the `;`: nothing nonlinear may depend on a linear value",
        )

    def name(self, v: Var) -> str:
        """A variable as it is printed, in quotes."""
        return f"`{variable_names(self.function).get(v, v.hint or '?')}`"

    def error(
        self, problem: str, rule: str, v: Var | None, origin: Origin | None, mend: str = ""
    ) -> LinearTypeError:
        """A broken rule, in this function."""
        return LinearTypeError(
            f"{problem} (in `{self.function.name}`)",
            rule=rule,
            variable=self.name(v).strip("`") if v is not None else "",
            origin=origin,
            mend=mend,
        )


def arity(scope: Scope, e: Equation, count: int, what: str) -> None:
    """Refuse another number of operands."""
    if len(e.inputs) != count:
        raise scope.error(
            f"{what} takes {count} operand{'s' * (count != 1)}, not {len(e.inputs)}",
            "arity",
            None,
            e.origin,
            "give it as many as it takes",
        )


def one_zone(scope: Scope, e: Equation, what: str) -> bool:
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
