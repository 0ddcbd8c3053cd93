"""The Python side: reads a job as a JSON line, answers with a JSON line.

Usage: churn.py DIRECTORY PEER. The directory holds columns as raw numbers and gets the answers. The peer is pandas or
sklearn, alone in its process. scikit-learn runs with as many threads as there are processors.
"""

import gc
import json
import platform
import sys
import time

import numpy as np

directory, peer = sys.argv[1:]
if peer == "pandas":
    import pandas as pd
else:
    import warnings

    import sklearn
    from sklearn.linear_model import LogisticRegression

    warnings.filterwarnings("ignore")

DAY = 86400
WINDOWS = (7, 30, 90, 365)
KINDS = ("contact", "purchase", "refund")
CONTACT, PURCHASE, REFUND = range(3)


def read(name, dtype):
    return np.fromfile(f"{directory}/{name}", dtype=dtype)


def features(job, events):
    """One groupby for each way to group, over columns that are made beforehand: what was quickest of several forms.

    Customers are int64 keys; sums run over indicator columns, since groupby with a mask for each window takes longer.
    """
    age = job["cutoff"] - events["unix"] // DAY
    kind, amount, customer = events["kind"], events["amount"], events["customer"]
    sums = {}
    for k, name in enumerate(KINDS):
        of = (kind == k).to_numpy()
        for w in WINDOWS:
            sums[f"{name}_count_{w}d"] = of & (age <= w).to_numpy()
            if k != CONTACT:
                sums[f"{name}_sum_{w}d"] = np.where(sums[f"{name}_count_{w}d"], amount, 0)
            if w >= 14 and k == PURCHASE:
                sums[f"recent_{w}"] = of & (age <= w // 2).to_numpy()
                sums[f"earlier_{w}"] = of & (age > w // 2).to_numpy() & (age <= w // 2 * 2).to_numpy()
    table = pd.DataFrame(sums, copy=False).groupby(customer.to_numpy(), sort=True).sum()
    for w in WINDOWS:
        if w >= 14:
            table[f"purchase_trend_{w}d"] = np.log((table.pop(f"recent_{w}") + 0.5) / (table.pop(f"earlier_{w}") + 0.5))
    for k, name in enumerate(KINDS):
        of = (kind == k).to_numpy()
        ages = age[of].groupby(customer[of].to_numpy())
        table[f"{name}_days_since"] = ages.min() - 1
        table[f"{name}_days_since_first"] = ages.max() - 1
    for w in WINDOWS:
        table[f"refund_share_{w}d"] = table[f"refund_sum_{w}d"] / table[f"purchase_sum_{w}d"].where(table[f"purchase_sum_{w}d"] > 0)
    bought = events[(kind == PURCHASE).to_numpy()]
    age = job["cutoff"] - bought["unix"] // DAY
    orders = bought["amount"].groupby(bought["customer"].to_numpy()).agg(["sum", "count", "max"])
    table["purchase_mean"] = orders["sum"] / orders["count"]
    table["purchase_max_share"] = orders["max"] / orders["sum"].where(orders["sum"] > 0)
    weekday = (bought["unix"] // DAY + 3) % 7
    hour = bought["unix"] % DAY // 3600
    habits = {"purchase_weekend_share": weekday >= 5, "purchase_evening_share": hour >= 18, "purchase_night_share": hour < 6}
    shares = pd.DataFrame(habits, copy=False).groupby(bought["customer"].to_numpy()).mean()
    for name in habits:
        table[name] = shares[name]
    days = pd.DataFrame({"customer": bought["customer"], "age": age}).drop_duplicates().sort_values(["customer", "age"], ascending=[True, False])
    gap = -days["age"].diff()
    same = (days["customer"] == days["customer"].shift()).to_numpy()
    gaps = gap[same].groupby(days["customer"][same].to_numpy())
    table["purchase_days"] = days.groupby("customer").size()
    for name, value in (("mean", gaps.mean()), ("median", gaps.median()), ("sd", gaps.std()), ("max", gaps.max()), ("last", gaps.last())):
        table[f"purchase_gap_{name}"] = value
    for q in (80, 90):
        table[f"purchase_gap_q{q}"] = gaps.quantile(q / 100)
    table["purchase_gap_cv"] = table["purchase_gap_sd"] / table["purchase_gap_mean"]
    for name in ("mean", "median", "q80"):
        table[f"silence_to_gap_{name}"] = table["purchase_days_since"] / table[f"purchase_gap_{name}"]
    table["purchase_rate"] = (table["purchase_days"] - 1) / table["purchase_days_since_first"].where(table["purchase_days_since_first"] > 0)
    recent = bought[(age <= WINDOWS[-1]).to_numpy()]
    counts = recent.groupby([recent["customer"].to_numpy(), recent["channel"].to_numpy()]).size().unstack(fill_value=0)
    total = counts.sum(axis=1)
    for c, name in enumerate(job["channels"]):
        table[f"channel_share_{name}"] = counts[c] / total
    table["channel_count"] = (counts > 0).sum(axis=1)
    return table


def load():
    columns = {n: read(n, np.int64) for n in ("customer", "unix", "amount")}
    columns |= {n: read(n, np.int32) for n in ("kind", "channel")}
    return pd.DataFrame(columns, copy=False)


def logistic(job, x, y):
    """An L2 penalty of 1; tolerance and iterations so that the objective is that of the optimum."""
    return LogisticRegression(C=1, solver=job["solver"], tol=job["tolerance"], max_iter=1000).fit(x, y)


def objective(model, x, y):
    z = x @ model.coef_[0] + model.intercept_[0]
    return float(0.5 * model.coef_[0] @ model.coef_[0] + np.sum(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y * z))


def reply(**values):
    print(json.dumps(values), flush=True)


if peer == "pandas":
    version = f"pandas {pd.__version__}"
else:
    version = f"scikit-learn {sklearn.__version__}"
reply(version=f"{version}, NumPy {np.__version__}, Python {platform.python_version()}")
held, result = {}, None
for line in sys.stdin:
    job = json.loads(line)
    if job["do"] == "prepare":
        if peer == "pandas":
            held = {"events": load()}
        else:
            d = job["d"]
            held = {"x": np.ascontiguousarray(read(job["rows"], np.float64).reshape(-1, d)), "y": read(job["labels"], np.int32)}
        reply()
    elif job["do"] == "run":
        result = None
        gc.collect()
        cpu, start = time.process_time(), time.perf_counter()
        result = features(job, held["events"]) if peer == "pandas" else logistic(job, held["x"], held["y"])
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        reply(wall=wall, cpu=cpu)
    elif peer == "pandas":
        table = result[job["columns"]].astype(np.float64)
        table.head(job["head"]).to_numpy().ravel().tofile(f"{directory}/head")
        np.stack([table.sum().to_numpy(), table.isna().sum().to_numpy(dtype=np.float64)]).ravel().tofile(f"{directory}/sums")
        result = None
        reply()
    else:
        reply(objective=objective(result, held["x"], held["y"]), iterations=int(result.n_iter_[0]))
