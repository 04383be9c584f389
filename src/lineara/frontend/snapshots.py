"""What a value that a trace has captured was at that time: the user's Python may change an array afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.backends.tape import Tape


def snapshot(value: Any) -> Any:
    """An array or tape as it is now: itself, if it cannot change."""
    if isinstance(value, Tape) or (value.base is None and not value.flags.writeable):
        return value
    copy = np.array(value)
    copy.flags.writeable = False
    return copy


def is_unchanged(value: Any, taken: Any) -> bool:
    """Whether an array or tape is still what was taken of it."""
    return value is taken or np.array_equal(*map(_bytes, (value, taken)))


def _bytes(array: Any) -> Any:
    words = np.uint64 if array.nbytes % 8 == 0 else np.uint8
    return np.ascontiguousarray(array).reshape(-1).view(words)
