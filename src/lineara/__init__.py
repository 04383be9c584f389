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
    cond,
    fori_loop,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    linear_transpose,
    linearize,
    map,
    name,
    partial_eval,
    plan,
    scan,
    stop_gradient,
    switch,
    trace,
    value_and_grad,
    vjp,
    vmap,
    while_loop,
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
    "cond",
    "everything",
    "fori_loop",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "linear_transpose",
    "linearize",
    "map",
    "name",
    "nothing",
    "partial_eval",
    "plan",
    "save_names",
    "save_only",
    "scan",
    "stop_gradient",
    "switch",
    "trace",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
]
