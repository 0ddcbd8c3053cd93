# Writes auc.json: areas under the ROC curve of rows not seen in the fit, of HistGradientBoosting and XGBoost at equal settings, on
# continuous numbers, zeros, long tails and missing values, where each tool has bins of its own. With 249 bins in place of 255 each
# tool tells how far it is from itself. Needs scikit-learn 1.2.1 and xgboost 1.7.4, Debian's python3-sklearn and python3-xgboost.
import json

import numpy as np
import sklearn
import xgboost
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score


def uniform(n, d, seed):  # splitmix64, 24 bits
    with np.errstate(over="ignore"):
        s = (np.arange(1, n * d + 1, dtype=np.uint64) + np.uint64(seed << 32)) * np.uint64(0x9E3779B97F4A7C15)
        s = (s ^ (s >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        s = (s ^ (s >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        s = s ^ (s >> np.uint64(31))
    return (s >> np.uint64(40)).astype(float).reshape(n, d) / 2.0**24


def single(x):
    return x.astype(np.float32).astype(float)


def world(name, seed, n):
    if name == "uniform":
        u = uniform(n, 11, seed)
        x = u[:, :10]
        z = 6 * (u[:, 0] - 0.5) ** 2 + 3 * u[:, 1] * u[:, 2] - 2 * u[:, 4] + np.abs(u[:, 5] - u[:, 6]) - 1 + (u[:, 3] > 0.7)
    elif name == "bell":
        u = uniform(n, 85, seed + 1000)
        x = np.column_stack([single((u[:, 3 * i] + u[:, 3 * i + 1] + u[:, 3 * i + 2] - 1.5) * 2) for i in range(28)])
        z = 1.2 * np.sin(2 * x[:, 0]) + np.abs(x[:, 2]) - 1 + 0.5 * x[:, 3] + (x[:, 4] > 0.5) * x[:, 5] + 0.4 * np.maximum(x[:, 6], x[:, 7])
    else:  # spend
        u = uniform(n, 14, seed + 2000)
        zero = np.where(u[:, 0] < 0.4, 0, single(1 / (1.0001 - u[:, 1])))
        tail = single(1 / (1.00001 - u[:, 2]))
        price = np.floor(400 * u[:, 3] * u[:, 3]) / 4
        heap = np.where(u[:, 4] < 0.3, 30, np.floor(1000 * u[:, 5]))
        gap = np.where(u[:, 6] < 0.25, np.nan, u[:, 7])
        count = np.floor(2 / (1.01 - u[:, 8]))
        x = np.column_stack([zero, tail, price, heap, gap, count, u[:, 9:13]])
        z = 1.5 / tail - heap / 500 + np.minimum(count, 20) / 10 * (u[:, 10] - 0.5) - 0.7
        z = z + 1.5 * (zero > 3) - (zero == 0) + price / 50 * (u[:, 9] > 0.5) + np.where(np.isnan(gap), 0.8, 2 * (gap - 0.5) ** 2)
    return x, u[:, -1] < 1 / (1 + np.exp(-z))


def scikit_learn(x, y, k, rounds, bins):
    m = HistGradientBoostingClassifier(max_iter=rounds, max_bins=bins, l2_regularization=1.0, early_stopping=False).fit(x[:k], y[:k])
    return roc_auc_score(y[k:], m.decision_function(x[k:]))


def xgb(x, y, k, rounds, bins):
    m = xgboost.XGBClassifier(
        n_estimators=rounds, tree_method="hist", grow_policy="lossguide", max_leaves=31, max_depth=0, learning_rate=0.1,
        reg_lambda=1, min_child_weight=5, max_bin=bins, base_score=y[:k].mean(), n_jobs=1,
    ).fit(x[:k], y[:k])
    return roc_auc_score(y[k:], m.predict(x[k:], output_margin=True))


cases = []
for train, test, rounds, seeds in ((40_000, 100_000, 20, 1), (10_000, 100_000, 50, 8), (100_000, 200_000, 50, 2)):
    for name in ("uniform", "bell", "spend"):
        for seed in range(seeds):
            x, y = world(name, seed, train + test)
            auc = [round(tool(x, y, train, rounds, bins), 7) for tool in (scikit_learn, xgb) for bins in (255, 249)]
            cases.append({"name": name, "seed": seed, "train": train, "test": test, "rounds": rounds,
                          "sklearn": auc[0], "sklearn_249": auc[1], "xgboost": auc[2], "xgboost_249": auc[3]})
            print(cases[-1], flush=True)
            versions = {"scikit-learn": sklearn.__version__, "xgboost": xgboost.__version__, "numpy": np.__version__}
            with open("auc.json", "w") as f:
                lines = ",\n".join(json.dumps(c) for c in cases)
                f.write('{"versions": %s,\n"cases": [\n%s\n]}\n' % (json.dumps(versions), lines))
