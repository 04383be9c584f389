"""Policies: what `unzip` keeps on the tape, and what it evaluates again.

A policy is a function of a `Site`, an early equation whose values the late half may read. It gives a `Decision`:

    keep        the values go on the tape; at a call, the callee's tape too, about which the policy is asked in the callee
    checkpoint  at a call: its results are kept, and its tape is rebuilt by calling it again
    recompute   the equation is evaluated again, for results and tape

or a bool: True to keep, False to recompute a value and to checkpoint a call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from inspect import unwrap

from lineara.errors import PlanError
from lineara.ir import Apply, Call, Equation, Function, callees_first, functions_of


class Decision(Enum):
    """What is done with the values of a site."""

    KEEP = "keep"
    CHECKPOINT = "checkpoint"
    RECOMPUTE = "recompute"


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


Policy = Callable[[Site], Decision | bool]


def decide(policy: Policy, site: Site) -> Decision:
    """What a policy says of a site.

    Raises:
        PlanError: it says neither a `Decision` nor a bool.
    """
    said = policy(site)
    if isinstance(said, Decision):
        return said
    if not isinstance(said, bool):
        raise PlanError(
            f"a policy says {said!r} of `{site.operation}` in `{site.function}`",
            origin=site.equation.origin,
            mend="return a Decision, or True to keep and False to compute again",
        )
    if said:
        return Decision.KEEP
    return Decision.CHECKPOINT if functions_of(site.equation.op) else Decision.RECOMPUTE


def check_policy(policy: object) -> None:
    """Refuse what is no policy.

    Raises:
        PlanError: it cannot be asked.
    """
    if not callable(policy):
        raise PlanError(
            f"a policy is a function of a site, not {policy!r}",
            mend="pass lineara.everything, lineara.nothing, lineara.save_names(...), a Plan or a predicate",
        )


def as_written(site: Site) -> Decision:
    """Keep everything but what the program marks: calls of `checkpoint`, and equations marked `recompute`."""
    op = site.equation.op
    if site.equation.recompute:
        return Decision.RECOMPUTE
    return Decision.CHECKPOINT if isinstance(op, Call) and op.checkpoint else Decision.KEEP


def is_chosen(function: Function, policy: Policy) -> bool:
    """Whether somebody has chosen the tape of a function: by a policy, or by marks in it."""
    return unwrap(policy) is not as_written or any(
        as_written(Site(f, (), e)) is not Decision.KEEP
        for f in callees_first(function)
        for e in f.equations
    )


def everything(site: Site) -> Decision:
    """Keep everything, whatever the program marks: the least work and the most memory."""
    return Decision.KEEP


def nothing(site: Site) -> Decision:
    """Keep arguments only: the least tape and the most work."""
    return Decision.RECOMPUTE


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
