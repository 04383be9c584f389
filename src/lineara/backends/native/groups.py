"""Groups of steps that run together, and which of them need which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lineara.backends.native.flat import Value
from lineara.backends.native.steps import Step
from lineara.ir.nest import Nest, Update


@dataclass(slots=True, eq=False)
class Group:
    """Steps that run together: in one loop (`index` says over which index of each), or one after the other."""

    extent: int | None
    steps: list[Step] = field(default_factory=list)
    index: dict[Step, int] = field(default_factory=dict)
    order: int = 0
    whole: bool = False

    def from_trip(self, first: int) -> Group:
        """The steps that take part from a trip on: those that have so many."""
        index = {s: k for s, k in self.index.items() if s.extents[k] > first}
        return self if len(index) == len(self.index) else replace(self, steps=[*index], index=index)


class Ways:
    """Which groups need which: what they read of them, and changes of what these read before."""

    def __init__(self, groups: Sequence[Group]) -> None:
        made = {v: g for g in groups for s in g.steps for v in s.outputs}
        self.needs: dict[Group, set[Group]] = {g: set() for g in groups}
        readers: dict[Value, list[Group]] = {}
        for g in groups:
            for s in g.steps:
                self.needs[g].update([made[v] for v in s.inputs if v in made])
                if isinstance(s.loops, Update):
                    self.needs[g].update(readers.get(s.inputs[0], ()))
                for v in s.inputs:
                    readers.setdefault(v, []).append(g)
            self.needs[g].discard(g)

    def meet(self, first: Group, later: Group) -> bool:
        """Whether no way leads from a group to an earlier one through others."""
        seen: set[Group] = set()
        rest = [g for g in self.needs[later] if g is not first]
        while rest:
            g = rest.pop()
            if g is first:
                return False
            if g not in seen:
                seen.add(g)
                rest += self.needs[g]
        return True

    def join(self, first: Group, later: Group) -> None:
        """Both are the first group from now on."""
        self.needs[first] |= self.needs.pop(later)
        for needs in self.needs.values():
            if later in needs:
                needs.discard(later)
                needs.add(first)
        self.needs[first].discard(first)

    def sorted(self, groups: Sequence[Group]) -> list[Group]:
        """The groups, each after those that it needs, and otherwise in their order."""
        made: dict[Group, None] = {}

        def make(g: Group) -> None:
            if g not in made:
                for needed in sorted(self.needs[g], key=lambda n: n.order):
                    make(needed)
                made[g] = None

        for g in groups:
            make(g)
        return list(made)


def late(steps: Sequence[Step]) -> list[Step]:
    """The steps with each of those that only compute elements right before the first that reads what it gives.

    What is read by a step that is moved stays unchanged until then: operands of updates are not moved past them.
    """
    changed = {s.inputs[0] for s in steps if isinstance(s.loops, Update)}
    first: dict[Value, tuple[int, ...]] = {}
    place: dict[Step, tuple[int, ...]] = {}
    for i, s in reversed(list(enumerate(steps))):
        at: tuple[int, ...] = (i,)
        read = [first[v] for v in s.outputs if v in first]
        moves = isinstance(s.loops, Nest) and s.loops.combine is None
        if moves and read and not any(v in changed for v in s.inputs):
            at = (min(read)[0], -1, i)
        place[s] = at
        for v in s.inputs:
            first[v] = min(first.get(v, at), at)
    return sorted(steps, key=lambda s: (place[s][0], *(place[s][1:] or (0,))))
