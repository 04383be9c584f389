"""JAX in float64 on the processor."""

import jax

from harness.libraries import Library

jax.config.update("jax_enable_x64", True)

LIBRARY = Library(
    numpy=jax.numpy,
    logsumexp=jax.nn.logsumexp,
    sigmoid=jax.nn.sigmoid,
    cond=jax.lax.cond,
    scan=jax.lax.scan,
    fori_loop=jax.lax.fori_loop,
    while_loop=jax.lax.while_loop,
    vmap=jax.vmap,
    jit=jax.jit,
    grad=jax.grad,
    value_and_grad=jax.value_and_grad,
    jvp=jax.jvp,
    hvp=lambda f, x, v: jax.jvp(jax.grad(f), x, v)[1],
    jacfwd=jax.jacfwd,
    jacrev=jax.jacrev,
    jacobian=jax.jacfwd,
    hessian=jax.hessian,
    place=jax.device_put,
    wait=jax.block_until_ready,
)
