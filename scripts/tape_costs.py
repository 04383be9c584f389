"""Measure what `lineara.backends.native.costs` says of a processor: its tables are what this prints.

python scripts/tape_costs.py
"""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time
from typing import Any

import numpy as np

import lineara
from lineara.backends.native.costs import caches

TERMS = 4, 12
"""The terms of the polynomials whose times are compared."""
TRIPS, BESIDE = 1_000, 8


def seconds(call: Callable[[], Any]) -> float:
    """The least time that a call takes, of many."""
    call()
    found = []
    for _ in range(30):
        start, count = thread_time(), 0
        while thread_time() - start < 2e-3:
            call()
            count += 1
        found.append((thread_time() - start) / count)
    return min(found)


def traffic(size: int) -> float:
    """The nanoseconds in which a byte of an array of so many is stored and, once all are, loaded."""

    def once(x: Any) -> float:
        return seconds(lambda: x.fill(1.0)) + seconds(lambda: x @ x)

    half = once(np.ones(size // 8)) - once(np.ones(size // 16))
    return half / (size // 2) * 1e9


def polynomial(x: Any, terms: int) -> Any:
    """A polynomial by Horner's rule: two operations a term."""
    y = x
    for k in range(terms):
        y = y * x + (0.1 + 0.01 * k)
    return y


def slope(program: Callable[[int], Callable[[], Any]], elements: int) -> float:
    """The nanoseconds that an operation takes for an element."""
    few, many = (seconds(program(k)) for k in TERMS)
    return (many - few) / (2 * (TERMS[1] - TERMS[0]) * elements) * 1e9


def on_lanes(terms: int) -> Callable[[], Any]:
    """A polynomial of the elements of an array."""
    x, f = np.linspace(0.0, 0.5, 1024), lineara.jit(lambda x: polynomial(x, terms))
    return lambda: f(x)


def on_numbers(terms: int) -> Callable[[], Any]:
    """Polynomials of single numbers, several side by side in each trip of a loop."""

    def trip(c: Any, v: Any) -> tuple[Any, None]:
        for _ in range(BESIDE):
            c, v = c + polynomial(v, terms), v + 1.0
        return c, None

    x, f = np.linspace(0.0, 0.5, TRIPS), lineara.jit(lambda x: lineara.scan(trip, 0.0, x)[0])
    return lambda: f(x)


def main() -> None:
    """Print the tables."""
    sizes = [*caches(), 8 * caches()[-1]]
    print("traffic:", [round(traffic(size // 2), 4) for size in sizes], "for half of", sizes)
    print("an operation on lanes:", round(slope(on_lanes, 1024), 4))
    print("an operation on single numbers:", round(slope(on_numbers, TRIPS * BESIDE), 4))


if __name__ == "__main__":
    main()
