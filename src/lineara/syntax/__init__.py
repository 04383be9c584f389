"""The language as text: `parse` reads it, `to_text` prints it, and the one is the inverse of the other."""

from lineara.syntax.printer import format_equation, format_function, to_text
from lineara.syntax.program import parse, parse_function, parse_type
from lineara.syntax.values import parse_value

__all__ = [
    "format_equation",
    "format_function",
    "parse",
    "parse_function",
    "parse_type",
    "parse_value",
    "to_text",
]
