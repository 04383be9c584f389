"""The short way of a jitted call: native code that knows the arguments by their types, and runs a kernel on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lineara.api.record import Recorded
from lineara.backends import choice
from lineara.backends.native.calling import ARRAY, Made, Signature, Static, Structure
from lineara.backends.native.constants import Known
from lineara.backends.native.run import kernel
from lineara.backends.tape import Tape
from lineara.frontend.trace import native
from lineara.frontend.trees import flatten_present


def signature(
    recorded: Recorded,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    static: set[int],
    static_names: set[str],
    level: int | None = None,
) -> Signature | None:
    """What the native code of a call needs to know the arguments and to build the result; None if it cannot."""
    has_tape = any(isinstance(x, Tape) for x in recorded.captured)
    if has_tape or choice.reason_against(recorded.function, jitted=True) is not None:
        return None
    names = sorted(kwargs)
    try:
        structures = [Static(x) if i in static else _structure(x) for i, x in enumerate(args)]
        structures += [
            Static(kwargs[k]) if k in static_names else _structure(kwargs[k]) for k in names
        ]
        result = _result(recorded)
    except (ValueError, TypeError):
        return None
    bound = [native(x) for x in recorded.captured]
    first = len(recorded.function.params) - len(bound)
    made, _ = kernel(recorded.function, level, Known.of(bound, first))
    try:
        return Signature(made, structures, result, names=names, bound=bound)
    except ValueError:
        return None


def _structure(x: Any) -> Structure:
    """The structure of an argument, its arrays in the order in which it is flattened.

    Raises:
        ValueError: a container that native code does not take apart.
    """
    leaves, _ = flatten_present(x)
    found: list[Any] = []
    made = _walk(x, found)
    if len(found) != len(leaves) or any(a is not b for a, b in zip(found, leaves, strict=True)):
        raise ValueError("the arrays stand in another order")
    return made


def _walk(x: Any, found: list[Any]) -> Structure:
    if x is None:
        return Static(None)
    if type(x) is dict:
        return {k: _walk(x[k], found) for k in sorted(x)}
    if type(x) is tuple:
        return tuple([_walk(y, found) for y in x])
    if type(x) is list:
        return [_walk(y, found) for y in x]
    found.append(x)
    return ARRAY


def _result(recorded: Recorded) -> Structure:
    """The structure of a result; what native code cannot build a function makes."""
    count = recorded.result_count
    marks = [object() for _ in range(count)]
    tree = recorded.result(marks)
    found: list[Any] = []
    made = _in_order(tree, found)
    if len(found) == count and all(a is b for a, b in zip(found, marks, strict=True)):
        return made
    return Made(recorded.result, count)


def _in_order(x: Any, found: list[Any]) -> Structure:
    if x is None:
        return Static(None)
    if type(x) is dict:
        return {k: _in_order(y, found) for k, y in x.items()}
    if type(x) is tuple:
        return tuple([_in_order(y, found) for y in x])
    if type(x) is list:
        return [_in_order(y, found) for y in x]
    found.append(x)
    return ARRAY
