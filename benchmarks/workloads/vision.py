"""ADBench's bundle adjustment and hand tracking: Jacobians, sparse and dense."""

from __future__ import annotations

import numpy as onp
from harness.libraries import Library
from harness.limits import limit
from harness.workload import Bar, Function, Inputs, Workload

CAMERAS, POINTS, OBSERVATIONS = 49, 7_776, 31_843
CAMERA = (0.01, -0.02, 0.03, 0.5, -0.3, -8.0, 600.0, 320.0, 240.0, -1e-3, 1e-4)
BONES, VERTICES, ANGLES = 22, 544, 26


def ba_inputs(p: int) -> Inputs:
    r = onp.random.default_rng(5)

    def noisy(value, *shape):
        return onp.broadcast_to(value, shape) * (1 + 0.01 * r.normal(size=shape))

    seen = onp.stack([onp.arange(p) % CAMERAS, onp.arange(p) % POINTS], 1).astype(onp.int32)
    return {
        "cameras": noisy(CAMERA, CAMERAS, 11),
        "X": noisy((0.4, 0.7, -0.9), POINTS, 3),
        "w": noisy(0.8, p),
        "seen": seen,
        "features": noisy((300.0, 220.0), p, 2),
    }


def projection(lib: Library) -> Function:
    """The weighted error of one observation: rotation by Rodrigues' formula, radial distortion."""
    np = lib.numpy

    def error(camera, X, w, feature):
        r, moved = camera[0:3], X - camera[3:6]
        angle = np.sqrt(np.sum(r * r))
        axis, c, s = r / angle, np.cos(angle), np.sin(angle)
        Y = moved * c + np.linalg.cross(axis, moved) * s + axis * (np.sum(axis * moved) * (1 - c))
        plane = Y[0:2] / Y[2]
        square = np.sum(plane * plane)
        distortion = 1 + camera[9] * square + camera[10] * square * square
        return w * (plane * distortion * camera[6] + camera[7:9] - feature)

    return error


def bundle(lib: Library, _p: int) -> Function:
    error = projection(lib)

    def errors(cameras, X, w, seen, features):
        return lib.vmap(error)(cameras[seen[:, 0]], X[seen[:, 1]], w, features), 1 - w * w

    return errors


def bundle_jacobian(lib: Library, _f: Function) -> Function:
    """The errors and the blocks of their sparse Jacobian: 2 x 15 for each observation, 1 for each weight."""
    np, error = lib.numpy, projection(lib)

    def block(camera, X, w, feature):
        def of_all(z):
            e = error(z[:11], z[11:14], z[14], feature)
            return e, e

        return lib.jacrev(of_all, has_aux=True)(np.concatenate([camera, X, np.reshape(w, (1,))]))

    def blocks(cameras, X, w, seen, features):
        J, e = lib.vmap(block)(cameras[seen[:, 0]], X[seen[:, 1]], w, features)
        return e, 1 - w * w, J, lib.vmap(lib.grad(lambda t: 1 - t * t))(w)

    return blocks


def hand_inputs(n: int) -> Inputs:
    """A hand of the shape of ADBench's: 22 bones, every vertex bound to four of them."""
    r = onp.random.default_rng(7)
    weights = onp.zeros((BONES, VERTICES))
    for v in range(VERTICES):
        part = r.uniform(size=4)
        weights[r.choice(BONES, 4, replace=False), v] = part / part.sum()
    return {
        "theta": r.normal(size=ANGLES) * 0.3,
        "relative": rigid(r),
        "inverse": rigid(r),
        "base": onp.concatenate([r.normal(size=(3, VERTICES)), onp.ones((1, VERTICES))]),
        "weights": weights,
        "chosen": r.integers(0, VERTICES, n).astype(onp.int32),
        "points": r.normal(size=(3, n)),
    }


def rigid(r: onp.random.Generator) -> onp.ndarray:
    """A rotation and a shift for each bone, 4x4."""
    matrices = onp.tile(onp.eye(4), (BONES, 1, 1))
    matrices[:, :3, :3] = onp.linalg.qr(r.normal(size=(BONES, 3, 3)))[0]
    matrices[:, :3, 3] = 0.1 * r.normal(size=(BONES, 3))
    return matrices


PARENTS = (-1, 0, *(0 if i % 4 == 0 else 1 + i for i in range(20)))
"""A palm, a wrist, and five fingers of four bones."""


def angles_of_bones() -> onp.ndarray:
    """Which angle turns a bone about each axis (x, z, y); the last, one past the angles, is zero."""
    index, angle = onp.full((BONES, 3), ANGLES), 6
    for finger in range(5):
        for joint in range(3):
            bone = 2 + 4 * finger + joint
            for axis in range(2 if joint == 0 else 1):
                index[bone, axis] = angle
                angle += 1
    return index


def matrix(np, rows):
    return np.stack([np.stack(row, -1) for row in rows], -2)


def hand(picked_first: bool):
    def program(lib: Library, _n: int) -> Function:
        """The distances of chosen vertices of a posed hand to points."""
        np, index = lib.numpy, angles_of_bones()

        def bones(theta, relative):
            a = np.concatenate([theta, np.zeros(1)])[index]
            o, e, (x, z, y) = np.zeros(BONES), np.ones(BONES), (a[:, 0], a[:, 1], a[:, 2])
            cx, sx, cy, sy, cz, sz = (f(t) for t in (x, y, z) for f in (np.cos, np.sin))
            Rx = matrix(np, [[e, o, o, o], [o, cx, -sx, o], [o, sx, cx, o], [o, o, o, e]])
            Ry = matrix(np, [[cy, o, sy, o], [o, e, o, o], [-sy, o, cy, o], [o, o, o, e]])
            Rz = matrix(np, [[cz, -sz, o, o], [sz, cz, o, o], [o, o, e, o], [o, o, o, e]])
            local, placed = relative @ (Rz @ Ry @ Rx), []
            for i, parent in enumerate(PARENTS):
                placed.append(local[i] if parent < 0 else placed[parent] @ local[i])
            return np.stack(placed)

        def turned(v):
            n = np.sqrt(np.sum(v * v))
            u, o = v / n, np.zeros(())
            K = matrix(np, [[o, -u[2], u[1]], [u[2], o, -u[0]], [-u[1], u[0], o]])
            return np.cos(n) * np.eye(3) + np.sin(n) * K + (1 - np.cos(n)) * np.outer(u, u)

        def errors(theta, relative, inverse, base, weights, chosen, points):
            if picked_first:
                base, weights = base[:, chosen], weights[:, chosen]
            T = bones(theta, relative) @ inverse
            P = np.einsum("bij,jv,bv->iv", T[:, :3], base, weights)
            P = turned(theta[:3]) @ P + np.reshape(theta[3:6], (3, 1))
            return np.ravel((points - (P if picked_first else P[:, chosen])).T)

        return errors

    return program


def hand_jacobian(lib: Library, f: Function) -> Function:
    jacobian = lib.jacfwd(f)
    return lambda *arguments: (f(*arguments), jacobian(*arguments))


def hand_arguments(d: Inputs, n: int):
    parents, chosen = onp.array(PARENTS, onp.int32), d["chosen"].reshape(-1, 1)
    model = [BONES, parents, d["relative"], d["inverse"], VERTICES, d["base"], d["weights"].T]
    return [*model, n, chosen, 1, onp.zeros(1), d["points"], d["theta"]]


hand_limit = limit(
    "hand_limit.cpp",
    "hand",
    "hand",
    hand_arguments,
    lambda d, n: [onp.zeros(3 * n)],
    lambda d, n: [onp.zeros((ANGLES, 3 * n))],
    lambda found: [found[0], found[1].T],
    tail=(None,),
)
ba_limit = limit(
    "ba_limit.cpp",
    "ba_f",
    "ba_g_blocks",
    lambda d, p: [CAMERAS, POINTS, p, *(d[k] for k in ("cameras", "X", "w", "seen", "features"))],
    lambda d, p: [onp.zeros((p, 2)), onp.zeros(p)],
    lambda d, p: [onp.zeros((p, 2, 15)), onp.zeros(p)],
)
BAR = Bar(limit=1.5, jax=20)

WORKLOADS = (
    Workload(
        "ba",
        "ADBench bundle adjustment, 31,843 observations",
        OBSERVATIONS,
        ba_inputs,
        bundle,
        bundle_jacobian,
        ba_limit,
        BAR,
    ),
    Workload(
        "hand",
        "ADBench hand tracking, simple, 100 points",
        100,
        hand_inputs,
        hand(False),
        hand_jacobian,
        hand_limit,
        BAR,
    ),
    Workload(
        "hand-picked",
        "the hand, vertices picked before they are moved",
        100,
        hand_inputs,
        hand(True),
        hand_jacobian,
        hand_limit,
    ),
)
