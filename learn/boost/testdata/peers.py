# Writes peers.json. Needs scikit-learn 1.2.1 and xgboost 1.7.4, Debian's python3-sklearn and python3-xgboost.
import json

import numpy as np
import sklearn
import xgboost
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import roc_auc_score

out = {"versions": {"scikit-learn": sklearn.__version__, "xgboost": xgboost.__version__, "numpy": np.__version__}}

# Equal trees: few distinct values, so that all take the same thresholds.
r = np.random.default_rng(5)
n = 700
x = np.round(r.normal(size=(n, 5)), 1)
x[r.random((n, 5)) < [0.2, 0.05, 0, 0, 0.5]] = np.nan
z = np.where(np.isnan(x[:, 0]), 0.8, np.sin(2 * x[:, 0])) + np.nan_to_num(x[:, 1]) * (x[:, 2] > 0) - 0.7 * x[:, 3]
y = (r.random(n) < 1 / (1 + np.exp(-z))).astype(float)
w = r.integers(1, 4, size=n).astype(float)
common = dict(learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=20, l2_regularization=1.5, early_stopping=False)
cases = []
for name, model, target, weight in [
    ("logistic", HistGradientBoostingClassifier(max_iter=25, **common), y, None),
    ("squared error", HistGradientBoostingRegressor(max_iter=25, **common), z, None),
    # xgboost, since scikit-learn measures the gain of a value at its limit by the gradient alone.
    ("monotone", xgboost.XGBClassifier(
        n_estimators=25, tree_method="hist", grow_policy="lossguide", max_leaves=8, max_depth=0, learning_rate=0.1, reg_lambda=1.5,
        min_child_weight=4, max_bin=255, base_score=y.mean(), monotone_constraints=(0, 1, 0, -1, 0)), y, None),
    ("weights", HistGradientBoostingClassifier(max_iter=25, **{**common, "min_samples_leaf": 1, "l2_regularization": 3.0}), y, w),
]:
    model.fit(x, target, sample_weight=weight)
    if name == "monotone":
        raw = model.predict(x, output_margin=True).astype(float)
    else:
        raw = model.decision_function(x) if hasattr(model, "decision_function") else model.predict(x)
    cases.append({"name": name, "target": target.tolist(), "weight": None if weight is None else weight.tolist(), "raw": raw.tolist()})
out["cases"] = cases
out["x"] = [[None if np.isnan(v) else v for v in column] for column in x.T]


# Equal settings on data that a formula generates: splitmix64.
def uniform(n, d, seed):
    with np.errstate(over="ignore"):
        s = (np.arange(1, n * d + 1, dtype=np.uint64) + np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
        s = (s ^ (s >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        s = (s ^ (s >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        s = s ^ (s >> np.uint64(31))
    return (s >> np.uint64(11)).astype(float).reshape(n, d) / 2.0**53


n = 30000
u = uniform(n, 10, 0)
level = np.floor(u[:, 8] * 12)
z = 6 * (u[:, 0] - 0.5) ** 2 + 2 * u[:, 1] * u[:, 2] + (u[:, 3] > 0.7) - 1.5 * u[:, 4] + ((level * 7) % 12) / 6 - 2
y = (u[:, 9] < 1 / (1 + np.exp(-z))).astype(float)
x = np.column_stack([np.floor(200 * u[:, :8]), level])
k = 10000
m = HistGradientBoostingClassifier(max_iter=20, early_stopping=False, categorical_features=[8]).fit(x[:k], y[:k])
out["sklearn_auc"] = roc_auc_score(y[k:], m.decision_function(x[k:]))
m = xgboost.XGBClassifier(
    n_estimators=20, tree_method="hist", grow_policy="lossguide", max_leaves=31, max_depth=0, learning_rate=0.1,
    reg_lambda=1, min_child_weight=5, max_bin=255, n_jobs=2, base_score=y[:k].mean(),
).fit(x[:k], y[:k])
out["xgboost_auc"] = roc_auc_score(y[k:], m.predict_proba(x[k:])[:, 1])
print(out["sklearn_auc"], out["xgboost_auc"])
with open("peers.json", "w") as f:
    json.dump(out, f, separators=(",", ":"))
    f.write("\n")
