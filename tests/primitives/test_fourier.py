"""Fourier transforms: values as NumPy's, and exact transposes; derivatives as JAX's."""

import numpy as np
import pytest

import lineara
from lineara.cost import work
from lineara.errors import ShapeError
from lineara.primitives.fourier import half_spectrum
from lineara.transforms import transpose

jax = pytest.importorskip("jax")
RNG = np.random.default_rng(5)
COMPLEX = ["fft", "ifft", "irfft", "hfft"]
REAL = ["rfft", "ihfft"]
SEVERAL = ["fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2"]


def sample(name, *shape, single=False):
    x = RNG.normal(size=shape)
    if not name.startswith(("rfft", "ihfft")):
        x = x + 1j * RNG.normal(size=shape)
    return x.astype("c8" if x.dtype.kind == "c" else "f4") if single else x


def agrees(f, x):
    got, wanted = lineara.trace(f, x)(x), f(x)
    assert got.dtype == wanted.dtype
    tolerance = 40 * np.finfo(wanted.dtype).eps
    np.testing.assert_allclose(
        got, wanted, rtol=tolerance, atol=tolerance * (1 + np.max(abs(wanted), initial=0))
    )


def transposes(f, x):
    """⟨w, f v⟩ = ⟨fᵀ w, v⟩ in the pairing without conjugates, and a gradient that is the transpose."""
    y = f(x)
    w = RNG.normal(size=y.shape)
    if y.dtype.kind == "c":
        w = w + 1j * RNG.normal(size=y.shape)
    back = lineara.linear_transpose(f, x)
    assert np.sum(w * y).real == pytest.approx(np.sum(back(w) * x).real)
    np.testing.assert_allclose(lineara.grad(lambda v: np.sum(np.real(w * f(v))))(x), back(w))
    linear = lineara.linearize(f, x)[1].function
    assert work(transpose(linear)) == pytest.approx(work(linear), abs=4 * (x.size + y.size))


@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("name", COMPLEX + REAL)
@pytest.mark.parametrize("n", [None, 1, 2, 3, 6, 7])
def test_transforms_along_an_axis_are_numpys_and_transpose(name, n, norm):
    transform = getattr(np.fft, name)
    x = sample(name, 5, 2)
    agrees(lambda v: transform(v, n, 0, norm), x)
    transposes(lambda v: transform(v, n, 0, norm), x)


@pytest.mark.parametrize("name", COMPLEX + REAL)
def test_single_precision_is_kept(name):
    agrees(getattr(np.fft, name), sample(name, 2, 4, single=True))


@pytest.mark.parametrize("given", [{}, {"s": (4, 5)}, {"axes": (0, 1)}, {"norm": "ortho"}])
@pytest.mark.parametrize("name", SEVERAL)
def test_transforms_along_several_axes_are_numpys_and_transpose(name, given):
    if "s" in given:
        given = {**given, "axes": (0, 1)}
    x = sample(name, 3, 4)
    agrees(lambda v: getattr(np.fft, name)(v, **given), x)
    transposes(lambda v: getattr(np.fft, name)(v, **given), x)


@pytest.mark.parametrize("axes", [None, 0, (1,)])
@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
def test_shifts_are_numpys(name, axes):
    x = RNG.normal(size=(4, 5))
    agrees(lambda v: getattr(np.fft, name)(v, axes=axes), x)
    agrees(lambda v: getattr(np.fft, name)(v * np.fft.fftfreq(5)), x)


def test_integers_and_empty_batches():
    agrees(np.fft.fft, np.arange(5))
    agrees(np.fft.rfft, np.arange(4) > 1)
    agrees(lambda v: np.fft.fft(v, axis=1)[:0], np.ones((1, 3)))
    assert lineara.grad(lambda v: np.sum(np.fft.fft(v).real))(np.zeros((0, 3))).shape == (0, 3)


def test_nothing_to_transform_is_an_error():
    with pytest.raises(ValueError, match=r"Invalid number of FFT data points \(0\)"):
        lineara.trace(np.fft.fft, np.zeros(0))
    with pytest.raises(ValueError, match="Invalid norm value"):
        lineara.trace(lambda x: np.fft.fft(x, norm="unit"), np.zeros(2))
    with pytest.raises(ShapeError, match="cannot give 7 elements") as error:
        half_spectrum.infer(lineara.ir.ArrayType("c128", (3,)), axis=0, size=7)
    assert "half of 4 or 5" in str(error.value)


def test_a_convolution_by_transforms_has_the_gradient_of_the_convolution():
    x, kernel = RNG.normal(size=16), RNG.normal(size=5)

    def by_transforms(v):
        product = np.fft.rfft(v, 20) * np.fft.rfft(kernel, 20)
        return np.sum(np.sin(np.fft.irfft(product, 20)))

    direct = np.cos(np.convolve(x, kernel))
    np.testing.assert_allclose(
        lineara.grad(by_transforms)(x), np.correlate(direct, kernel), atol=1e-13
    )


def test_a_power_spectrum_has_the_derivatives_of_jax():
    x = RNG.normal(size=9)

    def spectrum(xp):
        return lambda v: xp.sum(xp.log(1 + xp.abs(xp.fft.fft(v)) ** 2) * np.arange(9))

    with jax.enable_x64(True):
        ours, theirs = spectrum(np), spectrum(jax.numpy)
        np.testing.assert_allclose(lineara.grad(ours)(x), jax.grad(theirs)(x), rtol=1e-11)
        np.testing.assert_allclose(
            lineara.hessian(ours)(x), jax.hessian(theirs)(x), rtol=1e-9, atol=1e-10
        )
