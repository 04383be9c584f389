"""`np.bincount` with traced weights took labels that NumPy refuses, as negative ones."""

import numpy as np
import pytest

import lineara
from lineara.errors import ShapeError


def counted(labels, weights):
    return lineara.jvp(lambda w: np.bincount(labels, w), (weights,), (weights,))[0]


@pytest.mark.parametrize("labels", [np.array([0, -1]), np.array([[0, 1]])])
def test_labels_that_numpy_refuses_are_refused(labels):
    with pytest.raises(ValueError, match=r"negative|deep"):
        counted(labels, np.ones(labels.shape))


def test_labels_that_are_no_integers_are_refused():
    with pytest.raises(TypeError):
        counted(np.array([0.0, 1.0]), np.ones(2))


def test_a_weight_for_all_labels_is_refused():
    with pytest.raises(ShapeError):
        counted(np.array([0, 1]), np.ones(1))


def test_weights_of_one_label_add_up():
    labels = np.array([2, 0, 2, 1])
    value = counted(labels, np.array([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_array_equal(value, [2.0, 4.0, 4.0])
    gradient = lineara.grad(lambda w: np.bincount(labels, w) @ np.arange(3.0))(np.ones(4))
    np.testing.assert_array_equal(gradient, [2.0, 0.0, 2.0, 1.0])
