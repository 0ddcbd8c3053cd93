"""Writes mixture.json: expectation maximisation by scikit-learn from given labels.

    python3 mixture.py > mixture.json
"""
import json
import sys

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture

PASSES = 12


def sample(rng, parts):
    x = np.vstack([rng.multivariate_normal(m, c, size=n) for n, m, c in parts])
    return np.round(x[rng.permutation(len(x))], 3)


def correlated(sd, rho):
    sd = np.asarray(sd)
    return np.outer(sd, sd) * (rho + (1 - rho) * np.eye(len(sd)))


def run(x, labels, k, kind, ridge):
    g = GaussianMixture(k, covariance_type=kind, reg_covar=ridge)
    g._initialize(x, np.eye(k)[labels])
    bounds = []
    for i in range(PASSES):
        norm, resp = g._e_step(x)
        bounds.append(norm)
        if i + 1 < PASSES:
            g._m_step(x, resp)
    d = x.shape[1]
    cov = [list(c) if kind == "diag" else [c[i][j] for i in range(d) for j in range(i + 1)] for c in g.covariances_]
    return {
        "covariance": {"full": "full", "diag": "diagonal"}[kind],
        "history": bounds,
        "likelihood": float(g.score(x) * len(x)),
        "bic": float(g.bic(x)),
        "weights": g.weights_.tolist(),
        "means": g.means_.tolist(),
        "covariances": cov,
        "labels": g.predict(x).tolist(),
        "memberships": g.predict_proba(x[:5]).tolist(),
    }


def case(name, x, k, ridge, rng):
    # The start: the nearest of k rows.
    seeds = x[rng.choice(len(x), k, replace=False)]
    labels = ((x[:, None, :] - seeds) ** 2).sum(2).argmin(1)
    return {
        "name": name, "k": k, "ridge": ridge, "rows": x.tolist(), "start": labels.tolist(),
        "fits": [run(x, labels, k, kind, ridge) for kind in ("full", "diag")],
    }


rng = np.random.default_rng(5)
iris_like = sample(rng, [
    (50, [5.0, 3.4, 1.5, 0.2], correlated([0.35, 0.38, 0.17, 0.11], 0.3)),
    (50, [5.9, 2.8, 4.3, 1.3], correlated([0.52, 0.31, 0.47, 0.20], 0.6)),
    (50, [6.6, 3.0, 5.6, 2.0], correlated([0.64, 0.32, 0.55, 0.27], 0.5)),
])
blobs = sample(rng, [
    (120, [0, 0, 0], np.eye(3)),
    (60, [4, 1, -3], 0.3 * np.eye(3)),
    (40, [-3, 5, 2], correlated([2, 0.5, 1], 0.8)),
    (80, [1, -4, 3], np.diag([0.1, 2, 1])),
])
json.dump({
    "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "python": sys.version.split()[0]},
    "cases": [case("iris-like", iris_like, 3, 1e-6, rng), case("blobs", blobs, 4, 1e-4, rng)],
}, sys.stdout)
print()
