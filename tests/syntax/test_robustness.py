"""Texts that no person writes: an error or a function, in a few seconds, never a crash."""

import random
import time
from contextlib import suppress

import pytest

from lineara.errors import LinearaError, ParseError
from lineara.syntax import parse, parse_function, parse_type, parse_value, to_text

HEAD = "def f(x: f64) -> f64 = "
LEVELS, MEGABYTE = 10_000, 1 << 20
SECONDS = 10


def nested(opening, inside, closing):
    return opening * LEVELS + inside + closing * LEVELS


@pytest.mark.parametrize(
    "text",
    [
        HEAD + nested("(", "x", ")"),
        HEAD + nested("sin(", "x", ")"),
        HEAD + nested("tuple(", "x", ")"),
        HEAD + nested("-", "x", ""),
        HEAD + nested("unpack ", "x", ""),
        HEAD + nested("- unpack ", "x", ""),
        HEAD + nested("sum[a=(", "1", ")"),
        f"def f(x: {nested('(', 'f64', ',)')}) -> f64 = x",
        f"def f(x: f64) -> {nested('(', 'f64', ')')} = x",
    ],
    ids=lambda text: text[:50],
)
def test_deep_nesting_is_an_error(text):
    with pytest.raises(ParseError):
        parse(text)


def test_deep_nesting_says_what_to_do():
    with pytest.raises(ParseError, match=r"nested deeper than 200 levels\n(.*\n)+.*with let"):
        parse(HEAD + nested("sin(", "x", ")"))
    for read in (parse_type, parse_value):
        with pytest.raises(ParseError, match="nested deeper"):
            read(nested("(", "f64", ",)"))


def test_moderate_nesting_is_not():
    depth = 190
    f = parse_function(HEAD + "sin(" * depth + "x" + ")" * depth)
    assert len(f.equations) == depth


def words(seed):
    rng = random.Random(seed)
    known = (
        "def let in ( ) [ ] ; : , = -> + +. * *. - / f64 x y sin dup drop zero tuple 1 2.0 1j \n "
        "switch of with scan from over while do list backward"
    )
    return " ".join(rng.choices(known.split(" "), k=MEGABYTE // 4))


GARBAGE = {
    "brackets": "(" * MEGABYTE,
    "brackets in a body": HEAD + "(" * MEGABYTE,
    "words": "def " * (MEGABYTE // 4),
    "signs": HEAD + "-" * MEGABYTE,
    "digits": HEAD + "1" * MEGABYTE,
    "dots": HEAD + "a." * (MEGABYTE // 2),
    "one name": HEAD + "a" * MEGABYTE,
    "an open string": HEAD + 'sum[a="' + "a\\" * (MEGABYTE // 2),
    "a large shape": f"def f(x: f64[{'9' * MEGABYTE}]) -> f64 = x",
    "a large exponent": f"{HEAD}1e{'9' * MEGABYTE}",
    "attributes": HEAD + "sin[a=" * (MEGABYTE // 6),
    **{
        f"bytes {seed}": random.Random(seed).randbytes(MEGABYTE).decode("latin-1")
        for seed in range(3)
    },
    **{f"tokens {seed}": words(seed) for seed in range(3)},
    **{f"tokens in a body {seed}": HEAD + words(seed) for seed in range(3)},
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE.keys())
def test_a_megabyte_of_garbage_is_an_error_soon(text):
    start = time.perf_counter()
    with pytest.raises(LinearaError) as caught:
        parse(text)
    assert time.perf_counter() - start < SECONDS
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("text", [" " * MEGABYTE, "\n" * MEGABYTE, "#" * MEGABYTE])
def test_a_megabyte_of_nothing_is_no_function(text):
    assert parse(text) == {}


def test_a_long_sum_is_no_deep_nesting():
    f = parse_function(HEAD + "x + " * LEVELS + "x")
    assert len(f.equations) == LEVELS


def test_many_lets_and_back():
    count = 20_000
    lets = "".join(f"  let x{i + 1} = sin(x{i})\n" for i in range(count))
    text = f"def f(x0: f64) -> f64 =\n{lets}  x{count}\n"
    assert to_text(parse_function(text)) == text


@pytest.mark.parametrize("callees_first", [True, False])
def test_a_long_chain_of_functions(callees_first):
    links = [f"def f{i + 1}(x: f64) -> f64 = f{i}(x)\n" for i in range(LEVELS)]
    base = "def f0(x: f64) -> f64 = sin(x)\n"
    text = "".join([base, *links] if callees_first else [*reversed(links), base])
    functions = parse(text)
    assert len(functions) == LEVELS + 1
    again = parse_function(to_text(functions[f"f{LEVELS}"]))
    assert again == functions[f"f{LEVELS}"]


def test_a_long_cycle():
    links = [f"def f{i}(x: f64) -> f64 = f{(i + 1) % LEVELS}(x)\n" for i in range(LEVELS)]
    with pytest.raises(LinearaError, match="`f0` calls itself: f0 → f1 → f2 → … → f9999 → f0"):
        parse("".join(links))


def test_a_change_of_one_character_gives_an_error_or_a_function():
    text = to_text(parse_function(HEAD + "sin(x) * 2.0 - -x"))
    rng = random.Random(0)
    for _ in range(2000):
        i = rng.randrange(len(text))
        mutated = text[:i] + rng.choice("()[]{};:,=+-*/.x2\n #\"'") + text[i + 1 :]
        with suppress(LinearaError):
            parse_function(mutated)
