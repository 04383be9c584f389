"""Machine code is found again, in this process and in others, and damage is survived."""

import ctypes
import os
import subprocess
import sys
import time

import pytest

from lineara.backends.native import cache
from lineara.backends.native.cache import Store, machine_code
from lineara.backends.native.compile import Target, assembly, level_of, load, object_code

TEXT = """
define i64 @triple(i64 %x) {
  %y = mul i64 %x, 3
  ret i64 %y
}
"""


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("LINEARA_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def triple(code, x):
    library = load(code, ["triple"])
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(library["triple"])(x)


def files(directory):
    return sorted(p for p in directory.rglob("*") if p.is_file())


def test_code_runs():
    assert triple(object_code(TEXT), 14) == 42


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_code_runs_at_every_level(level):
    assert triple(object_code(TEXT, level), 14) == 42


def test_large_modules_are_optimised_less():
    assert [level_of(TEXT * n) for n in (1, 6_000)] == [3, 1]


def test_the_assembly_of_another_processor_can_be_read():
    assert "ret" in assembly(TEXT, target=Target("aarch64-linux-gnu", "generic", ""))


def test_a_declared_function_is_given_by_its_address():
    text = "declare i64 @other(i64)\n" + TEXT.replace("mul i64 %x, 3", "call i64 @other(i64 %x)")
    other = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(lambda x: x + 1)
    address = ctypes.cast(other, ctypes.c_void_p).value
    library = load(object_code(text), ["triple"], {"other": address})
    assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(library["triple"])(1) == 2


def test_an_entry_is_found_again(directory, monkeypatch):
    first = machine_code(TEXT)
    monkeypatch.setattr(cache.compiler, "optimised", None)
    assert machine_code(TEXT) == first
    assert triple(first, 5) == 15


def test_an_entry_depends_on_the_text_and_the_level(directory):
    for text, level in ((TEXT, 1), (TEXT, 2), (TEXT + "; ", 1), (TEXT, 1), (TEXT, None), (TEXT, 3)):
        machine_code(text, level)
    assert len(files(directory)) == 4


def test_another_process_finds_the_entry(directory):
    machine_code(TEXT)
    script = (
        "from lineara.backends.native import cache\n"
        "cache.compiler.optimised = None\n"
        f"assert cache.machine_code({TEXT!r})"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_an_empty_directory_name_keeps_nothing(monkeypatch):
    monkeypatch.setenv("LINEARA_CACHE_DIR", "")
    assert cache.store() is None
    assert triple(machine_code(TEXT), 2) == 6


def test_the_default_directory_is_the_users(monkeypatch):
    monkeypatch.delenv("LINEARA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    if sys.platform == "linux":
        assert str(cache.default_directory()) == "/somewhere/lineara"


@pytest.mark.parametrize("length", [0, 5, 20, 45, 60, -1])
def test_a_truncated_file_is_no_entry(directory, length):
    machine_code(TEXT)
    (file,) = files(directory)
    file.write_bytes(file.read_bytes()[:length])
    assert cache.store().get(file.stem) is None
    assert triple(machine_code(TEXT), 2) == 6
    assert cache.store().get(file.stem) is not None


def test_a_changed_byte_is_no_entry(directory):
    machine_code(TEXT)
    (file,) = files(directory)
    data = bytearray(file.read_bytes())
    data[-10] ^= 1
    file.write_bytes(data)
    assert cache.store().get(file.stem) is None


def test_what_cannot_be_written_is_forgotten(tmp_path):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file")
    store.put("ab", b"")
    assert store.get("ab") is None


def test_the_oldest_entries_go(tmp_path):
    store = Store(tmp_path, room=3500)
    now = time.time_ns()
    for i in range(5):
        store.put(f"{i}{i}", bytes(1000))
        if store.get(f"{i}{i}"):
            file = tmp_path / f"{i}{i}" / f"{i}{i}.code"
            os.utime(file, ns=(now + i, now + i))
    assert store.get("00") is None
    assert [store.get(f"{i}{i}") is not None for i in (2, 3, 4)] == [True] * 3
    assert store.size()[1] <= 3500
    assert store.clear() == 3
    assert store.size() == (0, 0)


def test_processes_may_write_at_once(tmp_path):
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from lineara.backends.native.cache import Store\n"
        "store = Store(Path(sys.argv[1]), room=200_000)\n"
        "for i in range(300):\n"
        "    key = f'{i % 17:02x}'\n"
        "    store.put(key, bytes([i % 17]) * 9_000)\n"
        "    found = store.get(key)\n"
        "    assert found is None or found == bytes([i % 17]) * 9_000\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
