"""What a record's routine is emitted with: the arithmetic, loops and memory, library code, order."""

from __future__ import annotations

from lineara.backends.native.loops import Block
from lineara.backends.native.ordering import Ordering

__all__ = ["Block", "Procedure"]


class Procedure(Ordering):
    """The `m` of a routine `(m, operands, results, **attributes)`."""
