"""Products of matrices by tiles: NumPy's values, nothing touched beside the arrays, the same bits however they are cut."""

import ctypes
from fractions import Fraction

import numpy as np
import pytest
from llvmlite import ir

import lineara
from lineara.backends.native.compile import load, object_code
from lineara.backends.native.library import symbols
from lineara.backends.native.loops import Loops
from lineara.backends.native.products import multiply, tile, tiling
from lineara.backends.native.products.tiling import Parts, Registers
from lineara.backends.native.views import View
from lineara.testing.machine import PATTERNS, Fenced

POINTER = ir.PointerType()
PROCESSORS = {
    "SSE2": Registers(16, 16, False),
    "NEON": Registers(16, 32, True),
    "AVX": Registers(32, 16, False),
    "AVX2": Registers(32, 16, True),
    "AVX-512": Registers(64, 32, True),
}
FUSED = [name for name, registers in PROCESSORS.items() if registers.fused]


@pytest.fixture
def on(monkeypatch):
    """Products are cut as for a processor."""

    def choose(name):
        for module in (tiling, tile):
            monkeypatch.setattr(module, "registers", lambda: PROCESSORS[name])

    return choose


def run(x, y, z, pattern, *, fence_before):
    """z = x y of arrays as they lie in memory, which ends, or begins, at pages that nobody may touch."""
    module, size = ir.Module("product"), 0
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER] * 4), "kernel")
    builder = ir.IRBuilder(function.append_basic_block("entry"))

    def scratch(count):
        nonlocal size
        start, size = size, size + -(-count // 64) * 64
        return builder.gep(function.args[3], [ir.IntType(64)(start)], source_etype=ir.IntType(8))

    views = [
        View(p, a.dtype, a.shape, a.strides) for p, a in zip(function.args, (x, y, z), strict=False)
    ]
    multiply(Loops(builder, module, scratch, None), *views)
    builder.ret_void()
    code = object_code(str(module), 1)
    library = load(code, ["kernel"], symbols(code))
    kernel = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(library["kernel"])
    places = [
        Fenced(n, pattern, fence_before=fence_before)
        for n in (*[a.nbytes for a in (x, y, z)], size)
    ]
    for place, a in zip(places, (x, y), strict=False):
        place.bytes[:] = np.frombuffer(a.transpose(laid_out(a)).tobytes(), np.uint8)
    kernel(*[place.address for place in places])
    assert all(place.is_intact for place in places)
    order = laid_out(z)
    flat = places[2].bytes.view(z.dtype).reshape([z.shape[a] for a in order])
    return flat.transpose(np.argsort(order)).copy()


def laid_out(array):
    """The axes in the order in which an array lies in memory."""
    return sorted(range(array.ndim), key=lambda a: -array.strides[a])


def array(rng, shape, dtype):
    """Numbers whose axes lie in any order."""
    order = rng.permutation(len(shape))
    return rng.normal(size=[shape[a] for a in order]).astype(dtype).transpose(np.argsort(order))


def drawn(rng, dtype, sizes):
    batch, rows, terms, columns = sizes
    x, y = array(rng, (batch, rows, terms), dtype), array(rng, (batch, terms, columns), dtype)
    z = array(rng, (batch, rows, columns), dtype)
    return x, y, z


def close(found, x, y):
    exact, scale = (np.matmul(f(x), f(y), dtype=np.longdouble) for f in (np.asarray, np.abs))
    bound = 2 * x.shape[-1] * np.finfo(found.dtype).eps * scale
    return bool(np.all(abs(found - exact) <= bound))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", PROCESSORS)
def test_products_are_those_of_numpy_and_touch_their_arrays_only(name, seed, on):
    on(name)
    rng = np.random.default_rng(seed)
    sizes = (int(rng.integers(1, 4)), *map(int, rng.integers(0, 71, 3)))
    if seed % 4 == 3:
        sizes = (1, int(rng.integers(1, 20)), int(rng.integers(500, 1500)), sizes[3])
    x, y, z = drawn(rng, rng.choice(["f4", "f8"]), sizes)
    first = run(x, y, z, PATTERNS[0], fence_before=False)
    second = run(x, y, z, PATTERNS[1], fence_before=True)
    assert close(first, x, y), sizes
    assert first.tobytes() == second.tobytes(), sizes


@pytest.mark.parametrize("sizes", [(1, 40, 33, 50), (2, 17, 16, 9), (1, 30, 1100, 70)])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_bits_do_not_depend_on_the_tiles(dtype, sizes, on):
    x, y, z = drawn(np.random.default_rng(0), dtype, sizes)
    made = set()
    for name in FUSED:
        on(name)
        made.add(run(x, y, z, PATTERNS[0], fence_before=False).tobytes())
    assert len(made) == 1


def in_order(x, y, *, fused):
    """The sum of the products, term by term: rounded once or twice at each."""
    total = 0.0
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        total = float(Fraction(a) * Fraction(b) + Fraction(total)) if fused else total + a * b
    return total


@pytest.mark.parametrize("name", ["AVX", "AVX2"])
def test_terms_are_added_in_order(name, on):
    on(name)
    x, y, z = drawn(np.random.default_rng(1), "f8", (1, 5, 41, 6))
    found = run(x, y, z, PATTERNS[0], fence_before=False)[0]
    fused = PROCESSORS[name].fused
    assert found.tolist() == [[in_order(r, c, fused=fused) for c in y[0].T] for r in x[0]]


def test_products_have_the_same_bits_for_every_number_of_threads(monkeypatch):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(150, 300)), rng.normal(size=(300, 170))
    f = lineara.jit(lineara.value_and_grad(lambda x, y: np.sum(np.sin(x @ y)), (0, 1)))
    assert "lineara.library.parallel" in f.show(x, y, stage="llvm")
    before, made = lineara.get_num_threads(), set()
    for count in (1, 2, 3):
        lineara.set_num_threads(count)
        value, (of_x, of_y) = f(x, y)
        made.add((float(value), of_x.tobytes(), of_y.tobytes()))
    lineara.set_num_threads(before)
    assert len(made) == 1
    np.testing.assert_allclose(value, np.sum(np.sin(x @ y)), rtol=1e-9)


@pytest.mark.parametrize("length", range(1, 40))
def test_parts_make_a_whole(length):
    for count in range(1, length + 1):
        kinds = list(Parts(length, count).kinds())
        places = [i * k.size + k.offset for k in kinds for i in range(k.first, k.last)]
        ends = [i * k.size + k.offset + k.size for k in kinds for i in range(k.first, k.last)]
        assert places == [0, *ends[:-1]]
        assert ends[-1] == length
        assert sum(k.count for k in kinds) == count


@pytest.mark.parametrize("name", PROCESSORS)
def test_totals_fit_the_registers(name, on):
    on(name)
    for rows in (1, 5, 16, 50, 301):
        for columns in (1, 7, 16, 50, 301):
            tiles = tiling.tiling(rows, 40, columns, np.dtype(np.float64))
            assert tiles.rows.size * tiles.panels.size <= PROCESSORS[name].totals
