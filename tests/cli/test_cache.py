"""cache: where the machine code is, and its end."""

import json

import pytest

from lineara.backends.native.cache import Store


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("LINEARA_CACHE_DIR", str(tmp_path / "code"))
    return tmp_path / "code"


def test_the_directory(call, directory):
    assert call("cache", "path").out.strip() == str(directory)


def test_an_empty_cache(call, directory):
    assert "0 entries, 0 bytes" in call("cache", "info").out
    assert "0 entries removed" in call("cache", "clear").out


def test_entries_are_counted_and_removed(call, directory):
    for key in ("00aa", "00bb", "11cc"):
        Store(directory).put(key, bytes(100))
    found = json.loads(call("cache", "info", "--json").out)
    assert found["entries"] == 3
    assert 300 < found["bytes"] < found["room"]
    assert "3 entries removed" in call("cache", "clear").out
    assert json.loads(call("cache", "info", "--json").out)["entries"] == 0


def test_no_cache_is_misuse(call, monkeypatch):
    monkeypatch.setenv("LINEARA_CACHE_DIR", "")
    found = call("cache", "info")
    assert found.status == 2
    assert "LINEARA_CACHE_DIR is empty" in found.err
