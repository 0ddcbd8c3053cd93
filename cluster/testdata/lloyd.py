"""Writes lloyd.json: k-means of scikit-learn 1.2.1 from given starts.

Run with: python3 lloyd.py > lloyd.json
The tolerance given to scikit-learn is scaled where there are weights, because it takes
the variance without weights.
"""

import json
import platform
import sys

import numpy as np
import sklearn
from sklearn.cluster import KMeans

rng = np.random.default_rng(20240501)


def blobs(n, d, groups, spread, noise=0.0, offset=0.0):
    centers = rng.uniform(-10, 10, (groups, d))
    x = centers[rng.integers(groups, size=n)] + rng.normal(0, spread, (n, d))
    outside = rng.random(n) < noise
    x[outside] = rng.uniform(-15, 15, (outside.sum(), d))
    return np.round(x, 2) + offset


def case(name, x, k, tolerance, weights=None, cap=300):
    w = np.ones(len(x)) if weights is None else weights
    start = x[rng.choice(len(x), k, replace=False, p=w / w.sum())]
    tol = tolerance
    if tol > 0:
        mean = np.average(x, axis=0, weights=w)
        tol *= np.average((x - mean) ** 2, axis=0, weights=w).mean() / x.var(axis=0).mean()
    m = KMeans(k, init=start, n_init=1, max_iter=cap, tol=max(tol, 0), algorithm="lloyd").fit(x, sample_weight=weights)
    # With tol=0 scikit-learn stops where no label changes, or where centres do not move.
    return {
        "name": name, "n": len(x), "d": x.shape[1], "k": k, "tolerance": tolerance, "cap": cap,
        "x": x.ravel().tolist(), "weights": None if weights is None else weights.tolist(), "start": start.ravel().tolist(),
        "labels": "".join(chr(ord("a") + c) for c in m.labels_), "inertia": m.inertia_,
        "iterations": m.n_iter_, "centers": m.cluster_centers_.ravel().tolist(),
    }


cases = [
    case("one feature", blobs(257, 1, 4, 1.5), 4, 1e-4),
    case("two features strict", blobs(600, 2, 5, 3.0), 5, -1),
    case("noise", blobs(500, 4, 6, 2.5, noise=0.15), 8, 1e-4),
    case("noise strict", blobs(400, 5, 4, 3.0, noise=0.15), 7, -1),
    case("weighted", blobs(400, 3, 5, 3.0), 6, 1e-3, np.round(rng.gamma(0.7, 2, 400), 2)),
    case("weighted strict", blobs(300, 3, 5, 4.0), 9, -1, rng.integers(0, 4, 300).astype(float)),
    case("capped", blobs(500, 2, 1, 5.0), 12, -1, cap=5),
    case("offset", blobs(300, 3, 4, 1.0, offset=1e6), 5, 1e-4),
    case("no structure", np.round(rng.lognormal(0, 1, (600, 3)), 3), 15, 1e-4),
]
versions = {"python": platform.python_version(), "numpy": np.__version__, "scikit-learn": sklearn.__version__}
print('{"versions":', json.dumps(versions) + ',\n"cases": [')
print(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
print("]}")
