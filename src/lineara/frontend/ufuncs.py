"""NumPy's ufuncs on traced arrays: promotion and broadcasting, then one record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.frontend.promotion import Array, promote
from lineara.frontend.trace import add, apply
from lineara.primitives import arithmetic, elementary


def _elementwise(record: Any) -> Callable[..., Array]:
    def rule(*operands: Array) -> Array:
        return apply(record, *promote(*operands))

    return rule


UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: lambda x, y: add(*promote(x, y)),
    np.subtract: _elementwise(arithmetic.sub),
    np.multiply: _elementwise(arithmetic.mul),
    np.divide: _elementwise(arithmetic.div),
    np.negative: _elementwise(arithmetic.neg),
    np.sin: _elementwise(elementary.sin),
    np.cos: _elementwise(elementary.cos),
    np.exp: _elementwise(elementary.exp),
}
