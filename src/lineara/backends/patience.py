"""Very large programs that are not under `jit`: when they are compiled, which takes longer than to evaluate them once.

A program is evaluated until that has taken as long as to compile it, and is compiled then: in all it takes at most twice as
long as whoever knew how often it will run. One that is to take as long in its first run, as a loop of many trips, is compiled
at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import perf_counter

from lineara.ir import Function, Scan, While, callees_first, functions_of

SMALL = 3000
"""The equations up to which a program is compiled at once."""
COMPILING, EVALUATING = 1e-3, 1e-5
"""The seconds that it takes to compile an equation, and to evaluate one."""
TRIPS = 10
"""The trips of a loop of unknown length, as a guess."""
ROOM = 256
"""How many programs are remembered."""

_spent: OrderedDict[bytes, float] = OrderedDict()
_lock = Lock()


def is_over(function: Function) -> bool:
    """Whether a program is to be compiled."""
    return _left(function) <= 0


def reason_against(function: Function) -> str | None:
    """Why a program is evaluated for now; None if it is to be compiled."""
    left = _left(function)
    if left <= 0:
        return None
    return f"it has {_equations(function)} equations and is not under jit: it is compiled when it has run for {left:.1f} s"


@contextmanager
def spending(function: Function) -> Iterator[None]:
    """Count the time of a program that is evaluated."""
    start = perf_counter()
    yield
    passed, key = perf_counter() - start, function.digest
    with _lock:
        _spent[key] = _spent.pop(key, 0.0) + passed
        while len(_spent) > ROOM:
            _spent.popitem(last=False)


def _left(function: Function) -> float:
    """The seconds for which a program is evaluated yet."""
    count = _equations(function)
    if count <= SMALL:
        return 0.0
    least = COMPILING * count
    if EVALUATING * _evaluated(function) >= least:
        return 0.0
    return least - _spent.get(function.digest, 0.0)


def _equations(function: Function) -> int:
    return sum(len(f.equations) for f in callees_first(function))


def _evaluated(function: Function) -> int:
    """The equations that a run evaluates."""
    counts: dict[int, int] = {}
    for f in callees_first(function):
        inner = [(_trips(e.op), g) for e in f.equations for g in functions_of(e.op)]
        counts[id(f)] = len(f.equations) + sum(trips * counts[id(g)] for trips, g in inner)
    return counts[id(function)]


def _trips(op: object) -> int:
    match op:
        case Scan(length=int(length)):
            return length
        case Scan() | While():
            return TRIPS
    return 1
