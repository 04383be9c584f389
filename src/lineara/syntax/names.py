"""What was perhaps meant by a name that means nothing."""

from collections.abc import Iterable
from difflib import get_close_matches


def closest(name: str, known: Iterable[str]) -> str:
    """A question that asks for the known name nearest to one that is unknown, or nothing."""
    found = get_close_matches(name, list(known), n=1)
    return f"did you mean `{found[0]}`?" if found else ""
