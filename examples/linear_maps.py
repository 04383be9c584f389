"""Derivatives as linear maps: apply them, transpose them, print them, and hand them to a solver."""

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg

import lineara


def model(x):
    """A nonlinear system of three equations."""
    return np.stack([x[0] ** 2 + x[1] - 3.0, np.sin(x[1]) * x[2], x[2] - x[0]])


def smooth(x):
    """A linear function: the checker finds that it is, and transposes it."""
    return 2.0 * x[1:-1] - x[:-2] - x[2:]


def main():
    """Use the derivative of a model as a linear map."""
    x = np.array([1.0, 0.5, 2.0])
    value, derivative = lineara.linearize(model, x)
    v, w = np.array([1.0, 0.0, -1.0]), np.array([0.5, 1.0, 2.0])
    print("J v     ", derivative @ v)
    print("w J     ", derivative.T @ w)
    print("<w, J v> = <J.T w, v>:", np.isclose(w @ (derivative @ v), (derivative.T @ w) @ v))
    print(
        f"\nThe map reads {derivative.tape_bytes} bytes and costs {derivative.work} operations:\n"
    )
    print(derivative)

    # Gauss-Newton for model(x) = 0: (JᵀJ) d = -Jᵀ r, with nothing but products
    for _ in range(8):
        value, derivative = lineara.linearize(model, x)
        normal = LinearOperator((3, 3), lambda d, J=derivative: J.T @ (J @ d), dtype=float)
        step, _ = cg(normal, -(derivative.T @ value), rtol=1e-12)
        x = x + step
    print("root", np.round(x, 6), "residual", np.max(np.abs(model(x))) < 1e-8)

    back = lineara.linear_transpose(smooth, np.zeros(6))
    print("transposed:", back(np.array([1.0, 0.0, 0.0, 1.0])))
    try:
        lineara.linear_transpose(lambda x: x * np.sin(x), np.zeros(3))
    except lineara.LinearaError as error:
        print("\nand what is not linear is refused:", error.problem)


if __name__ == "__main__":
    main()
