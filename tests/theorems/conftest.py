"""Every property here takes 2,000 programs, always the same; with LINEARA_FUZZ_EXAMPLES that many, and new ones each time."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

FUZZ = int(os.environ.get("LINEARA_FUZZ_EXAMPLES", "0"))
MANY = settings(
    max_examples=FUZZ or 2000,
    derandomize=not FUZZ,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here and hasattr(item.obj, "hypothesis"):
            MANY(item.obj)
            if FUZZ:
                item.add_marker(pytest.mark.fuzz)
