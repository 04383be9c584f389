"""Tests of tracing run their programs on the reference back end; `LINEARA_BACKEND=native` runs them as machine code.

They ask what a trace means, each at a program of its own, which would be compiled for one call. Whether machine code means
the same is asked in `tests/backends`, at every record and at generated programs.
"""

import os
from pathlib import Path

import pytest

from lineara.backends import choice

TRACING = [Path(__file__).parent / name for name in ("frontend", "namespace", "primitives")]


@pytest.fixture(autouse=True)
def backend(request, monkeypatch):
    if choice.VARIABLE in os.environ:
        return
    if any(request.path.is_relative_to(folder) for folder in TRACING):
        monkeypatch.setattr(choice, "_chosen", "reference")
