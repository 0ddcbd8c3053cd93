"""Writes agreement.json: what scikit-learn gives for divisions of the same rows.

Run: python3 agreement.py > agreement.json
"""

import json

import numpy as np
import sklearn
from sklearn import metrics as m

rng = np.random.default_rng(7)


def case(name, a, b):
    a, b = [int(x) for x in a], [int(x) for x in b]
    return {
        "name": name,
        "a": a,
        "b": b,
        "adjusted_rand": m.adjusted_rand_score(a, b),
        "adjusted_mutual_information": m.adjusted_mutual_info_score(a, b),
        "normalized_mutual_information": m.normalized_mutual_info_score(a, b),
        "mutual_information": m.mutual_info_score(a, b),
        "fowlkes_mallows": m.fowlkes_mallows_score(a, b),
        "homogeneity": m.homogeneity_score(a, b),
        "completeness": m.completeness_score(a, b),
    }


def noisy(a, k, share):
    b = a.copy()
    moved = rng.random(len(a)) < share
    b[moved] = rng.integers(0, k, moved.sum())
    return b


cases = [
    # The example of the documentation of sklearn.metrics.adjusted_rand_score.
    case("documentation", [0, 0, 1, 2], [0, 0, 1, 1]),
    case("relabelled", [0, 0, 1, 1, 2], [2, 2, 0, 0, 1]),
    case("worse than chance", [0, 0, 1, 1], [0, 1, 0, 1]),
    case("one group and many", [0, 0, 0, 0], [0, 1, 2, 3]),
    case("one group and two", [0, 0, 0, 0], [0, 1, 1, 1]),
    case("both one group", [0, 0, 0], [0, 0, 0]),
    case("a pair and no pair", [0, 0, 1, 2, 3], [0, 1, 2, 3, 4]),
    case("a group without rows", [0, 0, 3, 3, 3], [1, 1, 1, 5, 5]),
]
for k, share, n in [(2, 0.1, 60), (3, 0.5, 150), (5, 0.9, 200), (8, 0.3, 300)]:
    a = rng.integers(0, k, n)
    cases.append(case(f"{k} groups, {share} moved", a, noisy(a, k, share)))
a = np.minimum(rng.geometric(0.4, 250) - 1, 9)
cases.append(case("uneven", a, noisy(a // 2, 5, 0.2)))
cases.append(case("unrelated", rng.integers(0, 10, 250), rng.integers(0, 4, 250)))

print(
    json.dumps(
        {"made_with": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}", "cases": cases},
        separators=(",", ":"),
    ).replace('{"name"', '\n{"name"')
)
