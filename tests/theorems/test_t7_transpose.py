"""T7: `⟨w, ℓ v⟩ = ⟨ℓᵀ w, v⟩`."""

from hypothesis import given

from lineara.testing.laws import transpose_is_the_transpose
from lineara.testing.strategies import programs


@given(program=programs())
def test_the_transpose_of_a_derivative_is_its_transpose(program):
    transpose_is_the_transpose(program)


@given(program=programs(mixed=True))
def test_the_transpose_of_a_linear_half_is_its_transpose(program):
    transpose_is_the_transpose(program)
