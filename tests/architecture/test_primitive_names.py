"""A primitive's name stands in its record; what else needs the primitive imports the record."""

import ast
from pathlib import Path

import pytest

import lineara
from lineara.ir import Primitive
from lineara.primitives import FAMILIES, REGISTRY

ROOT = Path(lineara.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
ORDINARY = {"complex", "name", "real", "reverse"}
"""Kinds of dtypes, in messages, and attributes, which are called like a primitive."""


def label(file):
    return str(file.relative_to(ROOT))


def nodes(file):
    return list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


def asked(node):
    """What a lookup, a comparison, a case or a dictionary asks for."""
    match node:
        case ast.Subscript(slice=key):
            return [key]
        case ast.Compare():
            return [node]
        case ast.match_case(pattern=pattern):
            return [pattern]
        case ast.Dict(keys=keys):
            return [key for key in keys if key is not None]
        case ast.Call(func=ast.Attribute(attr="get"), args=args):
            return args
        case _:
            return []


def records_of(family):
    return {record.name for record in vars(family).values() if isinstance(record, Primitive)}


@pytest.mark.parametrize("file", FILES, ids=label)
def test_nothing_asks_for_a_primitive_by_its_name(file):
    found = {
        constant.value: constant.lineno
        for node in nodes(file)
        for part in asked(node)
        for constant in ast.walk(part)
        if isinstance(constant, ast.Constant) and constant.value in REGISTRY.keys() - ORDINARY
    }
    assert found == {}, "import the record instead of naming it"


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_a_record_is_named_in_its_own_file_only(family):
    foreign = REGISTRY.keys() - records_of(family) - ORDINARY
    found = {
        node.value: node.lineno
        for node in nodes(Path(family.__file__))
        if isinstance(node, ast.Constant) and node.value in foreign
    }
    assert found == {}, "import the record instead of naming it"
