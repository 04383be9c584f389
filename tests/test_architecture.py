"""What the code base promises about its own shape; the direction of imports is import-linter's."""

import ast
from collections import Counter
from pathlib import Path

import pytest

import lineara
from lineara.ir import Primitive
from lineara.primitives import FAMILIES, REGISTRY

ROOT = Path(lineara.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
COMPILER = [
    file
    for part in ("ir", "typecheck", "cost.py", "syntax", "transforms", "optimize", "backends")
    for file in FILES
    if file.is_relative_to(ROOT / part)
]
LONGEST_FILE, LONGEST_FUNCTION = 400, 40


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def body_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function without its docstring, since a long explanation is no long function."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None and first.end_lineno is not None
    start = first.end_lineno if documented else function.lineno
    return (function.end_lineno or 0) - (start or 0)


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_file_is_short(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_function_is_short(file):
    lengths = {
        f"{node.name}, line {node.lineno}": body_length(node)
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {f: n for f, n in lengths.items() if n > LONGEST_FUNCTION} == {}


def compared(node: ast.AST) -> list[ast.AST]:
    """What a comparison, a case or a dictionary compares values with."""
    match node:
        case ast.Compare():
            return [node]
        case ast.match_case(pattern=pattern):
            return [pattern]
        case ast.Dict(keys=keys):
            return [key for key in keys if key is not None]
        case _:
            return []


@pytest.mark.parametrize("file", COMPILER, ids=name)
def test_the_compiler_asks_no_primitive_for_its_name(file):
    """A stage that compares with a name would have to change when a record is added."""
    names = [
        constant.value
        for node in ast.walk(tree_of(file))
        for part in compared(node)
        for constant in ast.walk(part)
        if isinstance(constant, ast.Constant) and constant.value in REGISTRY
    ]
    assert names == []


def test_no_two_records_have_one_name():
    records = {
        record
        for family in FAMILIES
        for record in vars(family).values()
        if isinstance(record, Primitive)
    }
    assert Counter(record.name for record in records) == Counter(REGISTRY.keys())


def test_no_stub_is_left():
    words = ("TODO", "FIXME", "NotImplementedError")
    found = [
        f"{name(file)}: {word}"
        for file in FILES
        for word in words
        if word in file.read_text(encoding="utf-8")
    ]
    assert found == []
