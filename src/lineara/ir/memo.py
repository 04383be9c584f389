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

from collections.abc import Callable, Generator, Hashable, Iterable
from functools import wraps
from typing import Any, TypeVar

from lineara.ir.terms import Function

R = TypeVar("R")


def memoised(transformation: Callable[..., Generator[Any, Any, R]]) -> Callable[..., R]:
    """Run a generator over functions to its end, each request once."""

    @wraps(transformation)
    def run(function: Function, *key: Hashable) -> R:
        done: dict[Hashable, R] = {}
        stack = [((id(function), *key), transformation(function, *key))]
        answer: R | None = None
        while True:
            name, steps = stack[-1]
            try:
                callee, *rest = steps.send(answer)
            except StopIteration as stop:
                stack.pop()
                done[name] = answer = stop.value
                if not stack:
                    return done[name]
                continue
            request = (id(callee), *rest)
            answer = done.get(request)
            if answer is None:
                stack.append((request, transformation(callee, *rest)))

    return run


def each(functions: Iterable[Function], *key: Hashable) -> Generator[Any, Any, list[Any]]:
    """Request each of several functions with one key; gives the results in their order."""
    results = []
    for function in functions:
        result = yield function, *key
        results.append(result)
    return results
