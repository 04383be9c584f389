"""Policies: what `unzip` keeps on the tape, and what it evaluates again (paper, section 6).

A policy is any predicate on a `Site`, an early equation whose values the late half may read: True keeps the values,
False evaluates the equation again. At a call, True keeps the callee's tape, about which the policy is asked inside the
callee; False keeps the arguments only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lineara.ir import Apply, Call, Equation, Function


@dataclass(frozen=True, slots=True)
class Site:
    """A place where a policy is asked: an equation of a function, and the printed names of what it binds."""

    owner: Function
    names: tuple[str, ...]
    equation: Equation

    @property
    def function(self) -> str:
        """The name of the function."""
        return self.owner.name

    @property
    def given_names(self) -> tuple[str, ...]:
        """The names before printing numbered them, of the variables that have one."""
        return tuple([v.hint for v in self.equation.outputs if v.hint])

    @property
    def nbytes(self) -> int:
        """The bytes of all values that the equation binds."""
        return sum(v.type.nbytes for v in self.equation.outputs)

    @property
    def operation(self) -> str:
        """The name of the primitive or of the called function, or the kind of the equation."""
        match self.equation.op:
            case Apply(primitive, _):
                return primitive.name
            case Call(function, _):
                return function.name
            case other:
                return type(other).__name__.lower()


Policy = Callable[[Site], bool]


def as_written(site: Site) -> bool:
    """Keep everything but what the program marks: calls of `checkpoint`, and equations marked `recompute`."""
    op = site.equation.op
    return not (site.equation.recompute or (isinstance(op, Call) and op.checkpoint))


def everything(site: Site) -> bool:
    """Keep everything, whatever the program marks: the least work and the most memory."""
    return True


def nothing(site: Site) -> bool:
    """Keep arguments only: the least tape and the most work."""
    return False


def save_names(*names: str) -> Policy:
    """Keep the values of these names (the printed names, or those given by `lineara.name`); recompute the others."""
    wanted = frozenset(names)

    def policy(site: Site) -> bool:
        return not wanted.isdisjoint((*site.names, *site.given_names))

    return policy


def save_only(*operations: str) -> Policy:
    """Keep the results of these operations, primitives or called functions; recompute the others."""
    wanted = frozenset(operations)

    def policy(site: Site) -> bool:
        return site.operation in wanted

    return policy
