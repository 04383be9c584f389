"""A primitive's name stands in its record; what else needs the primitive imports the record."""

import ast
from pathlib import Path

import pytest

import lineara
from lineara.ir import Primitive
from lineara.primitives import FAMILIES, REGISTRY

ROOT = Path(lineara.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
ORDINARY = {
    "complex": "a kind of dtype, in messages and NumPy's own methods",
    "concatenate": "NumPy's function, in messages",
    "name": "an attribute of `name`, and a field of many things",
    "real": "a kind of dtype, in messages",
    "reverse": "an attribute of what runs along an axis",
    "transpose": "a stage of the pipeline",
}


def literals(file):
    """The string literals of a file, less those of `__all__`."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    public = {
        id(constant)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
        for constant in ast.walk(node)
    }
    return {
        node.value: node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and id(node) not in public
    }


def records_of(file):
    """The names of the records that stand in a file."""
    return {
        record.name
        for family in FAMILIES
        if Path(family.__file__) == file
        for record in vars(family).values()
        if isinstance(record, Primitive)
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_name_of_a_primitive_stands_outside_its_record(file):
    own = records_of(file)
    found = {
        name: line
        for name, line in literals(file).items()
        if name in REGISTRY and name not in ORDINARY and name not in own
    }
    assert found == {}, "import the record instead of naming it"
