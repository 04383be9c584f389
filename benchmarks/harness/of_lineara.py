"""Lineara, as it is imported."""

from scipy import special

import lineara.numpy
from harness.libraries import Library

LIBRARY = Library(
    numpy=lineara.numpy,
    logsumexp=lineara.numpy.logsumexp,
    sigmoid=special.expit,
    cond=lineara.cond,
    scan=lineara.scan,
    fori_loop=lineara.fori_loop,
    while_loop=lineara.while_loop,
    vmap=lineara.vmap,
    jit=lineara.jit,
    grad=lineara.grad,
    value_and_grad=lineara.value_and_grad,
    jvp=lineara.jvp,
    hvp=lineara.hvp,
    jacfwd=lineara.jacfwd,
    jacrev=lineara.jacrev,
    jacobian=lineara.jacobian,
    hessian=lineara.hessian,
    place=lambda x: x,
    wait=lambda x: x,
)
