"""Functions along axes that take lists of traced values: NumPy does not look into a list for who is to take it over."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np

from lineara.frontend.promotion import first_traced, strong
from lineara.frontend.trace import is_traced

P = ParamSpec("P")
R = TypeVar("R")


def _of_lists(function: Callable[P, R]) -> Callable[P, R]:
    """A NumPy function whose first operand may be nested lists of traced values."""
    called: Callable[..., R] = function

    @wraps(function)
    def of_lists(*args: P.args, **kwargs: P.kwargs) -> R:
        if not args or is_traced(args[0]) or first_traced(args[0]) is None:
            return called(*args, **kwargs)
        return called(strong(args[0]), *args[1:], **kwargs)

    return of_lists


all = _of_lists(np.all)
amax = _of_lists(np.amax)
amin = _of_lists(np.amin)
any = _of_lists(np.any)
argmax = _of_lists(np.argmax)
argmin = _of_lists(np.argmin)
argsort = _of_lists(np.argsort)
average = _of_lists(np.average)
count_nonzero = _of_lists(np.count_nonzero)
cumprod = _of_lists(np.cumprod)
cumsum = _of_lists(np.cumsum)
max = _of_lists(np.max)
mean = _of_lists(np.mean)
median = _of_lists(np.median)
min = _of_lists(np.min)
prod = _of_lists(np.prod)
ptp = _of_lists(np.ptp)
sort = _of_lists(np.sort)
std = _of_lists(np.std)
sum = _of_lists(np.sum)
var = _of_lists(np.var)
