"""Derivatives that are given, in random programs: calls with a rule, and calls that are declared to be linear.

What is given is true, so that the theorems hold for it as for what is derived: the rule of f is its derivative, or, as rules
of users often are, one that calls f under the same rule for the value. A linear function is declared with its transpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from lineara.backends.reference import evaluate
from lineara.ir import Builder, Call, Function, LinearCall, ListType, Rule, recorded_rule
from lineara.testing.values import Value
from lineara.transforms import erase, jvp, nothing, prune, transpose, unzip


def rule_of(function: Function, rng: Random) -> Rule:
    """A rule for a nonlinear function."""
    derivative = jvp(function)
    rule, give = recorded_rule(f"{function.name}.rule")
    give(derivative if rng.random() < 0.5 else _calling_itself(function, derivative, rule))
    return rule


def _calling_itself(function: Function, derivative: Function, rule: Rule) -> Function:
    builder = Builder(f"{function.name}.rule", function.origin)
    params = [builder.param(v.type) for v in function.params]
    tangents = [builder.param(v.type, linear=True) for v in derivative.linear_params]
    results, _ = builder.call(function, params, rule=rule)
    _, dots = builder.call(derivative, params, tangents)
    return builder.finish(results, dots)


def declared_linear(
    function: Function, args: Sequence[Value], rng: Random
) -> tuple[LinearCall, list[Value]] | None:
    """The linear half of a mixed function as a declaration, and its coefficients at arguments.

    None if it has no linear parameters or results, or coefficients that are lists.
    """
    keep = (*(False for _ in function.results), *(True for _ in function.linear_results))
    halves = unzip(prune(function, keep), nothing)
    linear = halves.linear
    if any(isinstance(t, ListType) for t in halves.tape) or not (
        linear.linear_params and linear.linear_results
    ):
        return None
    forward, backward = (_declared(f, rng) for f in (linear, transpose(linear)))
    return LinearCall(forward, backward), list(evaluate(halves.nonlinear, args))


def _declared(linear: Function, rng: Random) -> Call:
    function = erase(linear)
    return Call(function, rule=rule_of(function, rng) if rng.random() < 0.3 else None)
