"""Some columns of a product had other bits than the product: alone, a library was not asked, or for other shapes."""

import numpy as np

from lineara import jit


def test_columns_have_the_bits_of_the_product():
    x = np.sin(np.arange(20 * 100.0)).reshape(20, 100)
    places = np.array([3, 17, 5])
    alone = jit(lambda x: (x @ x.T)[:, places])(x)
    beside, whole = jit(lambda x: ((x @ x.T)[:, places], x @ x.T))(x)
    assert alone.tobytes() == beside.tobytes() == whole[:, places].tobytes()
