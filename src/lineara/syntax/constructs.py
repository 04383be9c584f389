"""Switches, scans, loops and calls that are declared linear: the functions that they run, and the groups of their operands."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lark import Token

from lineara.ir import Call, Function, LinearCall, Scan, Switch, Var, While
from lineara.primitives import REGISTRY
from lineara.syntax.scope import Scope, Values
from lineara.syntax.tree import Construct


class _Group(NamedTuple):
    """Operands of both zones."""

    left: tuple[Var, ...] = ()
    right: tuple[Var, ...] = ()

    @property
    def counts(self) -> tuple[int, int]:
        return len(self.left), len(self.right)

    def __or__(self, other: _Group) -> _Group:
        return _Group(self.left + other.left, self.right + other.right)


def construct(scope: Scope, e: Construct, operands: list[Var]) -> Values:
    """What a construct gives, its equation emitted."""
    functions = [_function(scope, at) for at in e.functions]
    rest = iter(operands)
    lead = tuple([next(rest) for _ in range(len(operands) - sum(map(sum, e.groups)))])
    groups = [
        _Group(tuple([next(rest) for _ in range(left)]), tuple([next(rest) for _ in range(right)]))
        for left, right in e.groups
    ]
    return _RULES[e.at.type](scope, e, functions, lead, groups)


def _function(scope: Scope, at: Token) -> Function:
    if at in REGISTRY:
        raise scope.error(
            f"`{at}` is a primitive, not a function",
            "type",
            at,
            "define a function that applies it",
        )
    return scope.callee(at)


def _switch(
    scope: Scope, e: Construct, branches: list[Function], index: Values, groups: list[_Group]
) -> Values:
    (given,) = groups
    for at, branch in zip(e.functions, branches, strict=True):
        scope.fits(branch, given.counts, at)
    return scope.emitted(Switch(tuple(branches)), (*index, *given.left, *given.right))


def _scan(
    scope: Scope, e: Construct, bodies: list[Function], trips: Values, groups: list[_Group]
) -> Values:
    constants, carry, stacks = groups
    _are_nonlinear(scope, constants, e.functions[0])
    given = constants | carry | stacks
    scope.fits(bodies[0], given.counts, e.functions[0])
    counts = len(constants.left), *carry.counts
    op = Scan(bodies[0], e.length, *counts, "backward" in e.marks, "planned" in e.marks)
    return scope.emitted(op, (*trips, *given.left, *given.right))


def _while(
    scope: Scope, e: Construct, functions: list[Function], _: Values, groups: list[_Group]
) -> Values:
    condition, body = functions
    tested, constants, carry = groups
    for group, at in zip((tested, constants), e.functions, strict=True):
        _are_nonlinear(scope, group, at)
    scope.fits(condition, (tested | _Group(carry.left)).counts, e.functions[0])
    scope.fits(body, (constants | carry).counts, e.functions[1])
    counts = (len(tested.left), len(constants.left)), *carry.counts
    given = tested | constants | carry
    return scope.emitted(While(condition, body, *counts), (*given.left, *given.right))


def _linear(
    scope: Scope, e: Construct, functions: list[Function], _: Values, groups: list[_Group]
) -> Values:
    (given,) = groups
    if len(functions) > 2:
        raise scope.mistake(
            "a linear call has a function and its transpose", e.functions[2], "leave the others out"
        )
    scope.fits(functions[0], (sum(given.counts), 0), e.functions[0])
    rules = [None if at is None else scope.rule(at) for at in e.rules]
    calls = [Call(f, rule=rule) for f, rule in zip(functions, rules, strict=True)]
    op = LinearCall(calls[0], calls[1] if len(calls) > 1 else None)
    return scope.emitted(op, (*given.left, *given.right))


def _are_nonlinear(scope: Scope, constants: _Group, at: Token) -> None:
    if constants.right:
        raise scope.error(
            f"the constants of `{at}` are nonlinear",
            "zone",
            at,
            "a linear value that every trip reads is carried through the loop: from (… ; u)",
        )


_RULES: dict[str, Callable[[Scope, Construct, list[Function], Values, list[_Group]], Values]] = {
    "LINEAR": _linear,
    "SWITCH": _switch,
    "SCAN": _scan,
    "WHILE": _while,
}
