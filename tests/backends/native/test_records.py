"""Every record at every example, and at sizes around the numbers of lanes: machine code gives what the reference gives."""

from random import Random

import pytest

from lineara.errors import LinearaError
from lineara.ir import ArrayType, Builder, infer
from lineara.primitives import REGISTRY, Expr
from lineara.testing.machine import agrees
from lineara.testing.values import sample
from lineara.typecheck import check

SIZES = (0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 100)
MOST = 16


class Programs:
    """One function of many applications of a record, with arguments."""

    def __init__(self, record):
        self.record, self.builder = record, Builder(record.name)
        self.args, self.linear_args, self.results, self.linear_results = [], [], [], []

    def add(self, example, operands, attributes):
        given = admitted(self.record, example, operands)
        params = [
            self.builder.param(t, linear=self.record.borrows and i == 0)
            for i, t in enumerate(operands)
        ]
        made = self.builder.apply(self.record, params, dict(attributes))
        if example.reading is not None:
            made = [x.var for x in example.reading(*[Expr(self.builder, v) for v in made])]
        for v, x in zip(params, given, strict=True):
            (self.linear_args if v.linear else self.args).append(x)
        for v in made:
            (self.linear_results if v.linear else self.results).append(v)

    def check(self, level):
        function = check(self.builder.finish(self.results, self.linear_results))
        agrees(function, [*self.args, *self.linear_args], level)


def admitted(record, example, operands):
    rng = Random(len(operands))
    for _ in range(10_000):
        given = [sample(t, rng, example.low, example.high) for t in operands]
        if record.admits is None or record.admits(*given):
            return given
    raise AssertionError("no sample is admitted")


def resized(example, size):
    """The operands and attributes of an example, its largest extent another one."""
    extent = max(n for t in example.operands for n in t.shape)

    def renamed(value):
        if isinstance(value, tuple):
            return tuple([renamed(v) for v in value])
        return size if value == extent and type(value) is int else value

    operands = tuple([ArrayType(t.dtype, renamed(t.shape)) for t in example.operands])
    attributes = tuple(
        [(k, renamed(v) if k in {"shape", "stop", "size"} else v) for k, v in example.attributes]
    )
    return operands, attributes


def fits(record, example, size):
    operands, attributes = resized(example, size)
    try:
        infer(record, attributes, operands)
    except LinearaError:
        return False
    indexed = record.family == "indexing" and any(t.dtype.kind in "iu" for t in operands)
    return not indexed or size >= max(n for t in example.operands for n in t.shape)


@pytest.mark.parametrize("level", [0, 3])
@pytest.mark.parametrize("record", REGISTRY.values(), ids=lambda r: r.name)
def test_all_examples(record, level):
    programs = Programs(record)
    few = max(1, len(record.examples) // 4) if level else 1
    for example in record.examples[::few]:
        programs.add(example, example.operands, example.attributes)
    programs.check(level)


@pytest.mark.parametrize(
    "record",
    [r for r in REGISTRY.values() if r.routine is None and any(e.operands for e in r.examples)],
    ids=lambda r: r.name,
)
def test_sizes_around_the_numbers_of_lanes(record):
    programs = Programs(record)
    shaped = [e for e in record.examples if any(n > 1 for t in e.operands for n in t.shape)]
    whole = [(e, n) for e in shaped for n in SIZES if fits(record, e, n)]
    stride = max(1, len(whole) // MOST) | 1
    for example, size in whole[::stride]:
        programs.add(example, *resized(example, size))
    programs.check(0)
    assert programs.results or programs.linear_results
