"""Every error of a text, as it is shown: `errors.txt` holds programs, each with its message."""

from pathlib import Path

import pytest

from lineara.errors import LinearaError, ParseError
from lineara.syntax import parse, parse_function, parse_type, parse_value

BLOCKS = (Path(__file__).parent / "errors.txt").read_text(encoding="utf-8").split("## ")[1:]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n", 1)[0])
def test_the_message_is_the_one_written_down(block):
    program, expected = block.split("\n", 1)[1].split("\n=> ")
    kind, message = expected.split("\n", 1)
    with pytest.raises(LinearaError) as caught:
        parse_function(program)
    error = caught.value
    name, _, rule = kind.partition(": ")
    assert type(error).__name__ == name
    assert getattr(error, "rule", "") == rule
    assert str(error) == message.rstrip("\n")


def test_the_file_is_named():
    with pytest.raises(ParseError, match=r'file "model\.lin", line 2, column 7'):
        parse("def f(x: f64) -> f64 =\n  x + * x\n", file="model.lin")


def test_a_message_shows_the_line_of_the_mistake_alone():
    with pytest.raises(ParseError) as caught:
        parse("# nothing\r\n\r\ndef f(x: f64) -> f64 = x x\r\n")
    assert "\n    def f(x: f64) -> f64 = x x\n                             ^" in str(caught.value)


def test_a_text_without_functions_has_none_to_give():
    assert parse("# nothing\n") == {}
    with pytest.raises(ParseError, match="no function in <text>"):
        parse_function("# nothing\n")
    with pytest.raises(ParseError, match="did you mean `first`"):
        parse_function("def first(x: f64) -> f64 = x", "frist")


@pytest.mark.parametrize("text", ["", "f64[", "f64[-1]", "(f64", "f64 f64", "f16", "f64[1.5]"])
def test_no_type(text):
    with pytest.raises(ParseError, match="mend: "):
        parse_type(text)


@pytest.mark.parametrize(
    ("text", "type_", "problem"),
    [
        ("", None, "the text ends too early"),
        ("1 2", None, "unexpected `2`"),
        ("x", None, "unknown type `x`"),
        ("f64", None, "is no number"),
        ('"a"', None, "is no number"),
        ("[[1, 2], [3]]", None, "rows of an array have one length"),
        ("[(1, 2)]", None, "a tuple is no number"),
        ("[1, 2]", "f64[3]", r"expected f64\[3\], and found a value of shape \(2,\)"),
        ("1", "f64[3]", r"found a value of shape \(\)"),
        ("(1, 2)", "f64", "a tuple is no number"),
        ("1.5", "i64", "1.5 is no value of type i64"),
        ("1j", "f64", "1j is no value of type f64"),
        ("300", "u8", "300 is no value of type u8"),
        ("true", "f64", "True is no value of type f64"),
        ("1e300", "f32", "is no value of type f32"),
        ("(1, 2, 3)", "(f64, f64)", "found a tuple of 3"),
        ("[1, 2]", "(f64, f64)", "found no tuple"),
    ],
)
def test_no_value(text, type_, problem):
    with pytest.raises(ParseError, match=problem) as caught:
        parse_value(text, parse_type(type_) if type_ else None)
    assert caught.value.mend
