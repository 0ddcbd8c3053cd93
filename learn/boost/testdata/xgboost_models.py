# Writes xgboost.json. Needs xgboost 1.7.4, Debian's python3-xgboost.
import base64
import json
import os
import tempfile

import numpy as np
import xgboost as xgb

r = np.random.default_rng(9)
cases = []


def near(c):
    """Numbers in double precision at and about a threshold in single precision."""
    c = np.float32(c)
    below, above = np.nextafter(c, np.float32(-np.inf)), np.nextafter(c, np.float32(np.inf))
    low, high = (float(below) + float(c)) / 2, (float(above) + float(c)) / 2
    for x in (float(c), float(below), float(above), low, high):
        yield from (np.nextafter(x, -np.inf), x, np.nextafter(x, np.inf))


def saved(model, name):
    with tempfile.TemporaryDirectory() as d:
        model.save_model(os.path.join(d, name))
        return open(os.path.join(d, name), "rb").read()


def case(name, model, predict, x, levels=None, rows=12, thresholds=3):
    j = saved(model, "model.json").decode()
    booster = json.loads(j)["learner"]["gradient_booster"]
    trees = booster.get("model", booster.get("gbtree", {}).get("model"))["trees"]
    rows = [x[i].copy() for i in r.choice(len(x), rows, replace=False)]
    rows += [np.full(x.shape[1], np.nan)]
    asked = [
        (t["split_indices"][i], t["split_conditions"][i])
        for t in trees for i in range(len(t["left_children"])) if t["left_children"][i] != -1 and t["split_type"][i] == 0
    ]
    for k in r.choice(len(asked), thresholds, replace=False):
        feature, c = asked[k]
        for v in near(c):
            row = x[r.integers(len(x))].copy()
            row[feature] = v
            rows.append(row)
    for feature in levels or {}:
        for code in (*range(0, len(levels[feature]), 5), len(levels[feature]), 31, 32, 63, 64, 1000):
            row = x[r.integers(len(x))].copy()
            row[int(feature[1:])] = code
            rows.append(row)
    rows = np.array(rows)
    margin, probability, contributions = predict(rows)
    ubj = base64.b64encode(saved(model, "model.ubj")).decode() if name in ("categories", "dart") else ""
    cases.append({
        "name": name, "levels": levels, "model": j, "rows": [[None if np.isnan(v) else v for v in row] for row in rows.tolist()],
        "margin": [float(v) for v in margin], "prediction": [float(v) for v in probability],
        "contributions": [[float(v) for v in row] for row in contributions[::5]], "ubj": ubj,
    })


def train(x, y, rounds, names=None, types=None, predict_with=None, **params):
    def matrix(x, y=None):
        return xgb.DMatrix(x, y, feature_names=names, feature_types=types, enable_categorical=True)

    b = xgb.train({"nthread": 1, **params}, matrix(x, y), rounds)
    return b, lambda rows: predictions(b, matrix(rows))


def predictions(b, rows, end=0):
    return [b.predict(rows, iteration_range=(0, end), **how) for how in ({"output_margin": True}, {}, {"pred_contribs": True})]


n = 400
x = np.round(r.normal(size=(n, 4)), 3) * [1, 100, 1e-3, 1]
x[r.random((n, 4)) < [0.2, 0.05, 0, 0.4]] = np.nan
z = np.where(np.isnan(x[:, 0]), 0.8, np.sin(2 * x[:, 0])) + 0.01 * np.nan_to_num(x[:, 1]) * (x[:, 2] > 0)
y = (r.random(n) < 1 / (1 + np.exp(-z))).astype(float)

case("logistic", *train(x, y, 10, objective="binary:logistic", max_depth=4, base_score=0.3), x)
case("squared error, by loss", *train(x, 50 + 9 * z, 12, objective="reg:squarederror", tree_method="hist", grow_policy="lossguide", max_leaves=9, max_depth=0), x)
case("forest", *train(x, y, 1, objective="binary:logistic", num_parallel_tree=9, learning_rate=1, subsample=0.7, colsample_bynode=0.7, max_depth=4), x)
case("boosted forest", *train(x, y, 3, objective="binary:logistic", num_parallel_tree=3, subsample=0.7, max_depth=3), x)
case("dart", *train(x, y, 12, objective="binary:logistic", booster="dart", rate_drop=0.4, max_depth=3), x)
case("log-odds", *train(x, y, 5, objective="binary:logitraw", max_depth=3, base_score=0.2), x)

# Categories: 40 and 3 of them, in one word and in two, in sets and one against the rest.
k = x.copy()
k[:, 1] = r.integers(0, 40, n)
k[:, 3] = r.integers(0, 3, n)
k[r.random((n, 4)) < [0, 0.1, 0, 0.3]] = np.nan
yk = ((np.nan_to_num(k[:, 1], nan=7) * 7 % 5 > 2) ^ (k[:, 3] == 1) ^ (r.random(n) < 0.1)).astype(float)
levels = {"f1": [f"level {i}" for i in range(40)], "f3": ["app", "web", "shop"]}
names, types = ["f0", "f1", "f2", "f3"], ["float", "c", "float", "c"]
case("categories", *train(k, yk, 8, names, types, objective="binary:logistic", tree_method="hist", max_depth=5, max_cat_to_onehot=4), k, levels)

# Early stopping: a Booster predicts with all trees, the classes for scikit-learn up to the best iteration.
def stopped():
    m = xgb.XGBClassifier(n_estimators=60, early_stopping_rounds=3, max_depth=3, learning_rate=0.5, num_parallel_tree=2, subsample=0.6, n_jobs=1)
    m.fit(x[:200], y[:200], eval_set=[(x[200:], y[200:])], verbose=False)
    assert m.best_iteration + 1 < m.get_booster().num_boosted_rounds()
    return m


m = stopped()
b = m.get_booster()
explained = lambda rows: predictions(b, xgb.DMatrix(rows), m.best_iteration + 1)[2]
case("early stopping", m, lambda rows: (m.predict(rows, output_margin=True), m.predict_proba(rows)[:, 1], explained(rows)), x)
case("early stopping, booster", b, lambda rows: predictions(b, xgb.DMatrix(rows)), x)

# More than the others: what remains of sums in single precision.
case("many", *train(x, y, 100, objective="binary:logistic", max_depth=2, learning_rate=0.2), x, thresholds=1)

with open("xgboost.json", "w") as f:
    json.dump({"versions": {"xgboost": xgb.__version__, "numpy": np.__version__}, "cases": cases}, f, separators=(",", ":"))
