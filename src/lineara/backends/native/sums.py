"""The reductions of one loop: what it sums up, in the chunks that their orders ask for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from lineara.backends.native.groups import Group
from lineara.backends.native.order import Order, order_of
from lineara.backends.native.steps import At, Step
from lineara.backends.native.totals import Total, Whole
from lineara.ir.nest import Nest

if TYPE_CHECKING:
    from lineara.backends.native.emitter import Emitter


def orders(g: Group) -> dict[Step, Order]:
    """The orders of the steps that a loop reduces, some of which may have fewer trips than it has."""
    found = {
        s: (order_of(s.loops, k), s.extents[k])
        for s, k in g.index.items()
        if isinstance(s.loops, Nest) and k not in s.places
    }
    return {
        s: replace(order, chunk=g.extent or 0) if order.chunk >= n else order
        for s, (order, n) in found.items()
    }


def summed(g: Group) -> int:
    """The trips of a loop in which it reduces; all, if it reduces nothing."""
    assert g.extent is not None
    return max([s.extents[g.index[s]] for s in orders(g)], default=g.extent)


def chunk_of(g: Group) -> int:
    """The trips of a chunk of a loop: all, if it reduces nothing in chunks."""
    assert g.extent is not None
    return min([order.chunk for order in orders(g).values()], default=max(1, g.extent))


class Sums:
    """Totals of a loop: `parts` of the chunk that runs, and `merged` of all chunks, for those that are in chunks."""

    def __init__(self, emitter: Emitter, g: Group, at: At, *, on_lanes: bool) -> None:
        self.emitter, self.g, self.at = emitter, g, at
        self.beside = on_lanes and emitter.lanes == 1
        self.orders = orders(g)
        self.steps = list(self.orders)
        self.outer = {s: emitter.totals.get(s) for s in self.steps}
        chunked = [s for s, order in self.orders.items() if order.chunk < (g.extent or 0)]
        self.merged = {s: Total(emitter, s, g.index[s], at[s]) for s in chunked}
        self.parts = {s: self._part(s) for s in self.steps if s not in self.merged}
        for total in (*self.merged.values(), *self.parts.values()):
            total.clear()

    @property
    def may_be_apart(self) -> bool:
        """Whether chunks may run in any order: all that is summed up is in chunks."""
        return len(self.merged) == len(self.steps)

    def total(self, s: Step) -> Total:
        """What a step has summed up in the end."""
        return self.merged[s] if s in self.merged else self.parts[s]

    def fresh(self, whole: Collection[Step]) -> dict[Step, Total]:
        """Totals of a chunk, which begin; some are summed up in one go."""
        made = {s: self._part(s, whole=s in whole) for s in self.merged}
        for total in made.values():
            total.clear()
        return made

    def begin(self, whole: Collection[Step]) -> None:
        """A chunk begins."""
        ready = {s for s, t in self.parts.items() if isinstance(t, Whole) == (s in whole)}
        if not self.merged.keys() <= ready:
            self.parts |= self.fresh(whole)
            return
        for s in self.merged:
            self.parts[s].clear()

    def loaded(self) -> dict[Step, Total]:
        """The parts, numbers in registers: for one of several segments."""
        return {s: t.loaded() if t.is_number else t for s, t in self.parts.items()}

    def left(self, parts: dict[Step, Total]) -> None:
        """Give back what was loaded."""
        for s, t in parts.items():
            if t is not self.parts[s]:
                self.parts[s].load(t)

    def end(self) -> None:
        """A chunk has ended."""
        for s, total in self.merged.items():
            total.merge(self.parts[s])

    def _part(self, s: Step, *, whole: bool = False) -> Total:
        k, width = self.g.index[s], self.orders[s].width
        if whole:
            return Whole(self.emitter, s, k, self.at[s], width)
        return Total(self.emitter, s, k, self.at[s], width=width, beside=self.beside)
