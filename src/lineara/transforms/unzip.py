"""Unzipping: partial evaluation, and the choice of what to keep.

    def f.jvp(x: f64 ; x_dot: f64) -> (f64 ; f64) =
      let y = sin(x)
      let c = cos(x)
      let (; y_dot) = c *. x_dot
      (y ; y_dot)

    def f.jvp.nonlin(x: f64) -> (f64, f64) =        def f.jvp.lin(c: f64 ; x_dot: f64) -> ( ; f64) =
      let y = sin(x)                                  let (; y_dot) = c *. x_dot
      let c = cos(x)                                  ( ; y_dot)
      (y, c)

Nothing here knows about derivatives. An equation is late when it reads something late: linear, or one of the parameters
that `partial_eval` declares unknown. The early values that late equations read are the residuals. Each is kept on the tape,
or the equation that made it is evaluated again in the late half, as the policy says.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from lineara.ir import (
    Builder,
    Call,
    Drop,
    Equation,
    Function,
    LinearCall,
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
    functions_of,
    memoised,
)
from lineara.ir.names import variable_names
from lineara.transforms.demand import Demand
from lineara.transforms.loop import split_while
from lineara.transforms.policy import Decision, Policy, Site, as_written, check_policy, decide
from lineara.transforms.prune import prune
from lineara.transforms.scan import split_scan
from lineara.transforms.switch import split_switch

Mask = tuple[bool, ...]
Packs = dict[Var, tuple[Var, ...]]


@dataclass(frozen=True, slots=True)
class Halves:
    """The two halves of a function, and what passes between them.

        early : early params → (early results, tape)      late : (tape, late params ; linear params) → late results

    `late_results` says which of the function's (nonlinear) results the late half gives.
    """

    early: Function
    late: Function
    tape: tuple[Type, ...]
    late_results: Mask

    @property
    def nonlinear(self) -> Function:
        """The early half, as unzipping calls it."""
        return self.early

    @property
    def linear(self) -> Function:
        """The late half, as unzipping calls it."""
        return self.late

    @property
    def tape_bytes(self) -> int:
        """The bytes of the tape."""
        return sum(t.nbytes for t in self.tape)


def unzip(function: Function, policy: Policy = as_written) -> Halves:
    """Split a mixed function into a nonlinear half and a linear half.

        f : (x̄ ; ẋ̄) → (ȳ ; ẏ̄)      nonlinear : x̄ → (ȳ, tape)      linear : (tape ; ẋ̄) → ( ; ẏ̄)

    The tape is what the linear half reads; `policy` says which of it is kept and which is computed again.
    """
    check_policy(policy)
    return _split(function, (False,) * len(function.params), policy, ("nonlin", "lin"))


def partial_eval(function: Function, known: Mask, policy: Policy = as_written) -> Halves:
    """Split a function by what is known early: `known` marks the (nonlinear) parameters.

    The early half takes the known parameters, the late half the tape and the others. No linearity is needed.
    """
    check_policy(policy)
    late = tuple([not k for k in known])
    return _split(function, late, policy, ("known", "unknown"))


@memoised
def _split(
    function: Function, late_params: Mask, policy: Policy, names: tuple[str, str]
) -> Generator[Any, Any, Halves]:
    late = {v for v, is_late in zip(function.params, late_params, strict=True) if is_late}
    late.update(function.linear_params)
    early_equations: list[Equation] = []
    late_equations: list[Equation] = []
    tapes: list[tuple[Var, ...]] = []
    for e in function.equations:
        if _is_mixed(e, late):
            first, second = yield from _split_equation(e, late, (policy, names))
            early_equations.append(first)
            tapes.append(tuple([v for v in first.outputs if v not in e.outputs]))
            late_equations.append(second)
            late.update(second.outputs)
        elif isinstance(e.op, Zero) or not late.isdisjoint(e.inputs):
            late_equations.append(e)
            late.update(e.outputs)
        else:
            early_equations.append(e)
    split = _Split(function, late, early_equations, late_equations, tapes, names)
    return split.halves(policy)


def _is_mixed(e: Equation, late: set[Var]) -> bool:
    """Whether the equation runs functions that may have an early and a late half."""
    if isinstance(e.op, LinearCall) or (isinstance(e.op, Call) and e.op.rule is not None):
        return False
    functions = functions_of(e.op)
    waits = not late.isdisjoint(e.inputs) or any([f.linear_results for f in functions])
    if isinstance(e.op, Switch | Scan | While) and any(
        [v in late for v in e.inputs if not v.linear]
    ):
        return False
    return bool(functions) and waits


def _split_equation(
    e: Equation, late: set[Var], key: tuple[Any, ...]
) -> Generator[Any, Any, tuple[Equation, Equation]]:
    """The early and the late half of an equation that runs functions."""
    match e.op:
        case Call(callee):
            masks = tuple([v in late for v in e.inputs[: len(callee.params)]])
            halves = yield callee, masks, *key
            return _split_call(e, e.op, halves, late)
        case Switch():
            halves = yield from split_switch(e, e.op, key)
        case Scan():
            halves = yield from split_scan(e, e.op, key)
        case While():
            halves = yield from split_while(e, e.op, key)
        case _:
            raise AssertionError(f"{e.op} runs no functions")
    early, late_half = halves
    return early, late_half


def _split_call(e: Equation, op: Call, halves: Halves, late: set[Var]) -> tuple[Equation, Equation]:
    """`g(x̄ ; ẋ̄)` becomes `g.nonlin(x̄)`, whose tape joins ours, and `g.lin(tape ; ẋ̄)`."""
    callee = op.function
    params = (*callee.params, *callee.linear_params)
    early_in = [v for v, p in zip(e.inputs, params, strict=True) if v not in late and not p.linear]
    late_in = [v for v, p in zip(e.inputs, params, strict=True) if v in late or p.linear]
    is_late = (*halves.late_results, *(True for _ in callee.linear_results))
    early_out = [v for v, wait in zip(e.outputs, is_late, strict=True) if not wait]
    late_out = [v for v, wait in zip(e.outputs, is_late, strict=True) if wait]
    tape = [Var(t) for t in halves.tape]

    def call(function: Function, inputs: list[Var], outputs: list[Var]) -> Equation:
        return Equation(
            Call(function, op.checkpoint),
            tuple(inputs),
            tuple(outputs),
            e.origin,
            recompute=e.recompute,
        )

    early = call(halves.early, early_in, early_out + tape)
    return early, call(halves.late, tape + late_in, late_out)


class _Split:
    """One function, its equations sorted into early and late; what remains is to choose the tape."""

    def __init__(
        self,
        function: Function,
        late: set[Var],
        early_equations: list[Equation],
        late_equations: list[Equation],
        tapes: list[tuple[Var, ...]],
        names: tuple[str, str],
    ) -> None:
        self.function = function
        self.late = late
        self.early_equations = early_equations
        self.late_equations = late_equations
        self.tapes = tapes
        self.names = names

    def halves(self, policy: Policy) -> Halves:
        kept, again = self._choose(policy)
        packs = self._packs(kept)
        first = {inside[0]: pack for pack, inside in packs.items()}
        gone = {v for inside in packs.values() for v in inside[1:]}
        tape = [first.get(v, v) for v in kept if v not in gone]
        late_results = tuple([v in self.late for v in self.function.results])
        return Halves(
            self._early(kept, tape, packs, again),
            self._late(tape, packs, again),
            tuple([v.type for v in tape]),
            late_results,
        )

    def _packs(self, kept: list[Var]) -> Packs:
        """The kept tapes of callees, each as one tuple, so that no interface grows with the depth of calls."""
        known = set(kept)
        return {
            Var(TupleType(tuple([v.type for v in tape]))): tape
            for tape in self.tapes
            if len(tape) > 1 and known.issuperset(tape)
        }

    def _choose(self, policy: Policy) -> tuple[list[Var], list[Equation]]:
        """The residuals that are kept, and the equations that are evaluated again, both in program order.

        A literal is no residual: both halves have it.
        What an equation binds besides the function's own variables is the tape of what it calls.
        """
        needed = {v for e in self.late_equations for v in e.inputs if v not in self.late}
        own: dict[Var, str] = {}
        again: list[Equation] = []
        for e in reversed(self.early_equations):
            if needed.isdisjoint(e.outputs):
                continue
            if isinstance(e.op, Literal):
                again.append(e)
                needed.difference_update(e.outputs)
                continue
            own = own or variable_names(self.function)
            shown = tuple([own[v] for v in e.outputs if v in own])
            decision = decide(policy, Site(self.function, shown, e))
            if decision is Decision.KEEP:
                continue
            tape_only = decision is Decision.CHECKPOINT and functions_of(e.op)
            redone = needed.intersection([v for v in e.outputs if not tape_only or v not in own])
            if redone:
                again.append(_restricted(e, redone).again())
                needed -= redone
                needed.update(e.inputs)
        bound = [*self.function.params, *(v for e in self.early_equations for v in e.outputs)]
        return [v for v in bound if v in needed], again[::-1]

    def _early(
        self, kept: list[Var], tape: list[Var], packs: Packs, again: Sequence[Equation]
    ) -> Function:
        """The early half: what was early, less what only the late half evaluates now."""
        results = [v for v in self.function.results if v not in self.late]
        builder = Builder(f"{self.function.name}.{self.names[0]}", self.function.origin)
        builder.params = [v for v in self.function.params if v not in self.late]
        builder.equations = self._remaining({*results, *kept}, again)
        for pack, inside in packs.items():
            builder.emit(MakeTuple(), inside, [pack])
        return builder.finish([*results, *tape])

    def _remaining(self, needed: set[Var], again: Sequence[Equation]) -> list[Equation]:
        """The early equations, less those that are evaluated again and read by nothing early."""
        optional = {v for e in again for v in e.outputs}
        literals = {e.outputs[0] for e in again if isinstance(e.op, Literal)}
        kept: list[Equation] = []
        gone: set[Var] = set()
        for e in reversed(self.early_equations):
            if not optional.isdisjoint(e.outputs):
                if needed.isdisjoint(e.outputs):
                    gone.update(e.outputs)
                    continue
                whole, e = e, _restricted(e, needed)
                gone.update(set(whole.outputs).difference(e.outputs))
            kept.append(e)
            if not isinstance(e.op, Drop) or literals.issuperset(e.inputs):
                needed.update(e.inputs)
        return [e for e in reversed(kept) if gone.isdisjoint(e.inputs)]

    def _late(self, tape: list[Var], packs: Packs, again: Sequence[Equation]) -> Function:
        """The late half: what was late, each recomputation just before the first equation that reads it."""
        builder = Builder(f"{self.function.name}.{self.names[1]}", self.function.origin)
        builder.params = tape + [v for v in self.function.params if v in self.late]
        builder.linear_params = list(self.function.linear_params)
        unpacked = [Equation(Unpack(), (pack,), inside) for pack, inside in packs.items()]
        demand = Demand(builder, [*unpacked, *again])
        for e in self.late_equations:
            demand.define(e.inputs)
            builder.append(e)
        results = [v for v in self.function.results if v in self.late]
        return builder.finish(results, self.function.linear_results)


def _restricted(e: Equation, needed: set[Var]) -> Equation:
    """An equation that runs functions for no more than what is needed; any other as it is.

    A loop gives its trips and carries even so, under other names: it may be evaluated beside the whole equation.
    """
    if not functions_of(e.op) or needed.issuperset(e.outputs):
        return e
    results = tuple([v for v in e.outputs if v in needed])
    whole = Function("", tuple(dict.fromkeys(e.inputs)), (), (e,), results, ())
    found = next(x for x in prune(whole).equations if not needed.isdisjoint(x.outputs))
    outputs = [v if v in needed else Var(v.type, linear=v.linear) for v in found.outputs]
    return Equation(found.op, found.inputs, tuple(outputs), e.origin, recompute=e.recompute)
