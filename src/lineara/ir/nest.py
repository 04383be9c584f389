"""Loop nests: what a structural record is, element by element, for back ends that make loops.

A nest has numbered loop indices, each with an extent. A result has one index for each of its axes; an index that no axis of
the result has is reduced. An operand is read along indices, at fixed positions, or at positions that the element computes.

    transpose   result (0, 1)   x: (Along(1), Along(0))          element x
    slice       result (0,)     x: (Along(0, start=2, step=3),)  element x
    sum         result (0,)     x: (Along(0), Along(1))          element x, joined by +
    gather      result (0,)     x: (COMPUTED,) i: (Along(0),)    element x at i
    contract    result (0, 1)   x: (Along(0), Along(2)) y: …     element (x, y), joined by acc + x·y

`m` is the arithmetic of the back end; numbers are its values. An `Update` changes a part of its first operand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Along:
    """The position `start + step·index`; with no index, `start`."""

    index: int | None
    start: int = 0
    step: int = 1

    @property
    def aligned(self) -> bool:
        """Whether the position is the index itself."""
        return self.index is not None and self.start == 0 and self.step == 1


@dataclass(frozen=True, slots=True)
class Linear:
    """The position `Σ step·index` over terms (index, step)."""

    terms: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """A position that the element computes; `checked` if it may be out of range, which is an `IndexError`."""

    checked: bool = False


COMPUTED: Final = Computed()
CHECKED: Final = Computed(checked=True)
Access = tuple[Along | Linear | Computed, ...]


def straight(*indices: int) -> Access:
    """The access along indices as they are."""
    return tuple(map(Along, indices))


@dataclass(frozen=True, slots=True)
class Combine:
    """How a reduction joins elements, from `identity(m, dtype)`: `join(m, accumulated, *element)`.

    `merge(m, a, b)` joins two accumulated values.
    """

    identity: Callable[[Any, Any], Any]
    join: Callable[..., Any]
    merge: Callable[[Any, Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Nest:
    """One result: `element(m, index, *reads)` at each combination of indices.

    `index(k)` is loop index k as a number; `reads[j](*positions)` is operand j at its access, with the positions that are
    computed. The element of a reduction is a tuple of what `join` takes. Without an element the result is the first operand
    as its access says: a view. `contiguous` says that the result is the operand in row-major order.
    """

    extents: tuple[int, ...]
    result: tuple[int, ...]
    operands: tuple[Access, ...]
    element: Callable[..., Any] | None = None
    combine: Combine | None = None
    contiguous: bool = False

    @property
    def reduced(self) -> tuple[int, ...]:
        """The indices that the result lacks."""
        return tuple([k for k in range(len(self.extents)) if k not in self.result])


@dataclass(frozen=True, slots=True)
class Update:
    """Operand 0 with a part of it changed: at each combination of indices the element at `target` becomes `join(m, old, y)`.

    `operands` are the accesses of the operands after the first. Computed positions of the target are the operands `positions`,
    by number (of those after the first), one per computed axis: they may repeat, so that the order counts. `value` is the
    number of the operand y; None: there is none.
    """

    extents: tuple[int, ...]
    target: Access
    operands: tuple[Access, ...]
    join: Callable[..., Any]
    value: int | None = 0
    positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """A result put together from operands: parts `(operand number, extents, target)`, that do not overlap.

    `fill` says that there are zeros around them. `apart` are the axes along which the parts lie, or the zeros.
    """

    shape: tuple[int, ...]
    parts: tuple[tuple[int, tuple[int, ...], Access], ...]
    fill: bool
    apart: tuple[int, ...]


Loops = Nest | Update | Join
