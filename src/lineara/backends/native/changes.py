"""Changes of parts of arrays, in place where nobody else reads them, and arrays that are put together of others."""

from __future__ import annotations

from lineara.backends.native.arrays import Arrays
from lineara.backends.native.flat import Value
from lineara.backends.native.groups import Group
from lineara.backends.native.places import Buffer, Formula, Position, along, read, seen, write
from lineara.backends.native.steps import Step
from lineara.ir.nest import Access, Along, Computed, Join, Update


class Changes(Arrays):
    """Emits updates and joins."""

    def _target(self, v: Value, at: dict[int, Position], s: Step) -> Buffer:
        """Memory for a result: where it is wanted, or new; the axes that are bound are not in it."""
        if v in self.homes:
            return self.homes[v]
        stays = [k is None or k not in at for k in s.places]
        return self.new(v, stays)

    def may_change(self, s: Step, x: Value, group: Group) -> Buffer | None:
        """The memory of the operand, if nobody reads it after this step."""
        place = self.places.get(x)
        if not isinstance(place, Buffer) or not place.root.owned:
            return None
        if any(f.last.get(v, -1) > f.now for f in self.frames for v in place.root.values):
            return None
        for t in group.steps:
            others = t.inputs if t is not s else t.inputs[1:]
            if any(v in place.root.values for v in others):
                return None
        return place

    def _update(self, s: Step, at: dict[int, Position], group: Group) -> None:
        """Change a part of the operand in place, or of a copy."""
        update, x, v = s.loops, s.inputs[0], s.output
        assert isinstance(update, Update)
        wanted = bool(at) and v in self.homes
        target = None if wanted else self.may_change(s, x, group)
        if target is None:
            target = self._target(v, at, s)
            free = {
                a: n for a, n in enumerate(v.shape) if s.places[a] is None or s.places[a] not in at
            }
            fixed = {a: at[k] for a, k in enumerate(s.places) if k is not None and k in at}

            def move(full: dict[int, Position], lanes: int) -> None:
                positions = [full[a] for a in range(len(v.shape))]
                write(self.m, target, positions, self.element(x, positions, lanes), lanes)

            self.over(free, fixed, move, borders=self.borders(x))
        self.places[v] = target
        target.root.values.append(v)
        free = {k: n for k, n in enumerate(update.extents) if k not in at}
        ordered = any(isinstance(p, Computed) for p in update.target)
        last = len(update.extents) - 1
        wide = last in free and (
            not ordered or any(isinstance(p, Along) and p.index == last for p in update.target)
        )

        def change(full: dict[int, Position], lanes: int) -> None:
            assert isinstance(update, Update)
            reads = [
                self._reader(y, access, full, lanes)
                for y, access in zip(s.inputs[1:], update.operands, strict=True)
            ]
            computed = [self.m.convert(reads[j](), self.m.index) for j in update.positions]
            positions = self.positions(v, update.target, full, computed)
            old = read(self.m, target, positions, lanes)
            given = [] if update.value is None else [reads[update.value]()]
            write(self.m, target, positions, update.join(self.m, old, *given), lanes)

        self.over(free, at, change, wide=wide, borders=self._borders_read(s), padded=not ordered)

    def _borders_read(self, s: Step) -> dict[int, frozenset[int]]:
        """Where the operands of an update are read differently, index by index."""
        update = s.loops
        assert isinstance(update, Update)
        found: list[frozenset[int]] = [frozenset()] * len(update.extents)
        for y, access in zip(s.inputs[1:], update.operands, strict=True):
            place = self.places.get(y)
            if isinstance(place, Formula) and place.is_pieced and y not in self.numbers:
                cuts = seen(place.borders, access, len(update.extents))
                found = [a | b for a, b in zip(found, cuts, strict=True)]
        return dict(enumerate(found))

    def _join(self, s: Step, at: dict[int, Position]) -> None:
        """Put a result together from its parts."""
        join, v = s.loops, s.output
        assert isinstance(join, Join)
        target = self._target(v, at, s)
        free = {a: n for a, n in enumerate(v.shape) if s.places[a] is None or s.places[a] not in at}
        fixed = {a: at[k] for a, k in enumerate(s.places) if k is not None and k in at}
        if join.fill:
            zero = self.m.constant(0, target.dtype)

            def clear(full: dict[int, Position], lanes: int) -> None:
                write(self.m, target, [full[a] for a in range(len(v.shape))], zero, lanes)

            self.over(free, fixed, clear)
        for number, extents, access in join.parts:
            x = s.inputs[number]

            def move(
                full: dict[int, Position], lanes: int, x: Value = x, access: Access = access
            ) -> None:
                source = [full[a] for a in range(len(v.shape))]
                positions = [along(self.m, p, full.__getitem__) for p in access]  # type: ignore[arg-type]
                write(self.m, target, positions, self.element(x, source, lanes), lanes)

            self.over({a: n for a, n in enumerate(extents) if a not in fixed}, fixed, move)
        self.places[v] = target
        target.root.values.append(v)
