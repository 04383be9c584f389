"""A callable that runs a kernel where its arguments are those of a known signature, and calls Python where they are not."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

from lineara.backends.native.calling.layout import CallableData
from lineara.backends.native.calling.machine import machine, native, set_fields
from lineara.backends.native.calling.signature import Signature

ROOM = 512
"""How many signatures are known at once."""


@native
class Dispatcher:
    """A callable of signatures; where none of them matches its arguments, it calls `miss` with them.

    It matches, runs and builds its result in native code. `miss` may `add` a signature for the next time. Attributes may be
    set on it, as on a function (`functools.update_wrapper`), and it is bound as a method in a class.

    Args:
        miss: a function of the arguments as they are.
    """

    __slots__ = ("__dict__", "__weakref__", "_data", "_signatures", "miss")

    def __init__(self, miss: Callable[..., Any]) -> None:
        self.miss = miss
        self._signatures: tuple[Signature, ...] = ()
        self._data = CallableData(id(self._signatures), id(miss))
        set_fields(self, machine()["call"], self._data)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run a kernel, or `miss`; native code does so in the place of this."""
        return self.miss(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """A method, as a function gives."""
        return self if instance is None else MethodType(self, instance)

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """What is known; the first that matches is run."""
        return self._signatures

    def add(self, signature: Signature) -> None:
        """Know a signature more, before the others; the oldest beyond `ROOM` is forgotten."""
        known = (signature, *self._signatures[: ROOM - 1])
        self._data.signatures = id(known)
        self._signatures = known

    def clear(self) -> None:
        """Forget all signatures."""
        none: tuple[Signature, ...] = ()
        self._data.signatures = id(none)
        self._signatures = none
