"""Writes sklearn.json: trees of scikit-learn's DecisionTreeClassifier on numbers that
float32 holds exactly. Only cases without tied splits are kept: the same tree for ten
random states."""
import json

import numpy
import sklearn
from sklearn.tree import DecisionTreeClassifier

cases = []
for seed, (n, d, k, depth, leaf, gain, weighted) in enumerate([
    (200, 3, 2, 3, 5, 0, False),
    (200, 3, 2, None, 8, 0, False),
    (250, 4, 3, 4, 10, 0, False),
    (300, 4, 5, 5, 12, 0.002, False),
    (200, 3, 2, 4, 10, 0, True),
    (250, 4, 4, None, 15, 0.001, True),
    (200, 2, 2, 1, 0, 0, False),
]):
    for attempt in range(1000):
        r = numpy.random.default_rng(1000 * seed + attempt)
        x = numpy.round(r.normal(size=(n, d)) * 4096) / 1024 + numpy.array([0, 1e3, -5, 30])[:d]
        score = x[:, 0] + (x[:, 1] - 1e3) ** 2 / 2 + r.normal(size=n)
        y = numpy.searchsorted(numpy.quantile(score, numpy.arange(1, k) / k), score)
        w = r.integers(0, 4, n) if weighted else numpy.ones(n, int)
        total = int(w.sum())
        keep = w > 0
        trees = []
        for state in range(10):
            m = DecisionTreeClassifier(
                max_depth=depth, min_weight_fraction_leaf=max(0, leaf - 0.5) / total, min_impurity_decrease=gain, random_state=state)
            m.fit(x[keep], y[keep], sample_weight=w[keep])
            t = m.tree_
            trees.append((t.feature.tolist(), t.threshold.tolist()))
        if all(t == trees[0] for t in trees):
            break
    else:
        raise SystemExit("no case without ties")
    value = t.value[:, 0, :]
    fresh = numpy.round(r.normal(size=(50, d)) * 4096) / 1024 + numpy.array([0, 1e3, -5, 30])[:d]
    cases.append({
        "max_depth": depth or 0, "min_leaf": leaf, "min_gain": gain,
        "columns": x.T.tolist(), "classes": y.tolist(), "weights": w.tolist(),
        "feature": t.feature.tolist(), "threshold": t.threshold.tolist(), "value": value.tolist(),
        "fresh": fresh.T.tolist(), "predicted": m.predict(fresh).tolist(),
    })
    print(seed, attempt, t.node_count)
with open("sklearn.json", "w") as f:
    json.dump({"versions": {"scikit-learn": sklearn.__version__, "numpy": numpy.__version__}, "cases": cases}, f, separators=(",", ":"))
    f.write("\n")
