"""The Python side: reads a job as a JSON line, answers with a JSON line.

Usage: learn.py DIRECTORY PEER. The directory holds columns as raw numbers and gets the answers. The peer is sklearn or
xgboost, alone in its process, with as many threads as OMP_NUM_THREADS says or there are processors.
"""

import gc
import json
import os
import platform
import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

directory, peer = sys.argv[1:]
if peer == "xgboost":
    import xgboost

warnings.filterwarnings("ignore")
THREADS = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count())


def read(name, dtype):
    """Reads a column and removes its file."""
    column = np.fromfile(f"{directory}/{name}", dtype=dtype)
    os.remove(f"{directory}/{name}")
    return column


def write(name, values):
    np.ascontiguousarray(values, dtype=np.float64).ravel().tofile(f"{directory}/{name}")


def load(job):
    d = job["d"]
    rows, test = read("rows", np.float64).reshape(-1, d), read("test", np.float64).reshape(-1, d)
    return {"x": rows, "y": read("labels", np.int32), "test": test}


def boosting(x, y):
    """Settings of both; a matrix of quantiles takes as long as one of all numbers, columns in their order as long as rows."""
    if peer == "sklearn":
        return HistGradientBoostingClassifier(
            max_iter=100, learning_rate=0.1, max_leaf_nodes=31, min_samples_leaf=20, l2_regularization=1, max_bins=255,
            early_stopping=False,
        ).fit(x, y)
    parameters = {
        "objective": "binary:logistic", "base_score": float(y.mean()), "tree_method": "hist", "grow_policy": "lossguide",
        "max_leaves": 31, "max_depth": 0, "eta": 0.1, "lambda": 1, "min_child_weight": 5, "max_bin": 255,
        "nthread": THREADS,
    }
    return xgboost.train(parameters, xgboost.QuantileDMatrix(x, y, max_bin=255), 100)


def scores(model, x):
    return model.decision_function(x) if peer == "sklearn" else model.inplace_predict(x, predict_type="margin")


def one_by_one(model, rows):
    """On one thread: more make it slower."""
    return [scores(model, row)[0] for row in rows]


def telco(job, x, y):
    """Three numbers and codes of categories, each code a column; an L2 penalty of 1."""
    columns = ColumnTransformer([("n", StandardScaler(), slice(0, 3)), ("c", OneHotEncoder(sparse_output=False), slice(3, None))])
    z = columns.fit_transform(x)
    return z, LogisticRegression(C=1, solver=job["form"], tol=1e-6 if job["form"] == "newton-cholesky" else 1e-5, max_iter=1000).fit(z, y)


def objective(z, model, y):
    f = z @ model.coef_[0] + model.intercept_[0]
    return float(0.5 * model.coef_[0] @ model.coef_[0] + np.sum(np.maximum(f, 0) + np.log1p(np.exp(-np.abs(f))) - y * f))


def prepare(job, held):
    if job["task"] == "fit":
        return load(job)
    if job["task"] == "telco":
        if os.path.exists(f"{directory}/columns"):
            y = read("labels", np.int32)
            held = {"x": np.ascontiguousarray(read("columns", np.float64).reshape(-1, len(y)).T), "y": y}
        return held
    if job["task"] == "row":
        held["rows"] = [held["test"][i : i + 1] for i in range(1000)]
        if peer == "xgboost":
            held["model"].set_param("nthread", 1)
    if job["task"] == "contributions":
        held["model"].set_param("nthread", THREADS)
        held["matrix"] = xgboost.DMatrix(held["test"], nthread=THREADS)
    return held


def run(job, held):
    if job["task"] == "fit":
        return boosting(held["x"], held["y"])
    if job["task"] == "row":
        return one_by_one(held["model"], held["rows"])
    if job["task"] == "contributions":
        return held["model"].predict(held["matrix"], pred_contribs=True)
    return telco(job, held["x"], held["y"])


def reply(**values):
    print(json.dumps(values), flush=True)


version = f"XGBoost {xgboost.__version__}" if peer == "xgboost" else f"scikit-learn {sklearn.__version__}"
reply(version=f"{version}, NumPy {np.__version__}, Python {platform.python_version()}")
held, result = {}, None
for line in sys.stdin:
    job = json.loads(line)
    if job["do"] == "model":
        held = load(job)
        held["model"] = boosting(held["x"], held["y"])
        if peer == "xgboost":
            held["model"].save_model(f"{directory}/model.json")
        reply()
    elif job["do"] == "prepare":
        held = prepare(job, held)
        reply()
    elif job["do"] == "run":
        result = None
        gc.collect()
        with threadpool_limits(1 if job["task"] == "row" else None):
            cpu, start = time.process_time(), time.perf_counter()
            result = run(job, held)
            wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        reply(wall=wall, cpu=cpu)
    elif job["task"] == "telco":
        reply(objective=objective(*result, held["y"]))
    else:
        if job["task"] == "fit":
            write("scores", scores(result, held["test"]))
        else:
            write("values", result)
        result = None
        reply()
