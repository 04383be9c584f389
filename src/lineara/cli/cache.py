"""`lineara cache`: the machine code that is kept on disk."""

from __future__ import annotations

import typer

from lineara.backends.native.cache import Store, store
from lineara.cli.console import show_json
from lineara.cli.failures import Commands, UsageError
from lineara.cli.options import JsonOption

cache = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="""The machine code that is kept on disk, so that a program compiles once.

    It is in the directory that `LINEARA_CACHE_DIR` names, or in that of the user's caches; where the variable is empty, nothing
    is kept. The entries that were not used for longest go when there is no room.
    """,
)


@cache.command()
def info(as_json: JsonOption = False) -> None:
    """Print where the machine code is, and how much of it."""
    kept = _store()
    entries, size = kept.size()
    if as_json:
        found = {"directory": str(kept.directory), "entries": entries, "bytes": size}
        show_json(found | {"room": kept.room})
    else:
        typer.echo(f"{kept.directory}: {entries:,} entries, {size:,} bytes of {kept.room:,}")


@cache.command()
def clear() -> None:
    """Remove all machine code."""
    kept = _store()
    typer.echo(f"{kept.directory}: {kept.clear():,} entries removed")


@cache.command()
def path() -> None:
    """Print the directory."""
    typer.echo(str(_store().directory))


def _store() -> Store:
    found = store()
    if found is None:
        raise UsageError(
            "no machine code is kept: LINEARA_CACHE_DIR is empty",
            mend="name a directory, or remove the variable",
        )
    return found
