"""lineara: derivatives of NumPy programs, by linearizing once and transposing.

Read the package in this order: `ir` (the language), `typecheck` and `cost`, `primitives` (the table), `transforms` (jvp,
unzip, transpose, erase), `optimize`, `pipeline` (the stages), `frontend` (NumPy programs), `api` (what is named here),
`cli`.
"""

from lineara.api import (
    LinearMap,
    PartialEval,
    Program,
    checkpoint,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linear_transpose,
    linearize,
    name,
    partial_eval,
    plan,
    stop_gradient,
    trace,
    value_and_grad,
    vjp,
)
from lineara.errors import LinearaError
from lineara.ir import ArrayType, Function, TupleType
from lineara.transforms.plan import Plan
from lineara.transforms.policy import as_written, everything, nothing, save_names, save_only

__version__ = "0.1.0"

__all__ = [
    "ArrayType",
    "Function",
    "LinearMap",
    "LinearaError",
    "PartialEval",
    "Plan",
    "Program",
    "TupleType",
    "as_written",
    "checkpoint",
    "everything",
    "grad",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linear_transpose",
    "linearize",
    "name",
    "nothing",
    "partial_eval",
    "plan",
    "save_names",
    "save_only",
    "stop_gradient",
    "trace",
    "value_and_grad",
    "vjp",
]
