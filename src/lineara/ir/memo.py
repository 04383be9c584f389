"""The driver of transformations: each function once, however often it is called and however deep.

A transformation is a generator over one function. It yields a request, `(callee, *key)`, wherever it needs a callee
transformed, is sent the result, and returns its own:

    @memoised
    def erase(function):
        ...
        callee = yield (equation.op.function,)

No recursion is involved, so chains of calls may be of any depth; results are shared, so that size stays linear.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from lineara.ir.terms import Function

R = TypeVar("R")
P = ParamSpec("P")
Steps = Generator[tuple[Any, ...], Any, R]


def memoised(
    transformation: Callable[Concatenate[Function, P], Steps[R]],
) -> Callable[Concatenate[Function, P], R]:
    """Run a generator over functions to its end, each request once."""

    @wraps(transformation)
    def run(function: Function, *key: P.args, **_: P.kwargs) -> R:
        done: dict[Hashable, R] = {}
        stack = [((id(function), *key), transformation(function, *key))]  # type: ignore[call-arg]
        answer: R | None = None
        while stack:
            name, steps = stack[-1]
            try:
                callee, *rest = steps.send(answer)
            except StopIteration as stop:
                stack.pop()
                done[name] = answer = stop.value
                continue
            request = (id(callee), *rest)
            answer = done.get(request)
            if answer is None:
                stack.append((request, transformation(callee, *rest)))
        return answer  # type: ignore[return-value]

    return run
