"""Colourings of a basis: basis vectors of one colour share a row, since no element depends on two of them.

    pattern   1 1 0 0 0      colours   0      rows   v0 v0 v3 v3 v3
              0 1 1 0 0                1             .  v1 v1 v4 v4
              0 0 1 1 0                2             .  .  v2 v2 .
              0 0 0 1 1                0
              ...

(Curtis, Powell and Reid, "On the estimation of sparse Jacobian matrices", 1974.) A vector that nothing depends on has no
colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lineara.transforms.dependence import Pattern

NONE = -1


@dataclass(frozen=True)
class Coloring:
    """The colour of each basis vector, by number, and how many colours there are."""

    colors: tuple[int, ...]
    count: int

    @classmethod
    def apart(cls, present: Any) -> Coloring:
        """A colour for each vector that is present."""
        numbers = np.where(present, np.cumsum(present) - 1, NONE)
        return cls(tuple(numbers.tolist()), int(np.sum(present)))

    @cached_property
    def array(self) -> Any:
        """The colours, as an array."""
        return np.array(self.colors, np.intp)

    def rows(self, pattern: Pattern) -> Any:
        """How many vectors stand at each element of each row."""
        found = np.zeros((self.count, *pattern.shape[1:]), np.uint16)
        for j in np.flatnonzero(self.array >= 0):
            found[self.colors[j]] += pattern[j]
        return found

    def fits(self, pattern: Pattern) -> bool:
        """Whether all vectors that something depends on have colours, and no element depends on two of one."""
        present = pattern.reshape(len(pattern), -1).any(1)
        if np.any(self.array[present] < 0):
            return False
        used = self.array[present]
        return len(set(used.tolist())) == len(used) or bool(np.all(self.rows(pattern) <= 1))


def least_colors(pattern: Pattern) -> int:
    """The most vectors that one element depends on."""
    return int(pattern.sum(0, dtype=np.intp).max(initial=0))


def colored(pattern: Pattern) -> Coloring:
    """A colouring with few colours: each vector takes the first colour that does not collide."""
    flat = pattern.reshape(len(pattern), -1)
    present = flat.any(1)
    most = int(present.sum())
    if 2 * least_colors(pattern) > most:
        return Coloring.apart(present)
    colors = np.full(len(flat), NONE, np.intp)
    taken = np.zeros((0, flat.shape[1]), bool)
    for j in np.flatnonzero(present):
        free = np.flatnonzero(~taken[:, flat[j]].any(1))
        if not len(free):
            free = np.array([len(taken)])
            taken = np.concatenate([taken, np.zeros((1, flat.shape[1]), bool)])
            if 2 * len(taken) > most:
                return Coloring.apart(present)
        colors[j] = free[0]
        taken[free[0]] |= flat[j]
    return Coloring(tuple(colors.tolist()), len(taken))
