"""jit: a promise that a function is pure, which skips its Python."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import update_wrapper
from threading import Lock
from typing import Any

from lineara.api.arguments import check_leaf
from lineara.api.dispatch import signature
from lineara.api.record import Recorded, call, hints_of, name_of, parameter_names, record
from lineara.backends import choice
from lineara.backends.native.calling import Dispatcher
from lineara.errors import DtypeError
from lineara.frontend.trace import is_traced, type_of
from lineara.frontend.trees import flatten, paths, unflatten
from lineara.typecheck import check

ROOM = 512
"""How many programs of one function are remembered, for different types and static arguments."""


def jit(
    f: Callable[..., Any],
    *,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
) -> Callable[..., Any]:
    """The same function, whose Python runs once for each structure and type of its arguments.

    It is a promise that `f` is pure: that its result depends on its arguments alone, and that it does nothing else. Closed-over
    arrays are read when the Python runs, and not again. A Python branch on a traced value is an error that names the line
    (`lineara.cond` and `lineara.while_loop` are for that). Inside another traced function it becomes one shared call.

    Args:
        f: a function of arrays or containers of arrays.
        static_argnums, static_argnames: arguments that are no arrays: hashable Python values, for each of which the Python runs
            again.

    Raises:
        DtypeError: a static argument that is not hashable, or an argument that is no array.

    Source: the signature follows jax.jit.

    >>> import numpy as np
    >>> from lineara import grad, jit
    >>> calls = []
    >>> f = jit(lambda x: calls.append(1) or np.sin(x))
    >>> float(f(0.0)), float(f(0.0)), float(grad(f)(0.0)), len(calls)
    (0.0, 0.0, 1.0, 1)
    """
    if not callable(f):
        raise DtypeError(f"jit takes a function, not {type(f).__name__}")
    nums = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    names = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)
    known: OrderedDict[Hashable, Recorded] = OrderedDict()
    lock = Lock()

    def miss(*args: Any, **kwargs: Any) -> Any:
        static = {i % len(args): args[i] for i in nums if -len(args) <= i < len(args)}
        static_kwargs = {k: kwargs[k] for k in names if k in kwargs}
        _check_hashable(f, {**static, **static_kwargs})
        dynamic = {i: x for i, x in enumerate(args) if i not in static}
        others = {k: x for k, x in kwargs.items() if k not in static_kwargs}
        leaves, spec = flatten((dynamic, others))
        _check_leaves(f, dynamic, others, len(args))
        types = tuple(map(type_of, leaves))
        zones = tuple(is_traced(x) and x._var.linear for x in leaves)
        key = (types, zones, spec, tuple(static.items()), tuple(static_kwargs.items()))
        with lock:
            recorded = known.get(key)
        fresh = recorded is None
        if recorded is None:

            def rebuild(traced: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
                filled, filled_kwargs = unflatten(spec, traced)
                every = {**filled, **static}
                return tuple(every[i] for i in range(len(args))), {**filled_kwargs, **static_kwargs}

            recorded = record(f, types, rebuild, hints=_hints(f, dynamic, others, len(args)))
            check(recorded.function)
            if not any(is_traced(x) for x in recorded.captured):
                with lock:
                    known[key] = recorded
                    while len(known) > ROOM:
                        known.popitem(last=False)
        if (fresh or not jitted.signatures) and not any(map(is_traced, (*leaves, *recorded.captured))):
            found = signature(recorded, args, kwargs, {*static}, {*static_kwargs})
            if found is not None:
                jitted.add(found)
        return recorded.result(call(recorded.function, [*leaves, *recorded.captured], jitted=True))

    jitted = Dispatcher(miss)
    choice.watch(jitted)
    return update_wrapper(jitted, f)


def _check_hashable(f: Callable[..., Any], static: dict[Any, Any]) -> None:
    for where, x in static.items():
        try:
            hash(x)
        except TypeError:
            raise DtypeError(
                f"the static argument {where!r} of `{name_of(f)}` is not hashable: {type(x).__name__}",
                mend="pass a tuple or another hashable value, or an array that is not static",
            ) from None


def _check_leaves(
    f: Callable[..., Any], dynamic: dict[int, Any], others: dict[str, Any], count: int
) -> None:
    names = parameter_names(f, count)
    for where, x in [*((names[i], x) for i, x in dynamic.items()), *others.items()]:
        for leaf, path in zip(flatten(x)[0], paths(x, where), strict=True):
            check_leaf(leaf, f"`{path}` of `{name_of(f)}`", "jit", False)


def _hints(
    f: Callable[..., Any], dynamic: dict[int, Any], others: dict[str, Any], count: int
) -> list[str]:
    names = parameter_names(f, count)
    hints = [h for i, x in dynamic.items() for h in hints_of(x, names[i])]
    return hints + [h for k in sorted(others) for h in hints_of(others[k], k)]
