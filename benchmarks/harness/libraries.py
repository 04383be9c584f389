"""What a workload uses of a library: the programs are the same for both, under these names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Library:
    """The names that a workload uses of a library.

    place   how an argument is given: as it is, or as an array of the library's own
    wait    until a result is there
    """

    numpy: Any
    logsumexp: Callable[..., Any]
    sigmoid: Callable[..., Any]
    cond: Callable[..., Any]
    scan: Callable[..., Any]
    fori_loop: Callable[..., Any]
    while_loop: Callable[..., Any]
    vmap: Callable[..., Any]
    jit: Callable[..., Any]
    grad: Callable[..., Any]
    value_and_grad: Callable[..., Any]
    jvp: Callable[..., Any]
    hvp: Callable[..., Any]
    jacfwd: Callable[..., Any]
    jacrev: Callable[..., Any]
    jacobian: Callable[..., Any]
    hessian: Callable[..., Any]
    place: Callable[[Any], Any]
    wait: Callable[[Any], Any]
