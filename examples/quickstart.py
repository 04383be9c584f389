"""Gradients of NumPy code: of one argument, of several, of containers, and of gradients."""

import numpy as np

import lineara


def energy(x):
    """A function as NumPy users write it."""
    return np.sum(x * np.sin(x))


def loss(parameters, inputs, targets):
    """A neural network with one hidden layer, its parameters in a dictionary."""
    hidden = np.tanh(inputs @ parameters["w1"] + parameters["b1"])
    predicted = hidden @ parameters["w2"]
    return np.mean((predicted - targets) ** 2)


def main():
    """Print gradients, a Hessian, and the loss while a network learns."""
    x = np.array([0.5, 1.0, 1.5])
    print("gradient", lineara.grad(energy)(x))
    print("is right", np.allclose(lineara.grad(energy)(x), np.sin(x) + x * np.cos(x)))
    print("Hessian\n", lineara.hessian(energy)(x))

    random = np.random.default_rng(0)
    inputs = random.standard_normal((50, 2))
    targets = np.sin(inputs[:, 0]) * inputs[:, 1]
    parameters = {
        "w1": random.standard_normal((2, 16)),
        "b1": np.zeros(16),
        "w2": random.standard_normal(16) / 4,
    }
    step = lineara.jit(lineara.value_and_grad(loss))
    for i in range(201):
        value, gradient = step(parameters, inputs, targets)
        if i % 50 == 0:
            print(f"step {i:3}: loss {value:.4f}")
        parameters = {name: p - 0.1 * gradient[name] for name, p in parameters.items()}


if __name__ == "__main__":
    main()
