"""Names in messages: shortened, and with what was perhaps meant by one that means nothing."""

from collections.abc import Iterable
from difflib import get_close_matches


def closest(name: str, known: Iterable[str]) -> str:
    """A question that asks for the known name nearest to one that is unknown, or nothing."""
    found = get_close_matches(name[:80], list(known), n=1)
    return f"did you mean `{found[0]}`?" if found else ""


def short(name: str) -> str:
    """A name, or the beginning of a very long one."""
    return name if len(name) <= 40 else f"{name[:39]}…"
