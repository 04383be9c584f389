"""The checker of Linear A: one function per typing rule.

`check` accepts a function and all that it calls, or raises the first `LinearTypeError`: linear variables are used exactly
once, non-linear ones at least once, and no non-linear result depends on a linear value.
"""

from __future__ import annotations

from lineara.errors import LinearaError, LinearTypeError
from lineara.ir import Equation, Function, reachable
from lineara.typecheck import control, rules
from lineara.typecheck.rules import no_array
from lineara.typecheck.scope import Rule, Scope, Signature

__all__ = ["RULES", "check", "no_array", "signature_of"]

RULES: dict[type, Rule] = rules.RULES | control.RULES


def check(function: Function) -> Function:
    """Check a function, all that it calls and the rules that are there; returns the function.

    Raises:
        LinearTypeError: names the variable, the rule that it breaks, the place and the mend.
    """
    for f in reachable(function, made=True):
        _check(f)
    return function


def _check(f: Function) -> None:
    scope = Scope(f)
    scope.bind(f.params, False, f.origin)
    scope.bind(f.linear_params, True, f.origin)
    for e in f.equations:
        scope.use(e.inputs, e.origin)
        scope.outputs(e, _signature(scope, e))
    scope.results(f.results, False)
    scope.results(f.linear_results, True)
    if scope.unused:
        scope.unused_error()


def signature_of(function: Function, equation: Equation) -> Signature:
    """What an equation of a function gives, by its typing rule.

    Raises:
        LinearTypeError: as `check`, of the operands alone.
    """
    return _signature(Scope(function), equation)


def _signature(scope: Scope, e: Equation) -> Signature:
    try:
        return RULES[type(e.op)](scope, e)
    except LinearTypeError:
        raise
    except LinearaError as error:
        raise scope.error(error.problem, "type", None, e.origin, error.mend) from None
