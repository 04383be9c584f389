"""The theorems over all programs of up to three equations over a small vocabulary."""

from functools import cache
from itertools import chain

import numpy as np
import pytest

from lineara.optimize.bound import jvp_constant
from lineara.testing import laws
from lineara.testing.exhaustive import mixed_functions, nonlinear_functions
from lineara.testing.programs import Program

LARGEST = 3
ARGS = (np.array(0.7),)
OF_ALL = (
    laws.types_are_kept,
    laws.linear_code_is_linear,
    laws.unzipping_keeps_work,
    laws.transposition_keeps_work,
    laws.transpose_is_the_transpose,
    laws.policies_agree,
)
OF_NONLINEAR = (
    laws.reverse_mode_is_forward_mode,
    laws.forward_mode_is_the_derivative,
    laws.partial_evaluation_agrees,
)


@cache
def all_programs(mixed):
    enumerate_functions = mixed_functions if mixed else nonlinear_functions
    functions = chain.from_iterable(enumerate_functions(n) for n in range(LARGEST + 1))
    return [Program(f, ARGS, seed, mixed) for seed, f in enumerate(functions)]


def test_there_are_so_many_programs():
    assert (len(all_programs(False)), len(all_programs(True))) == (5_460, 10_967)


@pytest.mark.parametrize("mixed", [False, True], ids=["nonlinear", "mixed"])
@pytest.mark.parametrize("law", OF_ALL)
def test_the_law_holds_for_all_small_programs(law, mixed):
    for program in all_programs(mixed):
        law(program)


@pytest.mark.parametrize("law", OF_NONLINEAR)
def test_the_law_holds_for_all_small_nonlinear_programs(law):
    for program in all_programs(False):
        law(program)


def test_all_small_derivatives_cost_at_most_the_constant_of_the_table():
    constant = jvp_constant()
    for program in all_programs(False):
        laws.jvp_costs_a_constant_factor(program, constant)
