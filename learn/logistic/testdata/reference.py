# Writes reference.json: fits of scikit-learn and numpy on IBM's Telco customer churn and on drawn numbers.
# Usage: python3 reference.py Telco-Customer-Churn.csv.gz > reference.json
import csv, gzip, json, sys, warnings
import numpy, scipy, sklearn
from sklearn.linear_model import LogisticRegression

rows = list(csv.DictReader(gzip.open(sys.argv[1], "rt")))
numbers = ["tenure", "MonthlyCharges", "TotalCharges"]
left = numpy.array([r["Churn"] == "Yes" for r in rows]).astype(float)


def prepare(rows, first):
    """Standardised numbers and indicators, all levels or without the first; the names of the sources."""
    columns, source, scale = [], [], []
    for c in rows[0]:
        if c in ("customerID", "Churn"):
            continue
        if c in numbers:
            x = numpy.array([float(r[c].strip() or 0) for r in rows])
            columns.append((x - x.mean()) / x.std())
            source.append(c), scale.append(x.std())
            continue
        for level in sorted({r[c] for r in rows})[first:]:
            columns.append(numpy.array([float(r[c] == level) for r in rows]))
            source.append(c), scale.append(1.0)
    return numpy.array(columns).T, source, numpy.array(scale)


def objective(x, y, w, b, b0, l1, l2):
    z = x @ b + b0
    return float(numpy.sum(w * (numpy.logaddexp(0, z) - y * z)) + l2 / 2 * b @ b + l1 * abs(b).sum())


def sparse(x, y, w, l1, l2):
    c = 1 / (l1 + l2)
    m = LogisticRegression(penalty="elasticnet", l1_ratio=l1 * c, C=c, solver="saga", tol=1e-13, max_iter=200000, random_state=1)
    m.fit(x, y, sample_weight=w)
    b = m.coef_[0]
    return {"l1": l1, "l2": l2, "objective": objective(x, y, w, b, m.intercept_[0], l1, l2),
            "intercept": m.intercept_[0], "coefficients": list(b)}


def information(x, y, l2):
    """Newton's method; the information of the standardised columns, the intercept first."""
    a = numpy.hstack([numpy.ones((len(y), 1)), x])
    penalty = numpy.diag([0] + [l2] * x.shape[1])
    b = numpy.zeros(a.shape[1])
    for _ in range(15):
        p = 1 / (1 + numpy.exp(-a @ b))
        f = a.T @ ((p * (1 - p))[:, None] * a)
        b -= numpy.linalg.solve(f + penalty, a.T @ (p - y) + penalty @ b)
    return f, f + penalty


warnings.simplefilter("error")
out = {"versions": {"sklearn": sklearn.__version__, "numpy": numpy.__version__, "scipy": scipy.__version__}}

train = [r for i, r in enumerate(rows) if i % 5]
y = left[numpy.arange(len(rows)) % 5 > 0]
x, _, _ = prepare(train, 0)
one = numpy.ones(len(y))
out["telco"] = [sparse(x, y, one, 20, 0), sparse(x, y, one, 10, 10)]
_, h = information(x, y, 1)
out["telco_l2_std_err"] = list(numpy.sqrt(numpy.diag(numpy.linalg.inv(h))))

# The rows and columns of R's glm: complete, "No internet service" and "No phone service" are "No".
complete = [r for r in rows if r["TotalCharges"].strip()]
for r in complete:
    for c in r:
        if r[c].startswith("No "):
            r[c] = "No"
x, source, scale = prepare(complete, 1)
f, _ = information(x, left[[bool(r["TotalCharges"].strip()) for r in rows]], 0)
v = numpy.linalg.inv(f)
out["glm_std_err"] = list(numpy.sqrt(numpy.diag(v))[1:] / scale)
r = v[1:, 1:] / numpy.sqrt(numpy.outer(numpy.diag(v)[1:], numpy.diag(v)[1:]))
gvif = {}  # as car::vif of R: of the correlation of the coefficients
for s in dict.fromkeys(source):
    on = numpy.array([t == s for t in source])
    gvif[s] = numpy.linalg.det(r[on][:, on]) * numpy.linalg.det(r[~on][:, ~on]) / numpy.linalg.det(r)
out["glm_gvif"] = gvif

# Drawn numbers with weights.
g = numpy.random.default_rng(7)
n, d = 60, 6
x = numpy.round(g.standard_normal((n, d)), 3)
y = (g.random(n) < 1 / (1 + numpy.exp(-(x[:, 0] - x[:, 1])))).astype(float)
w = numpy.round(g.random(n) * 3, 2)
out["drawn"] = {"x": x.T.tolist(), "y": y.tolist(), "w": w.tolist(), "fits": []}
mean = (w @ x) / w.sum()
x = (x - mean) / numpy.sqrt(w @ (x - mean) ** 2 / w.sum())
for l1, l2 in [(0, 1), (0, 0.01), (1, 0), (4, 0), (0.5, 0.5)]:
    out["drawn"]["fits"].append(sparse(x, y, w, l1, l2))
json.dump(out, sys.stdout)
