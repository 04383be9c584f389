"""Random containers: native code takes them apart and puts them together as optree does."""

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lineara.backends.native.calling import ARRAY, Dispatcher, Kernel, Signature
from lineara.backends.native.calling.machine import _text
from lineara.backends.native.compile import Target, assembly, load, object_code
from lineara.backends.native.executable import Executable
from lineara.frontend.trees import flatten, unflatten
from lineara.ir import ArrayType

F = ArrayType("f64")
MISSED = object()

trees = st.recursive(
    st.just(ARRAY),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.lists(inside, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abc"), inside, max_size=3).map(
            lambda d: dict(sorted(d.items()))
        )
    ),
    max_leaves=8,
)


@cache
def identity(count):
    """A kernel that gives its arguments."""
    loads = "\n".join(
        f"""
  %x{i} = getelementptr ptr, ptr %inputs, i64 {i}
  %p{i} = load ptr, ptr %x{i}
  %v{i} = load double, ptr %p{i}
  %y{i} = getelementptr ptr, ptr %outputs, i64 {i}
  %q{i} = load ptr, ptr %y{i}
  store double %v{i}, ptr %q{i}"""
        for i in range(count)
    )
    text = f"define i32 @k(ptr %inputs, ptr %outputs, ptr %w) {{{loads}\n  ret i32 0\n}}"
    library = load(object_code(text, 0), ["k"])
    return Kernel(Executable(library["k"], (F,) * count, (F,) * count, 0, (), library))


def callable_of(*structures):
    leaves, _ = flatten(structures)
    f = Dispatcher(lambda *args: MISSED)
    f.add(Signature(identity(len(leaves)), structures, structures))
    return f


def filled(tree):
    leaves, spec = flatten(tree)
    return unflatten(spec, [float(i) for i in range(len(leaves))])


def shape_of(tree):
    """A tree without its values, with the types and the order of its containers."""
    match tree:
        case dict():
            return "dict", [(k, shape_of(v)) for k, v in tree.items()]
        case list() | tuple():
            return type(tree).__name__, [shape_of(v) for v in tree]
        case _:
            return "array"


@settings(max_examples=150, deadline=None)
@given(st.lists(trees, min_size=1, max_size=3))
def test_what_goes_in_comes_out(structures):
    f = callable_of(*structures)
    args = filled(tuple(structures))
    result = f(*args)
    assert shape_of(result) == shape_of(args)
    assert flatten(result)[0] == flatten(args)[0]
    assert all(type(x) is np.ndarray for x in flatten(result)[0])


@settings(max_examples=150, deadline=None)
@given(trees, trees)
def test_other_containers_do_not_match(one, other):
    result = callable_of(one)(filled(other))
    assert (result is MISSED) == (shape_of(one) != shape_of(other))


def test_the_calls_compile_for_another_processor():
    made = assembly(_text(), 1, Target("aarch64-linux-gnu", "generic", ""))
    assert "PyObject_Vectorcall" in made
