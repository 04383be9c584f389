"""Machine code of tests is not kept on disk, unless a test says where."""

import pytest


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch):
    monkeypatch.setenv("LINEARA_CACHE_DIR", "")
