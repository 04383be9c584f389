"""The public transformations of Python functions."""

import lineara.numpy as namespace
from lineara.api.associative import associative_scan
from lineara.api.batching import vmap
from lineara.api.control import cond, switch
from lineara.api.custom import custom_jvp, custom_vjp
from lineara.api.explain import explain
from lineara.api.gradients import grad, jvp, linearize, value_and_grad, vjp
from lineara.api.implicit import custom_root, linear_solve
from lineara.api.jacobians import hessian, hvp, jacfwd, jacobian, jacrev
from lineara.api.jit import jit
from lineara.api.linear_function import linear_function
from lineara.api.linear_map import LinearMap, linear_transpose
from lineara.api.loops import fori_loop, scan, while_loop
from lineara.api.loops import map_ as map
from lineara.api.plans import plan
from lineara.api.primitives import apply
from lineara.api.profiling import profile
from lineara.api.programs import (
    PartialEval,
    Program,
    checkpoint,
    name,
    partial_eval,
    stop_gradient,
    trace,
)
from lineara.api.why import why_zero
from lineara.backends.choice import set_backend
from lineara.backends.native.threads import get_num_threads, set_num_threads
from lineara.frontend import Dispatch

Dispatch.namespace = namespace

__all__ = [
    "LinearMap",
    "PartialEval",
    "Program",
    "apply",
    "associative_scan",
    "checkpoint",
    "cond",
    "custom_jvp",
    "custom_root",
    "custom_vjp",
    "explain",
    "fori_loop",
    "get_num_threads",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "linear_function",
    "linear_solve",
    "linear_transpose",
    "linearize",
    "map",
    "name",
    "partial_eval",
    "plan",
    "profile",
    "scan",
    "set_backend",
    "set_num_threads",
    "stop_gradient",
    "switch",
    "trace",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
    "why_zero",
]
