"""Which back end runs a function: machine code, unless the function or the user says otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal
from weakref import WeakSet

from lineara.backends import patience
from lineara.backends.lent import lending, without_solvers
from lineara.backends.lifting import lifted
from lineara.backends.native import run as native
from lineara.backends.native.calling import Dispatcher
from lineara.backends.native.constants import Known
from lineara.backends.reference import evaluate
from lineara.backends.tape import with_tapes
from lineara.errors import DtypeError
from lineara.ir import Function

Backend = Literal["native", "reference"]
BACKENDS = ("native", "reference")
VARIABLE = "LINEARA_BACKEND"
LEVEL = 1
"""How much is optimised of what is not under `jit`."""


def _checked(name: str, where: str) -> str:
    if name not in BACKENDS:
        raise DtypeError(
            f"no back end {name!r} in {where}", mend=f"the back ends are {', '.join(BACKENDS)}"
        )
    return name


_chosen: str | None = None
_dispatchers: WeakSet[Dispatcher] = WeakSet()


def backend() -> str:
    """The back end that is chosen.

    >>> backend() in ("native", "reference")
    True
    """
    return _chosen or _checked(os.environ.get(VARIABLE, "native"), f"the environment ({VARIABLE})")


def watch(dispatcher: Dispatcher) -> None:
    """A callable whose kernels are forgotten when another back end is chosen."""
    _dispatchers.add(dispatcher)


def set_backend(name: Backend) -> None:
    """Choose the back end of the process: `"native"`, machine code, or `"reference"`, NumPy.

    The environment variable LINEARA_BACKEND has the choice at first.

    Raises:
        DtypeError: another name.

    >>> set_backend("native")
    """
    _choose(_checked(name, "set_backend"))


@contextmanager
def chosen(name: str | None) -> Iterator[None]:
    """Choose a back end for a while; for None the choice stays.

    Raises:
        DtypeError: another name.
    """
    before = _chosen
    if name is not None:
        _choose(_checked(name, "a choice of the back end"))
    try:
        yield
    finally:
        _choose(before)


def _choose(name: str | None) -> None:
    global _chosen  # noqa: PLW0603  (one choice for the process)
    if name != _chosen:
        _chosen = name
        for dispatcher in list(_dispatchers):
            dispatcher.clear()


def reason_against(function: Function, *, jitted: bool) -> str | None:
    """Why a function runs on the reference back end; None if it is compiled."""
    if backend() == "reference":
        return "the reference back end is chosen"
    if jitted:
        return None
    return patience.reason_against(lifted(without_solvers(function)[0])[0])


def run(
    function: Function,
    args: Sequence[Any],
    *,
    jitted: bool = False,
    level: int | None = None,
    fixed: int = 0,
) -> tuple[Any, ...]:
    """Run a function on values of its parameters, the linear ones last; gives all results, the linear ones last.

    Under `jit` it is optimised at a level from 0 to 3, or, for None, by its size, and the last `fixed` arguments are arrays
    that are the same in every call, so that the small ones are part of the machine code. Without, programs that differ in
    numbers alone share their machine code.
    """
    if backend() == "reference":
        return _evaluated(function, args)
    if jitted:
        first = len(args) - fixed
        return native.run(function, args, level, Known.of(args[first:], first))
    program, solvers = without_solvers(function)
    shared, numbers = lifted(program)
    if not (patience.is_over(shared) or native.is_known(shared, LEVEL)):
        with patience.spending(shared):
            return _evaluated(function, args)
    count = len(function.params)
    with lending(solvers):
        return native.run(shared, [*args[:count], *numbers, *args[count:]], LEVEL)


def _evaluated(function: Function, args: Sequence[Any]) -> tuple[Any, ...]:
    """The results by the reference back end."""
    results = (*function.results, *function.linear_results)
    return tuple(map(with_tapes, evaluate(function, args), [v.type for v in results]))
