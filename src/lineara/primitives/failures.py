"""What decompositions of matrices raise where they fail: in NumPy, and in machine code."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np


def _linalg_error(message: str, details: tuple[int, ...]) -> Exception:
    return np.linalg.LinAlgError(message.format(*details))


@cache
def failure(message: str) -> Callable[[tuple[int, ...]], Exception]:
    """What machine code raises where NumPy raises a `LinAlgError`; numbers that it finds out fill the braces."""
    return partial(_linalg_error, message)


DIVERGED = "SVD did not converge"


def check_finite(a: Any) -> None:
    """Refuse what LAPACK's decomposition by singular values may never end for, as NumPy refuses a NaN."""
    if not np.all(np.isfinite(a)):
        raise np.linalg.LinAlgError(DIVERGED)


def refuse_infinite(m: Any, a: Any) -> None:
    """The same in machine code."""
    m.fail_if(m.any(lambda x: ~m.isfinite(x), a).value, failure(DIVERGED))


def decomposition(name: str, message: str) -> Callable[..., None]:
    """The routine of a record that is one of NumPy's decompositions, with the message of its error."""

    def routine(m: Any, operands: Any, results: Any) -> None:
        m.matrices(name, [*map(m.view, operands)], [*map(m.view, results)], failure(message))

    return routine
