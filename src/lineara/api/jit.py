"""jit: a promise that a function is pure, which skips its Python."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from threading import Lock
from typing import Any

from lineara.api.arguments import check_leaf
from lineara.api.dispatch import signature
from lineara.api.look import Stage, shown
from lineara.api.record import Recorded, call, hints_of, name_of, parameter_names, record
from lineara.backends import choice
from lineara.backends.native.calling import Dispatcher
from lineara.errors import DtypeError, LinearaError
from lineara.frontend.trace import is_traced, type_of
from lineara.frontend.trees import TreeSpec, flatten_present, paths, unflatten
from lineara.ir import Type
from lineara.typecheck import check

ROOM = 512
"""How many programs of one function are remembered, for different types and static arguments."""


def jit(
    f: Callable[..., Any],
    *,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
    optimize: int | None = None,
) -> Callable[..., Any]:
    """The same function, whose Python runs once for each structure and type of its arguments.

    It is a promise that `f` is pure: that its result depends on its arguments alone, and that it does nothing else. Closed-over
    arrays are read when the Python runs, and not again. A Python branch on a traced value is an error that names the line
    (`lineara.cond` and `lineara.while_loop` are for that). Inside another traced function it becomes one shared call.

    Args:
        f: a function of arrays or containers of arrays.
        static_argnums, static_argnames: arguments that are no arrays: hashable Python values, for each of which the Python runs
            again.
        optimize: how much the compiler does, from 0 to 3: at 1 it is quick, at 3 it also moves what does not change out of
            loops. None chooses by the size of the program. Results are the same bits.

    Returns:
        A callable. Its method `show(*args, stage=...)` gives, as text, what was made of `f` for such arguments, or for those of
        the last program without any: the `"plan"` of loops, the `"buffers"`, `"llvm"` and `"asm"`.

    Raises:
        DtypeError: a static argument that is not hashable, an argument that is no array, or another level of `optimize`.

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
    if optimize not in (None, 0, 1, 2, 3):
        raise DtypeError(
            f"jit cannot optimize at level {optimize!r}", mend="the levels are 0, 1, 2, 3 and None"
        )
    nums = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    names = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)
    programs = Programs(f, nums, names, optimize)
    jitted = programs.jitted = Dispatcher(programs.run)
    choice.watch(jitted)
    update_wrapper(jitted, f)
    jitted.__dict__.update(programs=programs, show=programs.show)
    return jitted


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments of a call: what is static, the others by position and by name, and their leaves."""

    count: int
    static: dict[int, Any]
    static_named: dict[str, Any]
    dynamic: dict[int, Any]
    named: dict[str, Any]
    leaves: list[Any]
    types: tuple[Type, ...]
    spec: TreeSpec

    @property
    def key(self) -> Hashable:
        """What tells the programs of a function apart."""
        zones = tuple([is_traced(x) and x._var.linear for x in self.leaves])
        return (
            self.types,
            zones,
            self.spec,
            tuple(self.static.items()),
            tuple(self.static_named.items()),
        )

    def rebuilt(self, leaves: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with other leaves."""
        filled, named = unflatten(self.spec, leaves)
        every = {**filled, **self.static}
        return tuple([every[i] for i in range(self.count)]), {**named, **self.static_named}


class Programs:
    """The programs of one function under jit, and the callable that runs them."""

    def __init__(
        self,
        f: Callable[..., Any],
        nums: tuple[int, ...],
        names: tuple[str, ...],
        level: int | None,
    ) -> None:
        self.f, self.nums, self.names, self.level = f, nums, names, level
        self.known: OrderedDict[Hashable, Recorded] = OrderedDict()
        self.long: set[Hashable] = set()
        """The keys of calls that native code does not take apart."""
        self.lock = Lock()
        self.jitted: Dispatcher

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function; native code does so instead where it knows the arguments."""
        given = self._given(args, kwargs)
        key = given.key
        fresh, recorded = self._recorded(given, key)
        every = [*given.leaves, *recorded.captured]
        forgotten = not self.jitted.signatures and key not in self.long
        if (fresh or forgotten) and not any(map(is_traced, every)):
            static = {*given.static}, {*given.static_named}
            found = signature(recorded, args, kwargs, *static, level=self.level)
            if found is not None:
                self.jitted.add(found)
            elif choice.backend() == "native":
                self.long.add(key)
        fixed = len(recorded.captured)
        results = call(recorded.function, every, jitted=True, level=self.level, fixed=fixed)
        return recorded.result(results)

    def recorded(self, *args: Any, **kwargs: Any) -> Recorded:
        """The program for arguments, or, without any, the last one."""
        if not args and not kwargs:
            with self.lock:
                last = next(reversed(self.known.values()), None)
            if last is not None:
                return last
        given = self._given(args, kwargs)
        return self._recorded(given, given.key)[1]

    def leaves(self, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
        """The leaves of arguments that are not static."""
        return self._given(args, kwargs).leaves

    def show(self, *args: Any, stage: Stage = "plan", **kwargs: Any) -> str:
        """What is made of the program for arguments, or, without any, of the last one.

        Args:
            stage: `"plan"`, the loops and what runs in each; `"buffers"`, the memory; `"llvm"`, the module; `"optimized"`, the
                module after LLVM's passes; `"asm"`, the machine code, with the lines of the user's Python.

        Raises:
            DtypeError: another stage.
        """
        return shown(self.recorded(*args, **kwargs), stage, self.level)

    def _given(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Given:
        count = len(args)
        static = {i % count: args[i] for i in self.nums if -count <= i < count}
        static_named = {k: kwargs[k] for k in self.names if k in kwargs}
        _check_hashable(self.f, {**static, **static_named})
        dynamic = {i: x for i, x in enumerate(args) if i not in static}
        named = {k: x for k, x in kwargs.items() if k not in static_named}
        leaves, spec = flatten_present((dynamic, named))
        try:
            types = tuple(map(type_of, leaves))
        except LinearaError:
            _check_leaves(self.f, dynamic, named, count)
            raise
        return Given(count, static, static_named, dynamic, named, leaves, types, spec)

    def _recorded(self, given: Given, key: Hashable) -> tuple[bool, Recorded]:
        """The program for arguments, and whether it is new."""
        with self.lock:
            found = self.known.get(key)
        if found is not None:
            return False, found
        hints = _hints(self.f, given.dynamic, given.named, given.count)
        made = record(self.f, given.types, given.rebuilt, hints=hints, partly=True)
        check(made.function)
        if not any(is_traced(x) for x in made.captured):
            with self.lock:
                self.known[key] = made
                while len(self.known) > ROOM:
                    self.long.discard(self.known.popitem(last=False)[0])
        return True, made


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
        for leaf, path in zip(flatten_present(x)[0], paths(x, where, present=True), strict=True):
            check_leaf(leaf, f"`{path}` of `{name_of(f)}`", "jit", False)


def _hints(
    f: Callable[..., Any], dynamic: dict[int, Any], others: dict[str, Any], count: int
) -> list[str]:
    names = parameter_names(f, count)
    hints = [h for i, x in dynamic.items() for h in hints_of(x, names[i], present=True)]
    return hints + [h for k in sorted(others) for h in hints_of(others[k], k, present=True)]
