"""The plan of a gradient: what its tape keeps, to be read, edited and given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lineara import pipeline
from lineara.api.arguments import Argnums, split
from lineara.api.record import record
from lineara.ir import has_tangent
from lineara.transforms import Plan, Policy, as_written, plan_of


def plan(
    f: Callable[..., Any], *args: Any, argnums: Argnums = 0, policy: Policy = as_written
) -> Plan:
    """What the tape of a gradient keeps, and what is computed again, line by line.

    Args:
        f: a function as for `grad`; its result need not be a scalar.
        args: its arguments, of which only shapes and dtypes count (unless `f` branches on values).
        argnums: which arguments are differentiated, as for `grad`.
        policy: what makes the choices; a `Plan` is one, so that an edited plan can be looked at again.

    Returns:
        A `Plan` with the costs `tape_bytes` and `extra_work`. `grad(f, policy=plan)` follows it.

    Raises:
        PlanError: if the policy is a plan for another function.

    Source: Radul et al., POPL 2023, on checkpointing.

    >>> import numpy as np
    >>> import lineara
    >>> less = lineara.plan(lambda x: np.exp(np.sin(x)), 1.0, policy=lineara.nothing)
    >>> less.tape_bytes, lineara.Plan.parse(str(less)) == less
    (8, True)
    >>> float(lineara.grad(lambda x: np.exp(np.sin(x)), policy=less)(0.0))
    1.0
    """
    arguments = split(f, argnums, args, {}, "plan")
    recorded = record(f, arguments.leaves, arguments.rebuild, hints=arguments.hints)
    wrt = (True,) * len(arguments.leaves) + (False,) * len(recorded.captured)
    tangents = sum(has_tangent(v.type) for v in recorded.function.results)
    request = pipeline.Request(wrt, outputs=tangents)
    (derivative,) = pipeline.run(recorded.function, request, "simplify")
    if isinstance(policy, Plan):
        policy.check(derivative)
    return plan_of(derivative, policy)
