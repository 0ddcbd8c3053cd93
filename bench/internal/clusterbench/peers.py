"""The Python side: reads a job as a JSON line, answers with a JSON line.

Usage: peers.py DIRECTORY PEER. The directory holds rows and starting centres as raw float64, and gets the answers. The
peer is sklearn or faiss, alone in its process, so that their threads do not meet. The first line of a job tries it with
one thread and with one for each processor, and keeps what is quicker.
"""

import gc
import json
import os
import platform
import sys
import time
import warnings

import numpy as np
from threadpoolctl import threadpool_limits

warnings.filterwarnings("ignore")
directory, peer = sys.argv[1:]
if peer == "faiss":
    import faiss
else:
    import sklearn
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score


def read(name, d, dtype=np.float64):
    return np.ascontiguousarray(np.fromfile(f"{directory}/{name}", dtype=np.float64).reshape(-1, d), dtype=dtype)


def lloyd(job, x, prepared):
    start = read(job["start"], job["d"])
    return KMeans(job["k"], init=start, n_init=1, max_iter=job["iterations"], tol=job["tolerance"], algorithm="lloyd").fit(x)


def default(job, x, prepared):
    return KMeans(job["k"], n_init=1, random_state=job["seed"]).fit(x)


def predict(job, x, prepared):
    return prepared.predict(x)


def silhouette(job, x, prepared):
    return silhouette_score(x, prepared.labels_)


def train(job, x, prepared):
    """All points, as many iterations as asked for, single precision: it has no double."""
    m = faiss.Kmeans(job["d"], job["k"], niter=job["iterations"], max_points_per_centroid=len(x))
    m.train(x, init_centroids=read(job["start"], job["d"], np.float32))
    return m


def clock(job, threads):
    if peer == "faiss":
        faiss.omp_set_num_threads(threads)
    gc.collect()
    with threadpool_limits(threads):
        cpu, start = time.process_time(), time.perf_counter()
        result = globals()[job["task"]](job, x, prepared)
        return result, time.perf_counter() - start, time.process_time() - cpu


def write(array, dtype):
    np.asarray(array, dtype=dtype).tofile(f"{directory}/answer")


def answer(**values):
    print(json.dumps(values), flush=True)


version = f"FAISS {faiss.__version__}" if peer == "faiss" else f"scikit-learn {sklearn.__version__}"
answer(version=f"{version}, NumPy {np.__version__}, Python {platform.python_version()}")
name = x = prepared = result = None
threads = 1
for line in sys.stdin:
    job = json.loads(line)
    if job["do"] == "prepare":
        if name != job["rows"]:
            name, x = job["rows"], read(job["rows"], job["d"], np.float32 if peer == "faiss" else np.float64)
        prepared = None
        if job["task"] in ("predict", "silhouette"):
            prepared = lloyd(job, x, None)
        settings = sorted({1, len(os.sched_getaffinity(0))})
        threads = min(settings, key=lambda t: min(clock(job, t)[1] for _ in range(2)))
        answer(threads=threads)
    elif job["do"] == "run":
        result = None
        result, wall, cpu = clock(job, threads)
        answer(wall=wall, cpu=cpu)
    elif job["task"] == "silhouette":
        answer(score=float(result))
    elif job["task"] == "predict":
        write(result, np.int32)
        answer(wrote="labels")
    elif job["task"] == "train":
        write(result.centroids, np.float64)
        answer(wrote="centers")
    else:
        write(result.labels_, np.int32)
        answer(wrote="labels", inertia=float(result.inertia_))
