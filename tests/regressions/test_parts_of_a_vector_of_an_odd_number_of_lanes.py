"""LLVM took the wrong elements of vectors of twelve: rolled rows of six complex numbers were others."""

import numpy as np

from lineara import jit, vmap


def shifted(x):
    return np.fft.fft(x + 0j), np.fft.ifft(np.fft.fftshift(x + 0j))


def test_rolled_rows_of_six_complex_numbers():
    x = np.sin(np.arange(36.0)).reshape(6, 6)
    found = jit(vmap(shifted))(x[None])
    for y, expected in zip(found, shifted(x), strict=True):
        np.testing.assert_allclose(y[0], expected, rtol=0, atol=1e-14)
