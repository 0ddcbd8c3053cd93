"""Writes ward.json: dendrograms of SciPy and scikit-learn, and their indices of clusterings.

Run from this folder: python3 ward.py
"""

import json

import numpy as np
import scipy
import sklearn
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples
from sklearn.metrics.cluster import _unsupervised

# Distances by differences: scikit-learn's own |x|² - 2xy + |y|² keeps 8 digits near 0 and
# 7 at the offset.
_unsupervised.pairwise_distances = lambda x, y=None: cdist(x, x if y is None else y)

random = np.random.default_rng(7)


def blobs(n, d, k, spread, offset=0.0):
    centres = random.normal(0, 4, (k, d))
    return np.round(centres[random.integers(0, k, n)] + random.normal(0, spread, (n, d)), 4) + offset


def first_seen(labels):
    order = {}
    return [order.setdefault(int(g), len(order)) for g in labels]


def case(name, x, cuts):
    tree = linkage(x, method="ward")
    other = AgglomerativeClustering(n_clusters=None, distance_threshold=0, linkage="ward").fit(x)
    assert np.allclose(np.sort(other.distances_), tree[:, 2], rtol=1e-9)
    out = {"name": name, "rows": x.tolist(), "heights": tree[:, 2].tolist(), "sizes": tree[:, 3].tolist(), "cuts": []}
    for k in cuts:
        labels = fcluster(tree, k, criterion="maxclust")
        assert first_seen(labels) == first_seen(AgglomerativeClustering(n_clusters=k, linkage="ward").fit_predict(x))
        silhouettes = silhouette_samples(cdist(x, x), labels, metric="precomputed")
        out["cuts"].append({
            "k": k,
            "labels": first_seen(labels),
            "inertia": float(sum(((x[labels == g] - x[labels == g].mean(0)) ** 2).sum() for g in set(labels))),
            "silhouettes": silhouettes.tolist(),
            "silhouette": float(silhouettes.mean()),
            "calinski_harabasz": float(calinski_harabasz_score(x, labels)),
            "davies_bouldin": float(davies_bouldin_score(x, labels)),
        })
    return out


cases = [
    case("blobs", blobs(80, 3, 4, 0.8), [2, 4, 7]),
    case("no structure", np.round(random.uniform(-1, 1, (60, 5)), 4), [2, 5, 58]),
    case("one feature", np.round(random.normal(0, 1, (40, 1)), 4), [3, 6]),
    case("offset", blobs(50, 2, 3, 1.0, 100000.0), [3, 4]),
    case("more than a block", blobs(300, 2, 6, 1.5), [6, 20]),
]
versions = {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__}
with open("ward.json", "w") as f:
    json.dump({"versions": versions, "cases": cases}, f)
    f.write("\n")
