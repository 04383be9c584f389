"""Kernels are found again by their programs, without a module being written; nothing else than the same program finds them."""

import subprocess
import sys

import numpy as np
import pytest

import lineara
from lineara.backends.native import kept, run
from lineara.primitives import elementwise, nondifferentiable


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("LINEARA_CACHE_DIR", str(tmp_path / "cache"))
    run.clear()
    yield tmp_path / "cache"
    run.clear()


@pytest.fixture
def emitted(monkeypatch):
    """The names of the programs that are emitted, one after the other."""
    names = []

    class Emitted(run.Program):
        def __init__(self, graph, *, strict):
            names.append(graph.name)
            super().__init__(graph, strict=strict)

    monkeypatch.setattr(run, "Program", Emitted)
    return names


def again(f, *args, **options):
    """What a function gives in a process that knows nothing of it yet."""
    run.clear()
    return lineara.jit(f, **options)(*args)


def total(x):
    return np.sum(np.sin(x) * x)


def test_a_kernel_is_found_again(emitted):
    x = np.linspace(0.0, 1.0, 100)
    first, second = again(lineara.grad(total), x), again(lineara.grad(total), x)
    assert len(emitted) == 1
    assert first.tobytes() == second.tobytes()
    assert not np.shares_memory(first, second)


def test_another_process_emits_nothing():
    script = (
        "import sys, numpy as np, lineara\n"
        "from lineara.backends.native import run\n"
        "if sys.argv[1] == 'second': run.Program = run.graph_of = None\n"
        "f = lineara.value_and_grad(lambda x: np.sum(np.tanh(np.dot(x, x.T))))\n"
        "print(lineara.jit(f)(np.arange(6.0).reshape(2, 3)), f(np.ones((2, 3))))"
    )
    found = [
        subprocess.run(
            [sys.executable, "-c", script, turn], check=True, capture_output=True, timeout=120
        ).stdout
        for turn in ("first", "second")
    ]
    assert found[0] == found[1] != b""


def test_without_jit_numbers_share_a_kernel(emitted):
    x = np.linspace(0.0, 1.0, 10)
    for factor in (2.3, 3.3):
        run.clear()
        assert np.allclose(lineara.grad(lambda x, c=factor: np.sum(c * x * x))(x), 2 * factor * x)
    assert len(emitted) == 1


def test_what_is_captured_tells_programs_apart():
    for size in (3, 5_000):
        for value in (1.0, 2.0):
            weights = np.full(size, value)
            found = again(lambda x, w=weights: np.sum(x * w), np.ones(size))
            assert found == size * value


def test_attributes_and_numbers_tell_programs_apart():
    x = np.arange(6.0).reshape(2, 3)
    for axis in (0, 1):
        assert np.array_equal(again(lambda x, a=axis: np.cumsum(x, a), x), np.cumsum(x, axis))
    for number in (0.0, -0.0, 1.5):
        found = again(lambda x, n=number: np.copysign(x, n), x)
        assert found.tobytes() == np.copysign(x, number).tobytes()


def test_levels_and_types_tell_programs_apart(emitted):
    for level in (1, 2, None):
        for dtype in (np.float32, np.float64):
            found = again(total, np.ones(7, dtype), optimize=level)
            assert found.dtype == dtype
    assert len(emitted) == 6


def test_failures_are_found_again(emitted):
    def pick(x, i):
        return x[i]

    def solve(a):
        return np.linalg.cholesky(a)

    for _ in range(2):
        with pytest.raises(IndexError, match="index 7 is out of bounds for axis 0 with size 3"):
            again(pick, np.ones(3), np.int64(7))
        with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
            again(solve, -np.eye(5))
    assert len(emitted) == 2


def test_tapes_of_loops_of_unknown_length_are_found_again(emitted):
    def halved(x):
        return lineara.while_loop(lambda c: c > 1.0, lambda c: c * 0.5, x)

    counts = []
    for _ in range(2):
        run.clear()
        y, back = lineara.vjp(halved, np.array(20.0))
        assert (y, *back(np.array(1.0))) == (0.625, 1 / 32)
        counts.append(len(emitted))
    assert counts[0] == counts[1] > 0


def test_a_record_of_the_user_is_not_what_its_name_says(emitted):
    for power in (2, 3):
        record = elementwise("own", "a power", lambda x, n=power: x**n, [lambda y, x: x])
        assert again(lambda x, r=record: lineara.apply(r, x), np.array(5.0)) == 5.0**power
    assert len(emitted) == 2


def test_what_calls_python_is_emitted_again(emitted):
    record = nondifferentiable(
        "twice", "2·x", lambda x: (x + x,), lambda x: (x,), family="own", examples=()
    )
    for _ in range(2):
        assert again(lambda x: lineara.apply(record, x) + 1.0, np.array(4.0)) == 9.0
    assert len(emitted) == 2


def files(directory, *, images):
    """The files that hold images, or object code."""
    found = [p for p in directory.rglob("*.code") if (b"Image" in p.read_bytes()) == images]
    assert found
    return found


@pytest.mark.parametrize("images", [True, False])
@pytest.mark.parametrize(
    "damage", [lambda b: b[:-9], lambda b: b[:60], lambda b: b[:-1] + bytes([b[-1] ^ 1])]
)
def test_what_is_damaged_is_made_again(directory, emitted, images, damage):
    x = np.ones(3)
    expected = again(total, x)
    for file in files(directory, images=images):
        file.write_bytes(damage(file.read_bytes()))
    assert again(total, x) == expected == again(total, x)
    assert len(emitted) == 2


@pytest.mark.parametrize("images", [True, False])
def test_what_is_lost_is_made_again(directory, emitted, images):
    x = np.ones(3)
    expected = again(total, x)
    for file in files(directory, images=images):
        file.unlink()
    assert again(total, x) == expected == again(total, x)
    assert len(emitted) == 2


def test_code_whose_library_is_gone_is_made_again(emitted, monkeypatch):
    a = np.eye(3)
    expected = again(np.linalg.eigvalsh, a)
    loaded = kept.Image.loaded

    def gone(image, code, *callbacks):
        if not callbacks:
            raise ValueError("no library code has the name")
        return loaded(image, code, *callbacks)

    monkeypatch.setattr(kept.Image, "loaded", gone)
    assert np.array_equal(again(np.linalg.eigvalsh, a), expected)
    assert len(emitted) == 2


def test_other_sources_find_nothing(tmp_path, emitted, monkeypatch):
    (tmp_path / "package" / "inner").mkdir(parents=True)
    source = tmp_path / "package" / "inner" / "rule.py"
    monkeypatch.setattr(kept, "SOURCES", str(tmp_path / "package"))
    for text in ("x + 1", "x + 1", "x + 10"):
        if not source.exists() or source.read_text() != text:
            source.write_text(text)
        kept._made_by.cache_clear()
        assert again(total, np.ones(3)) == total(np.ones(3))
    kept._made_by.cache_clear()
    assert len(emitted) == 2


def test_nothing_is_kept_where_the_directory_has_no_name(emitted, monkeypatch):
    monkeypatch.setenv("LINEARA_CACHE_DIR", "")
    for _ in range(2):
        assert again(total, np.ones(3)) == total(np.ones(3))
    assert len(emitted) == 2


def test_what_is_found_can_be_looked_into():
    x = np.ones(50)
    again(total, x)
    run.clear()
    f = lineara.jit(total)
    f(x)
    assert "sin" in f.show()
    assert "kernel:" in f.show(stage="asm")
    assert lineara.profile(f, x).entries
