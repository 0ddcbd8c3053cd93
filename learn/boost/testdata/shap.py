"""Writes shap.json: trees of xgboost with its pred_contribs and pred_interactions.

Run with xgboost 1.7.4 and numpy 1.24.2: python3 shap.py > shap.json
"""
import json
import sys

import numpy as np
import xgboost as xgb

r = np.random.default_rng(9)
x = r.normal(size=(400, 6)).round(2).astype(np.float32)
x[r.random(x.shape) < 0.15] = np.nan
f = np.nan_to_num(x)
y = f[:, 0] * f[:, 1] + np.sin(2 * f[:, 2]) + np.maximum(f[:, 3], 0) + np.isnan(x[:, 4]) + 0.2 * r.normal(size=400)


def case(name, base, rounds, **options):
    label = y if "squared" in options["objective"] else (y > 0.5).astype(int)
    booster = xgb.train({"max_depth": 5, "eta": 0.3, "seed": 1, **options}, xgb.DMatrix(x, label=label), rounds)
    rows = xgb.DMatrix(x[:12])
    return {
        "name": name,
        "base": base,
        "trees": [json.loads(t) for t in booster.get_dump(dump_format="json", with_stats=True)],
        "contributions": booster.predict(rows, pred_contribs=True).ravel().astype(float).tolist(),
        "interactions": booster.predict(rows, pred_interactions=True).ravel().astype(float).tolist(),
    }


json.dump({
    "xgboost": xgb.__version__,
    "x": [[None if np.isnan(v) else float(v) for v in row] for row in x[:12]],
    "cases": [
        case("squared error", 0.5, 4, objective="reg:squarederror"),
        case("logistic", 0, 4, objective="binary:logistic", **{"lambda": 0.5}),
        case("one leaf", 0.5, 1, objective="reg:squarederror", gamma=1e9),
    ],
}, sys.stdout)
