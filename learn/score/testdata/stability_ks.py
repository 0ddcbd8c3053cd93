# Two-sample Kolmogorov-Smirnov by scipy 1.10.1 and numpy 1.24.2: python3 stability_ks.py > stability_ks.json
import json, numpy as np, scipy
from scipy import stats
rng = np.random.default_rng(20240501)
cases = []
def case(x, y):
    r = stats.ks_2samp(x, y, method='exact'); a = stats.ks_2samp(x, y, method='asymp')
    cases.append({"x": [round(float(v), 6) for v in x], "y": [round(float(v), 6) for v in y], "distance": float(r.statistic), "exact": float(r.pvalue), "asymptotic": float(a.pvalue)})
for n, m, shift in [(30, 40, 0), (100, 60, 0.3), (100, 100, 0.5), (120, 80, 0.75), (50, 150, 0.2)]:
    case(np.round(rng.normal(size=n), 6), np.round(rng.normal(size=m) + shift, 6))
case(rng.integers(0, 5, 80), rng.integers(0, 6, 60))
tail = []
for n, m in [(100, 100), (100, 1000), (200, 5000), (1000, 1000)]:
    for c in [0.8, 1.2, 1.6, 2.0, 2.3]:
        d = np.ceil(c * np.sqrt((n + m) / n / m) * np.lcm(n, m)) / np.lcm(n, m)
        from scipy.stats._stats_py import _attempt_exact_2kssamp
        g = int(np.gcd(n, m))
        ok, d2, p = _attempt_exact_2kssamp(n, m, g, d, 'two-sided')
        if ok: tail.append({"n": n, "m": m, "distance": float(d2), "exact": float(p)})
print(json.dumps({"made_by": "stability_ks.py", "scipy": scipy.__version__, "numpy": np.__version__, "samples": cases, "tail": tail}))
