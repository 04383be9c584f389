"""Assignment to traced arrays, and the arrays that share memory with them.

A traced array is a name for the variable that holds its elements now. Assigning makes a new variable: the array takes it over,
and so does every array that NumPy would let share its memory. Whatever NumPy would do otherwise is an error, never different.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lineara.errors import DtypeError, ShapeError, TraceError
from lineara.frontend.indexing import getitem, updated
from lineara.frontend.masks import written
from lineara.frontend.promotion import Array, astype
from lineara.frontend.trace import current_trace, is_traced, renamed, user_origin


@dataclass(frozen=True, slots=True)
class View:
    """How an array is a part of another: `read(base)` gives it, `write(base, new)` gives the base with it replaced.

    `write` is None where NumPy might as well have made a copy, or an array that cannot be written to.
    """

    base: Array
    read: Callable[[Array], Array]
    write: Callable[[Array, Array], Array] | None


def register(made: Array, view: View) -> Array:
    """Note that an array is a view of another; gives the array."""
    made._view = view
    views, key = view.base._views, id(made)
    views[key] = weakref.ref(made, lambda _: views.pop(key, None))
    return made


def item(base: Array, index: Any) -> Array:
    """`base[index]`, a view where NumPy makes one."""
    part = getitem(base, index)
    if part is base or not part.ndim or not _is_basic(index):
        return renamed(part) if part is base and not _is_basic(index) else part
    return register(
        part, View(base, lambda x: getitem(x, index), lambda x, new: updated(x, index, new))
    )


def _is_basic(index: Any) -> bool:
    """Whether an index holds nothing but slices, numbers, `...` and None."""
    entries = index if isinstance(index, tuple) else (index,)
    return all(
        e is None or e is Ellipsis or (isinstance(e, int | np.integer | slice) and e is not True)
        for e in entries
    )


def result_of(
    function: Callable[..., Any],
    rule: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    views: dict[Callable[..., Any], bool],
) -> Any:
    """Call the rule of a NumPy function; what NumPy would make a view is one, anything else a new array."""
    made = rule(*args, **kwargs)
    base = args[0] if args else None
    certain = views.get(function)
    if certain is None or not is_traced(base):
        return renamed(made) if is_traced(made) and any(made is a for a in args) else made
    if made is base:
        if certain or not base.ndim:
            return made
        made = renamed(base)
    parts = made if isinstance(made, list | tuple) else [made]
    for k, part in enumerate(parts):
        if is_traced(part) and part.ndim:
            place = k if parts is made else None
            register(part, _function_view(function, args, kwargs, place, certain))
    return made


def _function_view(
    function: Callable[..., Any], args: Any, kwargs: Any, place: int | None, certain: bool
) -> View:
    base, *rest = args

    def read(x: Array) -> Array:
        found = function(x, *rest, **kwargs)
        return found if place is None else found[place]

    def write(x: Array, new: Array) -> Array:
        positions = read(np.arange(x.size).reshape(x.shape))
        return np.reshape(updated(np.ravel(x), positions, new), x.shape)

    return View(base, read, write if certain else None)


def assign(x: Array, index: Any, value: Any) -> None:
    """`x[index] = value`."""
    _refuse_assignment(x)
    _replace(x, written(x, index, value))


def add_in_place(x: Array, index: Any, value: Any) -> None:
    """`np.add.at(x, index, value)`: indices that repeat add up."""
    _refuse_assignment(x)
    _replace(x, updated(x, index, value, adding=True))


def assign_whole(x: Array, value: Array, what: str) -> Array:
    """`x op= …`, once the value is computed; gives x."""
    _refuse_assignment(x)
    if value.shape != x.shape:
        raise ShapeError(
            f"`{what}` gives shape {value.shape}, but the array has shape {x.shape}",
            origin=user_origin(),
            mend="write x = x + y, which makes a new array",
        )
    if not np.can_cast(value.dtype, x.dtype, "same_kind"):
        raise DtypeError(
            f"`{what}` gives {value.dtype}, which a {x.dtype} array does not hold",
            origin=user_origin(),
            mend="write x = x + y, or convert the array first",
        )
    _replace(x, astype(value, x.dtype))
    return x


def _refuse_assignment(x: Array) -> None:
    """Refuse where NumPy would change something that the trace cannot change, or might do one of two things."""
    while x._view is not None:
        if x._view.write is None:
            raise _assignment("an array that may share memory with another, or be read-only")
        x = x._view.base
        _refuse_uncertain(x)
    _refuse_uncertain(x)
    if x._is_argument:
        name = x._trace.builder.name
        raise _assignment(
            f"an argument of `{name}`: the array, or the carry, that it is given would have to change"
        )
    if x._trace is not current_trace():
        raise _assignment("an array of an outer function that is being traced")


def _refuse_uncertain(x: Array) -> None:
    for reference in list(x._views.values()):
        view = reference()
        if view is not None and view._view.write is None:
            raise _assignment("an array that may share memory with another that is still in use")


def _assignment(where: str) -> TraceError:
    return TraceError(
        f"assignment to {where}",
        origin=user_origin(),
        mend="make a copy first, x = x.copy(), and assign to that; or x = x + y instead of x += y. In machine code the "
        "copy costs nothing where the old array is not read again, as in the body of a loop",
    )


def _replace(x: Array, new: Array) -> None:
    """Give an array new elements, and all that share its memory."""
    while x._view is not None:
        view = x._view
        x, new = view.base, view.write(view.base, new)
    stack = [(x, new)]
    while stack:
        changed, new = stack.pop()
        changed._var = new._var
        for reference in list(changed._views.values()):
            part = reference()
            if part is not None and part._trace is changed._trace:
                stack.append((part, part._view.read(renamed(changed))))
