"""What went wrong, where, and how to mend it.

Every error of lineara is a `LinearaError`. Its message has up to three parts: what is wrong, the place (an `Origin`: a
line of a text program with a caret, or a line of the user's Python), and the mend.
"""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from types import CodeType


@dataclass(frozen=True, slots=True)
class TextOrigin:
    """A position in a text program: one-based line and column."""

    file: str
    line: int
    column: int
    source: str

    def describe(self) -> str:
        """The file, line and column, the source line, and a caret under the column."""
        shown, caret = _window(self.source, self.column)
        return f'  file "{self.file}", line {self.line}, column {self.column}\n    {shown}\n    {caret}'


@dataclass(frozen=True, slots=True)
class PythonOrigin:
    """A line of the user's Python: a code object and the instruction that was running."""

    code: CodeType
    instruction: int

    @property
    def line(self) -> int:
        """The one-based source line of the instruction."""
        for start, stop, line in self.code.co_lines():
            if start <= self.instruction < stop and line is not None:
                return line
        return self.code.co_firstlineno

    def describe(self) -> str:
        """The file, line and function, and the source line where it can be found."""
        text = linecache.getline(self.code.co_filename, self.line).strip()
        place = f'  file "{self.code.co_filename}", line {self.line}, in {self.code.co_name}'
        return f"{place}\n    {text}" if text else place


Origin = TextOrigin | PythonOrigin


class LinearaError(Exception):
    """Base of all errors that lineara raises.

    Attributes: `problem` (what is wrong), `origin` (where, or None), `mend` (how to mend it, or "").
    """

    def __init__(self, problem: str, *, origin: Origin | None = None, mend: str = "") -> None:
        self.problem = problem
        self.origin = origin
        self.mend = mend
        parts = [problem]
        if origin is not None:
            parts.append(origin.describe())
        if mend:
            parts.append(f"  mend: {mend}")
        super().__init__("\n".join(parts))


class ParseError(LinearaError, ValueError):
    """A text program that the grammar, or the elaboration of names, does not accept."""


class LinearTypeError(LinearaError, TypeError):
    """A program that breaks a typing rule; `rule` names it, `variable` is the printed name."""

    def __init__(
        self,
        problem: str,
        *,
        rule: str,
        variable: str = "",
        origin: Origin | None = None,
        mend: str = "",
    ) -> None:
        super().__init__(problem, origin=origin, mend=mend)
        self.rule = rule
        self.variable = variable


class ShapeError(LinearaError, ValueError):
    """Operand shapes that an operation does not accept."""


class IndexingError(LinearaError, IndexError):
    """An index that is out of range."""


class DtypeError(LinearaError, TypeError):
    """Operand dtypes, or Python types, that an operation does not accept."""


class TraceError(LinearaError, TypeError):
    """Python that cannot be traced as it stands."""


class LeakError(TraceError):
    """A traced value used after the function that it belongs to was traced."""


class SettingError(LinearaError, ValueError):
    """A setting that does not exist, or a value that it cannot have."""


class PlanError(LinearaError, ValueError):
    """A checkpoint plan that does not fit the program."""


class TransformError(LinearaError, TypeError):
    """A program that a transformation does not take."""


def _window(source: str, column: int, width: int = 120) -> tuple[str, str]:
    """The part of a source line around the column, and the line that holds the caret."""
    start = max(0, column - 1 - width // 2)
    shown = source[start : start + width]
    pad = "".join("\t" if c == "\t" else " " for c in shown[: column - 1 - start])
    return shown, pad + "^"
