"""The command line: `lineara COMMAND --help` explains each command with examples.

Exit status: 0 when all is well, 1 when what was asked about is not (an ill-typed program, a gradient that costs too much),
2 when the question makes no sense (no such file, arguments that do not fit).
"""

from lineara.cli.app import app, main

__all__ = ["app", "main"]
