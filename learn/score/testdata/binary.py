"""Writes binary.json: scikit-learn's and scipy's measures of scores with ties and weights.

Run: python3 binary.py > binary.json (scikit-learn 1.2.1, numpy 1.24.2, scipy 1.10.1)
"""

import json
import sys

import numpy as np
import scipy
import sklearn
from scipy.stats import ks_2samp
from sklearn import metrics
from sklearn.calibration import _sigmoid_calibration, calibration_curve
from sklearn.isotonic import IsotonicRegression

random = np.random.RandomState(8)


def case(name, n, decimals, weighted, noise):
    signal = random.randn(n)
    y = (random.rand(n) < 1 / (1 + np.exp(-(1.5 * signal - 1)))).astype(int)
    y[:2] = [0, 1]
    p = np.round(1 / (1 + np.exp(-(signal + noise * random.randn(n) - 0.5))), decimals)
    w = random.randint(1, 9, n) / 4 if weighted else None
    inner = np.clip(p, 0.001, 0.999)
    fpr, tpr, thresholds = metrics.roc_curve(y, p, sample_weight=w, drop_intermediate=False)
    precision, recall, cuts = metrics.precision_recall_curve(y, p, sample_weight=w)
    out = dict(
        name=name, scores=p.tolist(), labels=y.tolist(), weights=None if w is None else w.tolist(),
        auc=metrics.roc_auc_score(y, p, sample_weight=w),
        ap=metrics.average_precision_score(y, p, sample_weight=w),
        brier=metrics.brier_score_loss(y, p, sample_weight=w),
        log_loss=metrics.log_loss(y, inner, sample_weight=w),
        fpr=fpr[1:].tolist(), tpr=tpr[1:].tolist(), thresholds=thresholds[1:].tolist(),
        precision=precision[::-1].tolist(), recall=recall[::-1].tolist(), cuts=cuts[::-1].tolist(),
    )
    if w is None:
        ks = ks_2samp(p[y == 1], p[y == 0])
        out["ks"], out["ks_at"] = float(ks.statistic), float(ks.statistic_location)
        true, mean = calibration_curve(y, p, n_bins=10)
        out["curve"] = [mean.tolist(), true.tolist()]
    log_odds = np.log(inner / (1 - inner))
    a, b = _sigmoid_calibration(log_odds, y, sample_weight=w)
    out["platt"] = [-float(b), -float(a)]
    iso = IsotonicRegression(out_of_bounds="clip").fit(p, y, sample_weight=w)
    grid = np.unique(p)
    out["isotonic"] = [grid.tolist(), iso.predict(grid).tolist()]
    return out


cases = [
    case("one decimal", 150, 1, False, 0.5),
    case("one decimal, weights", 150, 1, True, 0.5),
    case("three decimals", 300, 3, False, 1),
    case("three decimals, weights", 300, 3, True, 1),
    case("few rows", 12, 1, True, 1),
    case("worse than random", 120, 2, False, 8),
]
json.dump(
    dict(sklearn=sklearn.__version__, numpy=np.__version__, scipy=scipy.__version__, cases=cases),
    sys.stdout, separators=(",", ":"),
)
