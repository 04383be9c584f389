"""Values of types: sampling them, and the operations on them that the theorems speak of.

A value is a NumPy array, or a Python tuple or list of values. All sampling is by a `random.Random`, so that a seed repeats it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import ceil
from random import Random
from typing import Any

import numpy as np

from lineara.backends.reference import step
from lineara.ir import ArrayType, Equation, Function, ListType, TupleType, Type

Value = Any
Observer = Callable[[Equation, list[Value]], tuple[Value, ...] | None]


def sample(type_: Type, rng: Random, low: float = -2.0, high: float = 2.0) -> Value:
    """A value of a type. Real and imaginary parts lie between `low` and `high`, integers too, below `high`.

    >>> sample(ArrayType("f64", (2,)), Random(1), 0.0, 1.0)
    array([0.13436424, 0.84743374])
    """
    if not isinstance(type_, ArrayType):
        return tuple(sample(t, rng, low, high) for t in _elements(type_))
    first, end = ceil(low), ceil(high)
    draw: dict[str, Callable[[], complex]] = {
        "b": lambda: rng.random() < 0.5,
        "i": lambda: rng.randrange(first, end),
        "u": lambda: rng.randrange(max(first, 0), end),
        "f": lambda: rng.uniform(low, high),
        "c": lambda: complex(rng.uniform(low, high), rng.uniform(low, high)),
    }
    scalars = [draw[type_.dtype.kind]() for _ in range(type_.size)]
    return np.array(scalars, type_.dtype).reshape(type_.shape)


def arrays(value: Value) -> Iterator[Any]:
    """The arrays in a value, left to right."""
    if isinstance(value, tuple | list):
        for element in value:
            yield from arrays(element)
    else:
        yield value


def at(value: Value, i: int) -> Value:
    """One value of a stack."""
    return tuple(at(x, i) for x in value) if isinstance(value, tuple) else value[i, ...]


def combine(a: float, u: Value, b: float, v: Value) -> Value:
    """`a·u + b·v`, for two values of one inexact type."""
    if isinstance(u, tuple):
        return tuple(combine(a, x, b, y) for x, y in zip(u, v, strict=True))
    return np.asarray(a * u + b * v, u.dtype)


def inner(u: Value, v: Value) -> float:
    """`Re Σ u·v`, the product under which transposition is defined; there is no conjugation."""
    return sum(
        float(np.sum(np.multiply(x, y, dtype=np.result_type(x, np.float64))).real)
        for x, y in zip(arrays(u), arrays(v), strict=True)
    )


def largest(value: Value) -> float:
    """The largest modulus in a value; 0 when there is nothing in it, and inf or nan as they are."""
    return float(np.max([np.max(np.abs(x)) for x in arrays(value) if x.size], initial=0.0))


def nbytes(value: Value) -> int:
    """The bytes of all arrays in a value."""
    return sum(x.nbytes for x in arrays(value))


def bits(value: Value) -> tuple[Any, ...]:
    """What tells two values apart to the last bit: dtypes, shapes and bytes."""
    return tuple((x.dtype.str, x.shape, x.tobytes()) for x in arrays(value))


def basis(type_: Type) -> Iterator[Value]:
    """The unit vectors of an inexact type, over the real numbers: a complex scalar has two, 1 and i."""
    if isinstance(type_, ArrayType):
        for i in range(type_.size):
            for unit in (1, 1j) if type_.dtype.kind == "c" else (1,):
                vector = np.zeros(type_.size, type_.dtype)
                vector[i] = unit
                yield vector.reshape(type_.shape)
        return
    nothing = [zero(t) for t in _elements(type_)]
    for i, element in enumerate(_elements(type_)):
        for vector in basis(element):
            yield (*nothing[:i], vector, *nothing[i + 1 :])


def zero(type_: Type) -> Value:
    """The value of a type whose scalars are all 0."""
    if isinstance(type_, ArrayType):
        return np.zeros(type_.shape, type_.dtype)
    if isinstance(type_, ListType):
        return []
    return tuple(map(zero, _elements(type_)))


def _elements(type_: Type) -> tuple[Type, ...]:
    assert isinstance(type_, TupleType), "only loops make lists"
    return type_.elements


def observe(function: Function, args: Sequence[Value], see: Observer) -> tuple[Value, ...]:
    """Evaluate, and show every equation with its operands to `see` before it is evaluated.

    What `see` returns, unless it is None, stands for the results. If it raises, the evaluation ends.
    """
    values = dict(zip((*function.params, *function.linear_params), args, strict=True))
    for e in function.equations:
        operands = [values[v] for v in e.inputs]
        results = see(e, operands)
        if results is None:
            results = _observe_equation(e, operands, see)
        values.update(zip(e.outputs, results, strict=True))
    return tuple(values[v] for v in (*function.results, *function.linear_results))


def _observe_equation(e: Equation, operands: list[Value], see: Observer) -> tuple[Value, ...]:
    steps, answer = step(e, operands, None), None
    while True:
        try:
            callee, given = steps.send(answer)  # type: ignore[arg-type]  # None starts it
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        answer = observe(callee, given, see)
