"""What asks a dtype or an array about its numbers; NumPy's classes do not take traced arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.frontend.trace import is_traced

__all__ = ["finfo", "iinfo"]


def finfo(type: Any, /) -> np.finfo[Any]:
    """`np.finfo`, of a dtype, an array or a traced array."""
    return np.finfo(_dtype(type))


def iinfo(type: Any, /) -> np.iinfo[Any]:
    """`np.iinfo`, of a dtype, an array or a traced array."""
    return np.iinfo(_dtype(type))


def _dtype(x: Any) -> Any:
    return x.dtype if is_traced(x) or isinstance(x, np.ndarray) else x
