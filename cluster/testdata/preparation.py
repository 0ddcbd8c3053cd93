# Writes preparation.json: what scikit-learn and SciPy make of small columns.
import json
import numpy, scipy, sklearn
from scipy import stats
from sklearn.preprocessing import PowerTransformer, RobustScaler, StandardScaler

random = numpy.random.RandomState(7)
columns = {
    "amounts": numpy.round(numpy.exp(random.normal(3, 1, 60)), 2),
    "refunds": numpy.round(numpy.where(random.rand(60) < 0.2, -1, 1) * random.gamma(2, 30, 60), 2),
    "losses": -numpy.round(random.gamma(2, 3, 40) + 0.01, 2),
    "counts": random.poisson(2, 50).astype(float),
    "times": 1.7e9 + numpy.round(random.normal(0, 1, 40), 3),
}
out = {"sklearn": sklearn.__version__, "scipy": scipy.__version__, "numpy": numpy.__version__, "columns": []}
for name, x in columns.items():
    column = x[:, None]
    entry = {
        "name": name, "values": x.tolist(),
        "zscore": StandardScaler().fit_transform(column)[:, 0].tolist(),
        "robust": RobustScaler().fit_transform(column)[:, 0].tolist(),
        "quantiles": {str(p): float(numpy.quantile(x, p)) for p in (0, 0.01, 0.05, 0.25, 0.5, 0.9, 1)},
    }
    if name != "times":
        entry["lambda"] = float(stats.yeojohnson_normmax(x))
        power = PowerTransformer(standardize=True).fit(column)
        entry["yeo_johnson"] = power.transform(column)[:, 0].tolist()
    out["columns"].append(entry)
with open("preparation.json", "w") as f:
    json.dump(out, f, indent=None)
    f.write("\n")
