"""The pandas side: reads a job as a JSON line, answers with a JSON line.

Usage: rfm.py DIRECTORY, which holds the columns as raw int64. The fastest of several forms is used: orders are grouped
twice by one int64 key (nunique and drop_duplicates take longer); strings are factorized and grouped by their codes;
thresholds out of a sort (Series.rank takes 1.7 times as long); groupby without sorting.
"""

import gc
import json
import platform
import sys
import time

import numpy as np
import pandas as pd

BINS = 5
directory = sys.argv[1]


def read(name):
    return np.fromfile(f"{directory}/{name}", dtype=np.int64)


lines = pd.DataFrame({"customer": read("customer"), "unix": read("unix"), "amount": read("amount"), "order": read("order")})


def prepare(job):
    """Adds the columns of the job: strings as objects, equal ones shared, or as categories."""
    for want, column, letter in (("text_ids", "customer", "C"), ("text_orders", "order", "O")):
        if job[want] and column + "_text" not in lines:
            names = np.array([f"{letter}{i:08d}" for i in range(lines[column].max() + 1)], dtype=object)
            lines[column + "_text"] = names[lines[column].to_numpy()]
    if job["coded"] and "customer_coded" not in lines:
        lines["customer_coded"] = lines["customer_text"].astype("category")


def summarise(job):
    if job["coded"]:
        coded = lines["customer_coded"].cat
        key, ids = coded.codes.to_numpy(), coded.categories
    elif job["text_ids"]:
        key, ids = pd.factorize(lines["customer_text"])
    else:
        key, ids = lines["customer"].to_numpy(), None
    unix, amount = lines["unix"], lines["amount"]
    if job["frequency"] == "orders":
        order = pd.factorize(lines["order_text"])[0] if job["text_orders"] else lines["order"].to_numpy()
        width = int(order.max()) + 1
        if (int(key.max()) + 1) * width >= 2**63:
            raise OverflowError("customer and order do not fit one int64")
        by_order = lines.groupby(key.astype(np.int64) * width + order, sort=False).agg(unix=("unix", "max"), amount=("amount", "sum"))
        key, unix, amount = by_order.index.to_numpy() // width, by_order["unix"], by_order["amount"]
    grouped = pd.DataFrame({"unix": unix.to_numpy(), "amount": amount.to_numpy()}, copy=False).groupby(key, sort=False)
    table = grouped.agg(last=("unix", "max"), frequency=("amount", "size"), monetary=("amount", "sum"))
    table["id"] = table.index if ids is None else ids[table.index]
    table["recency"] = job["day"] - table.pop("last") // 86400
    return table


def mid_rank(values):
    ordered = np.sort(values)
    n = len(ordered)
    cuts = []
    for k in range(1, BINS):
        at = ordered[n * k // BINS]
        low, high = np.searchsorted(ordered, at, "left"), np.searchsorted(ordered, at, "right")
        if BINS * (low + high) // (2 * n) >= k:
            cuts.append(at)
        elif high < n:
            cuts.append(ordered[high])
    return (1 + np.searchsorted(np.array(cuts), values, "right")).astype(np.int8)


def ntile(values):
    n = len(values)
    score = np.empty(n, np.int8)
    sizes = [n // BINS + (i < n % BINS) for i in range(BINS)]
    score[np.argsort(values, kind="stable")] = np.repeat(np.arange(1, BINS + 1, dtype=np.int8), sizes)
    return score


def run(job):
    table = summarise(job)
    score = ntile if job["ntile"] else mid_rank
    table["R"] = score(-table["recency"].to_numpy())
    table["F"] = score(table["frequency"].to_numpy())
    table["M"] = score(table["monetary"].to_numpy())
    return table


def write(table, file):
    number = table["id"].str[1:].astype(np.int64) if table["id"].dtype == object else table["id"]
    columns = [number, *(table[c] for c in ("recency", "frequency", "monetary", "R", "F", "M"))]
    np.column_stack([c.to_numpy().astype(np.int64) for c in columns]).tofile(file)


def answer(**values):
    print(json.dumps(values), flush=True)


answer(version=f"pandas {pd.__version__}, NumPy {np.__version__}, Python {platform.python_version()}")
table = None
for line in sys.stdin:
    job = json.loads(line)
    if job["do"] == "prepare":
        prepare(job)
        answer()
    elif job["do"] == "run":
        table = None
        gc.collect()
        cpu, start = time.process_time(), time.perf_counter()
        table = run(job)
        answer(wall=time.perf_counter() - start, cpu=time.process_time() - cpu)
    else:
        write(table, job["file"])
        table = None
        answer()
