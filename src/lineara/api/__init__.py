"""The public transformations of Python functions."""

import lineara.frontend  # noqa: F401  (gives traced arrays their tables)
from lineara.api.gradients import grad, jvp, linearize, value_and_grad, vjp
from lineara.api.jacobians import hessian, jacfwd, jacrev
from lineara.api.linear_map import LinearMap, linear_transpose
from lineara.api.plans import plan
from lineara.api.programs import (
    PartialEval,
    Program,
    checkpoint,
    name,
    partial_eval,
    stop_gradient,
    trace,
)

__all__ = [
    "LinearMap",
    "PartialEval",
    "Program",
    "checkpoint",
    "grad",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linear_transpose",
    "linearize",
    "name",
    "partial_eval",
    "plan",
    "stop_gradient",
    "trace",
    "value_and_grad",
    "vjp",
]
