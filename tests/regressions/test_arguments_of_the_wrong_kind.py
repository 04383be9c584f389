"""What is no argnums, and no result of an einsum, is refused with the mend."""

import numpy as np
import pytest

import lineara
from lineara.errors import DtypeError, ShapeError


def test_a_number_that_is_no_integer_is_no_argnums():
    with pytest.raises(DtypeError, match=r"argnums is an integer or .* not 0\.0"):
        lineara.grad(np.sum, argnums=0.0)(np.ones(3))


@pytest.mark.parametrize("subscripts", ["i->ij", "i->ii", "i->i->"])
def test_the_result_of_an_einsum_has_labels_of_its_operands(subscripts):
    with pytest.raises(ShapeError, match="mend: name in the result labels of the operands"):
        lineara.grad(lambda x: np.sum(np.einsum(subscripts, x)))(np.ones(3))


def test_an_ellipsis_is_in_the_result_of_an_einsum():
    gradient = lineara.grad(lambda x: np.sum(np.einsum("...i->i...", x) ** 2))
    assert np.array_equal(gradient(np.ones((2, 3))), np.full((2, 3), 2.0))
    assert np.array_equal(
        lineara.grad(lambda x: np.sum(np.einsum("i->...i", x)))(np.ones(3)), np.ones(3)
    )
