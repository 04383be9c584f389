"""Names of variables and functions, as they are printed, and as plans and errors refer to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import count, product
from string import ascii_lowercase

from lineara.ir.terms import Function, Var

_RESERVED = (
    "def let in tuple unpack zero dup drop checkpoint recompute linear switch of with scan from over while do "
    "true false inf nan infj nanj"
)
KEYWORDS = frozenset(_RESERVED.split(" "))


class Namer:
    """Gives each request a name of its own: the hint, or the hint with the next free number."""

    def __init__(self, taken: Iterable[str] = KEYWORDS) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def name(self, hint: str) -> str:
        """A new name."""
        name = hint
        while name in self._taken:
            number = self._next.get(hint, 1)
            self._next[hint] = number + 1
            name = f"{hint}_{number}"
        self._taken.add(name)
        return name

    def is_free(self, name: str) -> bool:
        """Whether no request has the name."""
        return name not in self._taken


@lru_cache(maxsize=65536)
def identifier(hint: str) -> str:
    """The name that is nearest to a hint and can be written."""
    name = _NOT_IN_A_NAME.sub("_", hint)
    return name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"


_NOT_IN_A_NAME = re.compile(r"[^\w\u0300-\u036f]")


def variable_names(function: Function) -> dict[Var, str]:
    """The printed name of every variable that a function binds.

    Hints have the first choice; variables without one are a, b, …, z, aa, ab, … in the order of their binding.
    """
    bound = [*function.params, *function.linear_params]
    bound += [v for e in function.equations for v in e.outputs]
    namer = Namer()
    names: dict[Var, str] = {}
    for v in bound:
        if v.hint and v not in names:
            names[v] = namer.name(identifier(v.hint))
    letters = filter(namer.is_free, _letters())
    for v in bound:
        if v not in names:
            names[v] = next(letters)
    return names


def _letters() -> Iterator[str]:
    """a, b, …, z, aa, ab, …"""
    for length in count(1):
        yield from map("".join, product(ascii_lowercase, repeat=length))
