"""Which steps share a loop.

Steps that share a loop run index by index: what one of them makes at an index the others read at the same index, out of a
register. A step may be in a loop over one of its indices when each operand that is made in that loop is read at the very
position at which it is made, and when nothing waits for the end of the loop.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod

from lineara.backends.native.flat import Value
from lineara.backends.native.groups import Group, Ways
from lineara.backends.native.order import MIDDLE, may_bind
from lineara.backends.native.outer import is_outer
from lineara.backends.native.steps import Step
from lineara.ir.nest import Nest, Update

FEW = 100
"""The loops of a level up to which they are compared with each other."""
SHORT = 256
"""The elements up to which an array is put together of parts in each trip of the loop that makes them."""
LONG = 16
"""The trips from which on a loop waits for another, to be one with it: what shorter ones make is in registers anyway."""
AHEAD = 48
"""How many steps are looked at when the index of a new loop is chosen."""
CLOSE, STRIDED = 1 << 9, 0.3
"""The elements of an array from which on its order counts; what a loop is worth that goes through it in strides."""


Bound = dict[Step, frozenset[int]]


class Partition:
    """The groups of the steps at one level, where some indices of each step are bound by the loops around.

    Those whose elements are computed where they are read stand outside of loops. Steps that are `alone` share no loop over an
    index that they reduce. Values that are `fixed` cannot be changed in place: a change is one of a copy.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        bound: Bound,
        fixed: Collection[Value] = (),
        inlined: Collection[Step] = (),
        alone: Collection[Step] = (),
    ) -> None:
        self.bound, self.fixed, self.inlined, self.alone = bound, fixed, inlined, alone
        self.groups: list[Group] = []
        self.made_by: dict[Value, Group] = {}
        self.read_by: dict[Value, set[Group]] = {}
        self.maker: dict[Value, Step] = {}
        for i, s in enumerate(steps):
            self._place(s, steps[i + 1 : i + 1 + AHEAD])
            for v in s.outputs:
                self.maker[v] = s
        self._merge()

    def free(self, s: Step) -> list[int]:
        """The indices that are not bound yet."""
        return [k for k in range(len(s.extents)) if k not in self.bound[s]]

    def _open_axes(self, s: Step) -> bool:
        """Whether some axis of the result has no bound index."""
        return any([k is None or k not in self.bound[s] for k in s.places])

    def _place(self, s: Step, ahead: Sequence[Step]) -> None:
        free = self.free(s)
        straight_now = s.loops is not None and not free and not self._open_axes(s)
        after = 0
        for v in s.inputs:
            g = self.made_by.get(v)
            if g is not None:
                after = max(after, g.order + (g.extent is not None or not straight_now or g.whole))
        outside = s in self.inlined or (s.is_view and self._is_outside(s, ahead))
        if straight_now or outside:
            self._straight(s, after if straight_now else self._after(s))
            return
        if isinstance(s.loops, Nest):
            self._loop(s, ahead)
            return
        g = self._base(s)
        if g is not None and g.extent is not None:
            k = self._joined(s, g) if after <= g.order + 1 else None
            if k is not None:
                self._add(g, s, k)
                return
        whole = Group(None, whole=True)
        self._insert(whole, max(after, self._last_reader(s)))
        self._add(whole, s, None)

    def _base(self, s: Step) -> Group | None:
        """The group whose loop a change or a join may be in: that of its operand, or of the part that a fixed array gets."""
        if s.loops is None or not s.inputs:
            return None
        own, parts = self.made_by.get(s.inputs[0]), s.inputs[1:]
        fixed = isinstance(s.loops, Update) and s.inputs[0] in self.fixed
        if fixed and parts and (own is None or own.extent is None):
            g = self.made_by.get(parts[0])
            return g if g is not None and self._is_short(s, g) else own
        return own

    def _is_short(self, s: Step, g: Group) -> bool:
        """Whether a trip of a loop has few elements of a result."""
        k = self._joined(s, g) if g.extent is not None else None
        bound = {k, *self.bound[s]}
        inside = [n for j, n in zip(s.places, s.output.shape, strict=True) if j not in bound]
        return k is not None and prod(inside) <= SHORT

    def _last_reader(self, s: Step) -> int:
        """The first place of a change where those that read its operand before have run: it need not copy."""
        readers = self.read_by.get(s.inputs[0], ()) if isinstance(s.loops, Update) else ()
        return max([g.order + 1 for g in readers], default=0)

    def _bindable(self, s: Step) -> list[int]:
        bound, nest = self.bound[s], s.loops
        free = [k for k in s.bindable if k not in bound]
        if not isinstance(nest, Nest) or nest.combine is None:
            return free
        return [k for k in free if may_bind(nest, k, bound)]

    def _is_alone(self, s: Step, k: int) -> bool:
        return s in self.alone and k not in s.places

    def _is_outside(self, s: Step, ahead: Sequence[Step]) -> bool:
        """Whether the operand of a view is at hand before any loop that the view could join."""
        g = self.made_by.get(s.inputs[0])
        if g is None or g.extent is None:
            return True
        k = self._joined(s, g)
        return k is None or self._is_larger(s, k, g, ahead)

    def _after(self, s: Step) -> int:
        made = [self.made_by[v] for v in s.inputs if v in self.made_by]
        return max([g.order + (g.extent is not None or g.whole) for g in made], default=0)

    def _straight(self, s: Step, after: int) -> None:
        for g in self.groups[after : after + 1]:
            if g.extent is None and not g.whole:
                self._add(g, s, None)
                return
        group = Group(None)
        self._insert(group, after)
        self._add(group, s, None)

    def _loop(self, s: Step, ahead: Sequence[Step]) -> None:
        least, inside = 0, 0
        for v in s.inputs:
            g = self.made_by.get(v)
            if g is not None:
                least = max(least, g.order if g.extent is not None else g.order + 1)
                inside = max(inside, g.order + 1)
        for g in self.groups[least:]:
            if g.extent is None:
                continue
            k = self._joined(s, g, ahead)
            if k is not None and not self._is_larger(s, k, g, ahead):
                self._add(g, s, k)
                return
        group = Group(None)
        group.extent, k = self._chosen(s, ahead)
        self._insert(group, self._before_larger(s, inside))
        self._add(group, s, k)

    def _joined(self, s: Step, g: Group, ahead: Sequence[Step] = ()) -> int | None:
        """The index by which a step can be in a loop, if there is one; it shares something with it."""
        related = False
        if any(self._is_alone(t, g.index[t]) for t in g.steps):
            return None
        candidates = {
            k for k in self._bindable(s) if s.extents[k] == g.extent and not self._is_alone(s, k)
        }
        for i, v in enumerate(s.inputs):
            made = self.made_by.get(v)
            if made is g:
                related = True
                p = self.maker[v]
                k = g.index[p]
                if k not in p.places:
                    return None
                axis = p.places.index(k)
                at = s.aligned[i].get(axis)
                candidates &= {at} if at is not None else set()
            elif made is not None and made.order >= g.order:
                return None
        if not candidates:
            return None
        k = min(candidates, key=lambda k: (k not in s.places, k))
        shares = self._shares(s, g, candidates) and not self._parts(s, k, ahead)
        return k if related or shares or self._meets(s, k, g, ahead) else None

    def _parts(self, s: Step, k: int, ahead: Sequence[Step]) -> bool:
        """Whether a reduction ahead that reads a step may not run over this index yet."""
        if k not in s.places:
            return False
        axis = s.places.index(k)
        for t in ahead:
            for v, aligned in zip(t.inputs, t.aligned, strict=False):
                if v in s.outputs and axis in aligned and aligned[axis] not in self._bindable(t):
                    return isinstance(t.loops, Nest)
        return False

    def _before_larger(self, s: Step, first: int) -> int:
        """Where a new loop goes: before larger arrays, which may read of it then; inside of others, of its extent only."""
        size = self._rest(s, -1)
        for g in self.groups[first:]:
            may_join = g.extent in s.extents if self.bound[s] else g.extent is not None
            if may_join and all(self._rest(t, -1) > size for t in g.steps):
                return g.order
        return len(self.groups)

    def _is_larger(self, s: Step, k: int, g: Group, ahead: Sequence[Step]) -> bool:
        """Whether a step makes more in a trip than all others of a loop, and is rather in a loop over another index."""
        size = self._rest(s, k)
        if self._is_outer(s, k) or any(self._rest(t, g.index[t]) >= size for t in g.steps):
            return False
        return self._chosen(s, ahead)[1] != k

    def _is_outer(self, s: Step, k: int) -> bool:
        return is_outer(s, k, self.bound[s], MIDDLE)

    def _rest(self, s: Step, k: int) -> int:
        return prod([s.extents[j] for j in self.free(s) if j != k])

    def _meets(self, s: Step, k: int, g: Group, ahead: Sequence[Step]) -> bool:
        """Whether a step ahead, in one loop with both, reads what comes of a step and what a loop makes."""
        here = {v for t in g.steps if g.index[t] in t.places for v in t.outputs}
        if k not in s.places:
            return False
        axes = {v: s.places.index(k) for v in s.outputs}
        for t in ahead:
            derived = [i for i, v in enumerate(t.inputs) if v in axes]
            if not derived or t.loops is None:
                continue
            ways = {t.aligned[i].get(axes[t.inputs[i]]) for i in derived}
            if len(ways) != 1:
                continue
            (way,) = ways
            if way is None or way not in t.bindable or way in self.bound[t]:
                continue
            for i, v in enumerate(t.inputs):
                if (
                    v in here
                    and self._axis(v, g) in t.aligned[i]
                    and t.aligned[i][self._axis(v, g)] == way
                ):
                    return True
            if way in t.places:
                axes.update(dict.fromkeys(t.outputs, t.places.index(way)))
        return False

    def _axis(self, v: Value, g: Group) -> int:
        """The axis of a value along which a loop makes it."""
        maker = self.maker[v]
        return maker.places.index(g.index[maker])

    def _shares(self, s: Step, g: Group, candidates: set[int]) -> bool:
        """Whether a step that reads nothing of a loop reads the same arrays at the same positions, or nothing at all."""
        if not s.inputs:
            return True
        read = {(v, a) for t in g.steps for v, a in self._reads(t, g.index[t])}
        return any((v, a) in read for k in candidates for v, a in self._reads(s, k))

    def _merge(self) -> None:
        """Let loops of one extent be one loop, where nothing has to run after one and before the other."""
        loops = [g for g in self.groups if g.extent is not None]
        if len(loops) > FEW:
            return
        ways = Ways(self.groups)
        for later in loops:
            first = next(
                (g for g in loops if self._may_merge(g, later) and ways.meet(g, later)), None
            )
            if first is not None:
                for s in later.steps:
                    self._add(first, s, later.index[s])
                later.steps = []
                ways.join(first, later)
        self.groups = ways.sorted([g for g in self.groups if g.steps])
        for i, g in enumerate(self.groups):
            g.order = i

    def _may_merge(self, first: Group, later: Group) -> bool:
        """Whether the steps of both loops go through one, index by index, and share something."""
        if first.extent != later.extent or first.order >= later.order or not first.steps:
            return False
        waits = first.extent is not None and first.extent >= LONG
        if any(self._is_alone(s, g.index[s]) for g in (first, later) for s in g.steps):
            return False
        shared = False
        for s in later.steps:
            for i, v in enumerate(s.inputs):
                made = self.made_by.get(v)
                if made is first:
                    p = self.maker[v]
                    k = first.index[p]
                    if k not in p.places or s.aligned[i].get(p.places.index(k)) != later.index[s]:
                        return False
                    shared = True
                elif made not in (None, later) and made.order >= first.order and not waits:
                    return False
        return shared or any(self._shares(s, first, {later.index[s]}) for s in later.steps)

    @staticmethod
    def _reads(s: Step, k: int) -> list[tuple[Value, int]]:
        return [
            (v, a)
            for v, axes in zip(s.inputs, s.aligned, strict=True)
            for a, at in axes.items()
            if at == k
        ]

    def _chosen(self, s: Step, ahead: Sequence[Step]) -> tuple[int, int]:
        """The index of a new loop: the one that lets most of the work that follows join."""
        options = self._bindable(s)
        if len(options) == 1:
            return s.extents[options[0]], options[0]
        joins = {k: self._joins(s, k, ahead) + self._joined_by(s, k) for k in options}
        work = {k: n * self._stride(s, k) for k, n in joins.items()}
        best = max(options, key=lambda k: (self._is_outer(s, k), work[k], k in s.places, -k))
        return s.extents[best], best

    def _joined_by(self, s: Step, k: int) -> int:
        """The work of the loops that make operands along the longest axis: a loop over it may become one with them."""
        if k not in s.places or s.extents[k] < max(LONG, *s.extents):
            return 0
        found: set[Group] = set()
        for v, aligned in zip(s.inputs, s.aligned, strict=True):
            g = self.made_by.get(v)
            if g is not None and g.extent is not None:
                p = self.maker[v]
                at = g.index[p]
                if at in p.places and aligned.get(p.places.index(at)) == k:
                    found.add(g)
        return sum(t.work for g in found for t in g.steps)

    def _stride(self, s: Step, k: int) -> float:
        """What a loop over an index is worth where those inside it go through memory in strides."""
        is_last = isinstance(s.loops, Nest) and not s.loops.combine and s.places[-1:] == (k,)
        return STRIDED if is_last and self._rest(s, k) > 1 and self._rest(s, -1) >= CLOSE else 1.0

    def _joins(self, s: Step, k: int, ahead: Sequence[Step]) -> int:
        """The work of the steps ahead that could share a loop over this index."""
        members: dict[Value, tuple[Step, int]] = {s.outputs[0]: (s, k)}
        blocked = {s.outputs[0]} if k not in s.places else set()
        total = s.work
        for t in ahead:
            if any(v in blocked for v in t.inputs):
                blocked.update(t.outputs)
                continue
            related = [i for i, v in enumerate(t.inputs) if v in members]
            if not related:
                continue
            candidates = {j for j in self._bindable(t) if t.extents[j] == s.extents[k]}
            for i in related:
                p, j = members[t.inputs[i]]
                axis = p.places.index(j)
                at = t.aligned[i].get(axis) if t.aligned else None
                candidates &= {at} if at is not None else set()
            if not candidates:
                blocked.update(t.outputs)
                continue
            j = min(candidates, key=lambda k: (k not in t.places, k))
            total += t.work
            if j in t.places:
                members[t.outputs[0]] = (t, j)
            else:
                blocked.update(t.outputs)
        return total

    def _insert(self, group: Group, at: int) -> None:
        self.groups.insert(at, group)
        for i, g in enumerate(self.groups[at:], at):
            g.order = i

    def _add(self, group: Group, s: Step, index: int | None) -> None:
        group.steps.append(s)
        if index is not None:
            group.index[s] = index
        for v in s.outputs:
            self.made_by[v] = group
        for v in s.inputs:
            self.read_by.setdefault(v, set()).add(group)
