"""The pipeline: every stage from a function to its gradient, as one list of named data.

The API, the command line, the documentation and the tests iterate over `STAGES`; there is no second path through the
transformations. The checker runs over what each stage gives.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from lineara.errors import TransformError
from lineara.ir import (
    Apply,
    ArrayType,
    Builder,
    Function,
    callees_first,
    collector_paused,
    reachable,
)
from lineara.optimize import dead_code, joined_scalings, late_broadcasts, zeros
from lineara.transforms import Plan, Policy, as_written, erase, jvp, prune, transpose, unzip
from lineara.typecheck import check


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the pipeline.

    wrt      which parameters are differentiated; None: all that have tangents
    outputs  how many of the results, from the first, are differentiated; None: all that have tangents
    policy   what `unzip` keeps
    """

    wrt: tuple[bool, ...] | None = None
    outputs: int | None = None
    policy: Policy = as_written


Functions = tuple[Function, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: a name, its law, and how it makes its functions of those of the stage before."""

    name: str
    law: str
    run: Callable[[Functions, Request], Functions]


def _jvp(functions: Functions, request: Request) -> Functions:
    (function,) = functions
    derivative = jvp(prune(function), request.wrt)
    if request.outputs is None:
        return (derivative,)
    linear = [i < request.outputs for i in range(len(derivative.linear_results))]
    return (prune(derivative, (*(True for _ in derivative.results), *linear)),)


def _simplify(functions: Functions, request: Request) -> Functions:
    (derivative,) = functions
    return (late_broadcasts(zeros(dead_code(derivative))),)


def _unzip(functions: Functions, request: Request) -> Functions:
    (derivative,) = functions
    if isinstance(request.policy, Plan):
        request.policy.check(derivative)
    halves = unzip(derivative, request.policy)
    return halves.nonlinear, halves.linear


def _transpose(functions: Functions, request: Request) -> Functions:
    nonlinear, linear = functions
    return nonlinear, joined_scalings(transpose(linear))


def _vjp(functions: Functions, request: Request) -> Functions:
    """The two halves called one after the other, still linear in the cotangents."""
    nonlinear, transposed = functions
    builder = Builder(_renamed(nonlinear, "vjp"), nonlinear.origin)
    builder.params = list(nonlinear.params)
    results, _ = builder.call(nonlinear, builder.params)
    y_bar = [builder.param(v.type, linear=True, hint=v.hint) for v in transposed.linear_params]
    count = len(results) - len(transposed.params)
    _, x_bar = builder.call(transposed, results[count:], y_bar)
    return (builder.finish(results[:count], x_bar),)


def _grad(functions: Functions, request: Request) -> Functions:
    """The vjp of a scalar result at cotangent 1, erased."""
    vjp = erase(functions[0])
    count = len(functions[0].params)
    builder = Builder(vjp.name.removesuffix(".vjp") + ".grad", vjp.origin)
    builder.params = list(vjp.params[:count])
    seeds = []
    for v in vjp.params[count:]:
        if not isinstance(v.type, ArrayType) or v.type.shape != ():
            raise TransformError(
                f"the gradient of a result of type {v.type!r} is not defined",
                mend="differentiate a function with one scalar result, or use vjp or a Jacobian",
                origin=vjp.origin,
            )
        seeds.append(builder.literal(1, v.type))
    results, _ = builder.call(vjp, [*builder.params, *seeds])
    return (builder.finish(results),)


def _renamed(nonlinear: Function, suffix: str) -> str:
    return f"{nonlinear.name.removesuffix('.jvp.nonlin')}.{suffix}"


STAGES: tuple[Stage, ...] = (
    Stage("source", "f : x̄ → ȳ", lambda functions, request: functions),
    Stage("jvp", "f.jvp : (x̄ ; ẋ̄) → (ȳ ; ẏ̄)", _jvp),
    Stage("simplify", "f.jvp without dead code and linear zeros, its broadcasts late", _simplify),
    Stage("unzip", "f.jvp.nonlin : x̄ → (ȳ, tape)   f.jvp.lin : (tape ; ẋ̄) → ( ; ẏ̄)", _unzip),
    Stage("transpose", "f.jvp.lin.T : (tape ; ȳ̈) → ( ; ẍ̄)", _transpose),
    Stage("vjp", "f.vjp : (x̄ ; ȳ̈) → (ȳ ; ẍ̄)", _vjp),
    Stage("grad", "f.grad : x̄ → (ȳ, ẍ̄), the vjp at cotangent 1, erased", _grad),
)

STAGE_NAMES = tuple(stage.name for stage in STAGES)


class _Cache:
    """What the stages gave, the least recently used forgotten beyond a number of equations."""

    def __init__(self, equations: int) -> None:
        self.room = equations
        self.entries: OrderedDict[tuple[Function, Request, str], Functions] = OrderedDict()
        self.lock = Lock()

    def get(self, key: tuple[Function, Request, str]) -> Functions | None:
        with self.lock:
            if key in self.entries:
                self.entries.move_to_end(key)
            return self.entries.get(key)

    def put(self, key: tuple[Function, Request, str], functions: Functions) -> None:
        if _is_transient(key[0]):
            return
        with self.lock:
            if key not in self.entries:
                self.entries[key] = functions
                self.room -= _equations(functions)
            while self.room < 0 and len(self.entries) > 1:
                _, old = self.entries.popitem(last=False)
                self.room += _equations(old)

    def clear(self) -> None:
        with self.lock:
            self.room += sum(map(_equations, self.entries.values()))
            self.entries.clear()


def _is_transient(function: Function) -> bool:
    """Whether a function, or a rule of it, applies a record that is made for one run."""
    operations = [e.op for f in reachable(function, made=True) for e in f.equations]
    return any([isinstance(op, Apply) and op.primitive.transient for op in operations])


def _equations(functions: Functions) -> int:
    return sum(len(f.equations) for f in callees_first(*functions))


cache = _Cache(equations=500_000)
"""What `run` remembers, by the content of programs."""


def run(function: Function, request: Request, last: str) -> Functions:
    """The functions of a stage; all stages before it run, each checked, once for each program and request.

    Raises:
        TransformError: if a stage does not take the function.
        PlanError: if the policy is a plan for another function.
    """
    key = function, request, last
    found = cache.get(key)
    if found is not None:
        return found
    number = STAGE_NAMES.index(last)
    before = run(function, request, STAGE_NAMES[number - 1]) if number else (function,)
    with collector_paused():
        functions = STAGES[number].run(before, request)
        for f in functions:
            check(f)
    cache.put(key, functions)
    return functions
