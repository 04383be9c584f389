"""NumPy's ufuncs on traced arrays: the loop that NumPy would choose, broadcasting, then records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lineara.errors import TraceError
from lineara.frontend.promotion import (
    Array,
    as_operand,
    astype,
    broadcast,
    loop_dtypes,
    strong,
)
from lineara.frontend.trace import apply, is_traced, renamed, user_origin
from lineara.frontend.views import add_in_place, assign

_LAYOUT = {"order", "subok"}
Body = Callable[..., Any]
"""What a ufunc computes, from operands of one shape in the dtypes of its loop."""


@dataclass(frozen=True, slots=True)
class Ufunc:
    """One ufunc: `body` on promoted operands, and the folds that its methods `reduce` and `accumulate` are."""

    ufunc: np.ufunc
    body: Body
    fold: Callable[..., Array] | None = None
    scan: Callable[..., Array] | None = None
    special: Callable[..., Any] | None = field(default=None)

    def __call__(
        self,
        *operands: Any,
        out: Any = None,
        where: Any = True,
        dtype: Any = None,
        **options: Any,
    ) -> Any:
        """Apply it. `casting=` and `signature=` are refused; the memory layout is no matter here."""
        refuse(self.ufunc.__name__, **{k: options[k] for k in options.keys() - _LAYOUT})
        target = out[0] if isinstance(out, tuple) and len(out) == 1 else out
        if target is not None:
            if self.ufunc.nout > 1 or not is_traced(target):
                refuse(self.ufunc.__name__, out=out)
            made = self(*operands, dtype=dtype)
            assign(target, ..., made if where is True else np.where(where, made, target))
            return target
        if where is not True:
            refuse(self.ufunc.__name__, where=where)
        operands = tuple([as_operand(x) for x in operands])
        if self.special is not None and dtype is None:
            found = self.special(*operands)
            if found is not None:
                return renamed(found) if any(found is x for x in operands) else found
        loop = loop_dtypes(self.ufunc, *operands, dtype=dtype)
        given = [astype(x, t) for x, t in zip(operands, loop, strict=False)]
        results = self.body(*broadcast(*given))
        if self.ufunc.nout == 1:
            result = astype(results, loop[-1])
            return renamed(result) if any(result is x for x in operands) else result
        return tuple(map(astype, results, loop[self.ufunc.nin :]))

    def reduce(
        self, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, **options: Any
    ) -> Array:
        """The fold along axes, by default the first."""
        if self.fold is None:
            raise refused_method(self.ufunc, "reduce")
        refuse(f"{self.ufunc.__name__}.reduce", out=out)
        given = {"dtype": dtype} if dtype is not None else {}
        return self.fold(array, axis=axis, **given, **options)

    def accumulate(self, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Array:
        """The folds of all that comes before, along an axis, by default the first."""
        if self.scan is None:
            raise refused_method(self.ufunc, "accumulate")
        refuse(f"{self.ufunc.__name__}.accumulate", out=out)
        given = {"dtype": dtype} if dtype is not None else {}
        return self.scan(array, axis=axis, **given)

    def at(self, a: Any, indices: Any, b: Any = None) -> None:
        """`a[indices] op= b` in place, once more for each index that repeats; of sums and differences."""
        if self.ufunc not in (np.add, np.subtract):
            raise refused_method(self.ufunc, "at")
        add_in_place(a, indices, b if self.ufunc is np.add else np.negative(strong(b)))

    def outer(self, x: Any, y: Any, **options: Any) -> Array:
        """It, applied to all pairs of elements."""
        x, y = (z if is_traced(z) else np.asarray(z) for z in (x, y))
        wide = np.reshape(x, (*np.shape(x), *(1,) * np.ndim(y)))
        return self(wide, y, **options)


def refuse(what: str, **arguments: Any) -> None:
    """Refuse arguments that are given although they have no meaning on traced arrays."""
    for name, value in arguments.items():
        if value is not None:
            raise TraceError(
                f"np.{what}({name}=…) has no meaning on traced arrays",
                origin=user_origin(),
                mend=_MENDS.get(name, f"leave `{name}` out"),
            )


_MENDS = {
    "out": "use the value that the function returns, or let out be np.zeros_like(x) of a traced x",
    "where": "choose with np.where(condition, x, y), or give `out` too",
}


def refused_method(ufunc: np.ufunc, method: str) -> TraceError:
    """The error of a ufunc method without a meaning here."""
    return TraceError(
        f"np.{ufunc.__name__}.{method} has no meaning on traced arrays",
        origin=user_origin(),
        mend="use np.sum, np.prod, np.cumsum, np.max, or indexing",
    )


def record_body(record: Any) -> Body:
    """The body that is one record."""

    def body(*operands: Array) -> Array:
        return apply(record, *operands)

    return body
