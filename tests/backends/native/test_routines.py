import ctypes
from dataclasses import dataclass

import numpy as np
import pytest
from llvmlite import binding, ir

from lineara.backends.native.library import bind, names_in
from lineara.backends.native.procedure import Procedure
from lineara.ir import ArrayType, infer
from lineara.primitives import REGISTRY

binding.initialize_native_target()
binding.initialize_native_asmprinter()

LONG, POINTER = ir.IntType(64), ir.PointerType()
ROUTINES = {name: r for name, r in REGISTRY.items() if r.routine is not None}
INDEX = np.dtype(np.int64)


@dataclass
class Block:
    type: ArrayType
    pointer: object


class Kernel:
    """A function that is one routine, on contiguous arrays."""

    def __init__(self, record, operands, attributes):
        self.results = infer(record, attributes, operands)
        self.module = ir.Module("kernel")
        signature = ir.FunctionType(ir.IntType(32), [POINTER] * 3)
        function = ir.Function(self.module, signature, "kernel")
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        self.inputs, self.outputs, self.workspace = function.args
        self.bytes, self.failures = 64, []
        m = Procedure(self.builder, self.module, self.scratch, self.fail_if)
        given = [self.block(self.inputs, i, t) for i, t in enumerate(operands)]
        made = [self.block(self.outputs, i, t) for i, t in enumerate(self.results)]
        record.routine(m, given, made, **dict(attributes))
        self.builder.ret(ir.IntType(32)(0))
        self.engine = compiled(self.module)

    def block(self, table, place, type_):
        at = self.builder.gep(table, [LONG(place)], source_etype=POINTER)
        return Block(type_, self.builder.load(at, typ=POINTER))

    def scratch(self, size):
        start, self.bytes = self.bytes, self.bytes + (size + 63) // 64 * 64
        with self.builder.goto_entry_block():
            return self.builder.gep(self.workspace, [LONG(start)], source_etype=ir.IntType(8))

    def fail_if(self, condition, make_exception, *details):
        self.failures.append(make_exception)
        with self.builder.if_then(condition, likely=False):
            for i, detail in enumerate(details):
                at = self.builder.gep(self.workspace, [LONG(i)], source_etype=LONG)
                self.builder.store(detail, at)
            self.builder.ret(ir.IntType(32)(len(self.failures)))

    def __call__(self, *operands):
        results = [np.full(t.shape, 77, t.dtype) for t in self.results]
        workspace = np.zeros(self.bytes + 128, np.uint8)
        start = -workspace.ctypes.data % 64
        tables = [
            (ctypes.c_void_p * (1 + len(arrays)))(*[a.ctypes.data for a in arrays])
            for arrays in (operands, results)
        ]
        address = self.engine.get_function_address("kernel")
        kernel = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 3)(address)
        code = kernel(*map(ctypes.addressof, tables), workspace.ctypes.data + start)
        if code:
            details = workspace[start:][:32].view(np.int64)
            raise self.failures[code - 1](tuple(map(int, details)))
        return results


def compiled(module):
    bind(names_in(module))
    parsed = binding.parse_assembly(str(module))
    parsed.verify()
    machine = binding.Target.from_default_triple().create_target_machine(opt=1)
    builder = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(1))
    builder.getModulePassManager().run(parsed, builder)
    engine = binding.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    return engine


def draw(rng, type_, low=-2.0, high=2.0):
    kind, shape = type_.dtype.kind, type_.shape
    if kind in "biu":
        return rng.integers(0 if kind != "i" else -5, 2 if kind == "b" else 6, shape).astype(
            type_.dtype
        )
    value = rng.uniform(low, high, shape)
    if kind == "c":
        value = value + 1j * rng.uniform(low, high, shape)
    return np.asarray(value, type_.dtype)


def admitted(record, operands, low=-2.0, high=2.0):
    rng = np.random.default_rng(3)
    for _ in range(10_000):
        values = [draw(rng, t, low, high) for t in operands]
        if record.admits is None or record.admits(*values):
            return values
    raise AssertionError("no sample is admitted")


ROUNDED = {"polygamma", "gammainc", "betainc", "zeta", "cumprod", "recurrence", "cofactors", "pinv"}
"""Where NumPy may contract products of complex numbers, or sums series in another order."""


def agree(record, given, meant):
    for x, y in zip(given, meant, strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        single = np.finfo(x.dtype).eps > 1e-10 if x.dtype.kind in "fc" else False
        if record.name in ROUNDED and x.dtype.kind in "fc":
            np.testing.assert_allclose(
                x, y, rtol=1e-5 if single else 1e-12, atol=1e-6 if single else 1e-13
            )
        else:
            np.testing.assert_array_equal(x, y)
            assert x.tobytes() == y.tobytes() or not x.size or np.any(np.isnan(x)) or np.any(x == 0)


def check(record, operands, attributes, values):
    copies = [v.copy() for v in values]
    given = Kernel(record, operands, attributes)(*values)
    for before, after in zip(copies, values, strict=True):
        assert before.tobytes() == after.tobytes(), "an operand was written"
    agree(record, given, record.evaluate(*copies, **dict(attributes)))


@pytest.mark.parametrize(
    ("name", "place"),
    [(name, i) for name, record in ROUTINES.items() for i in range(len(record.examples))],
)
def test_a_routine_is_its_evaluation(name, place):
    record = ROUTINES[name]
    example = record.examples[place]
    values = admitted(record, example.operands, example.low, example.high)
    check(record, example.operands, example.attributes, values)
