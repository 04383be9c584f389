"""From errors to messages and exit statuses; no traceback reaches a user who made a mistake."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from lineara.cli.console import report
from lineara.errors import LinearaError

FAILED, MISUSED = 1, 2
PACKAGE = Path(__file__).parent.parent


class UsageError(LinearaError):
    """A question that makes no sense: exit status 2."""


class UserError(LinearaError):
    """An exception of the user's own Python: exit status 1."""


class Commands(TyperGroup):
    """A group of commands whose errors of lineara end in a message and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            report(str(error))
            raise typer.Exit(MISUSED) from None
        except LinearaError as error:
            report(str(error))
            raise typer.Exit(FAILED) from None


@contextmanager
def values_from_user() -> Iterator[None]:
    """Mistakes in values that were given on the command line are misuse."""
    try:
        yield
    except LinearaError as error:
        raise UsageError(error.problem, origin=error.origin, mend=error.mend) from None


@contextmanager
def code_of_user(what: str) -> Iterator[None]:
    """An exception of the user's Python becomes a message with its last line there; a wrong call of it is misuse."""
    try:
        yield
    except LinearaError:
        raise
    except Exception as error:  # noqa: BLE001  (the user's code may raise anything)
        message = f"{what} raised {type(error).__name__}: {error}"
        frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_ours(f.filename)]
        if not frames:
            raise UsageError(message, mend="give other arguments") from None
        f = frames[-1]
        place = f'  file "{f.filename}", line {f.lineno}, in {f.name}\n    {f.line}'
        raise UserError(f"{message}\n{place}") from None


def _is_ours(file: str) -> bool:
    return file.startswith("<frozen") or Path(file).is_relative_to(PACKAGE)
