"""Hypothesis strategies. Hypothesis is an extra: only this module of the package imports it."""

from __future__ import annotations

from hypothesis import strategies as st

from lineara.testing.programs import Program, generate


def programs(*, mixed: bool | None = False, max_size: int = 10) -> st.SearchStrategy[Program]:
    """Random programs; with `mixed` None, of both kinds. They shrink by size, and print as the call that makes them."""
    return st.builds(
        generate,
        size=st.integers(0, max_size),
        seed=st.integers(0, 2**32 - 1),
        mixed=st.booleans() if mixed is None else st.just(mixed),
    )
