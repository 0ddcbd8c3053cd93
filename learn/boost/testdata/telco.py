# Prints the areas under the ROC curve of telco_test.go. Argument: Telco-Customer-Churn.csv.gz. Needs scikit-learn 1.2.1 and
# xgboost 1.7.4, Debian's python3-sklearn and python3-xgboost.
import csv
import gzip
import sys

import numpy as np
import xgboost
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

rows = list(csv.reader(gzip.open(sys.argv[1], "rt")))
header, rows = rows[0], rows[1:]
columns = []
for i, name in enumerate(header[1:-1], 1):
    texts = [row[i] for row in rows]
    if name in ("SeniorCitizen", "tenure", "MonthlyCharges", "TotalCharges"):
        step = {"MonthlyCharges": 1, "TotalCharges": 40}.get(name, 1)
        columns.append([np.floor(float(s.strip() or 0) / step) for s in texts])
    else:
        levels = sorted(set(texts))
        columns.append([levels.index(s) for s in texts])
# Charges in steps, so that there are few enough values for all to take the same thresholds.
x, y = np.array(columns, float).T, np.array([row[-1] == "Yes" for row in rows])
test = np.arange(len(y)) % 5 == 0
for leaves, rounds, rate in ((31, 10, 0.1), (8, 25, 0.1)):
    m = HistGradientBoostingClassifier(max_iter=rounds, max_leaf_nodes=leaves, learning_rate=rate, early_stopping=False)
    m.fit(x[~test], y[~test])
    a = roc_auc_score(y[test], m.decision_function(x[test]))
    m = xgboost.XGBClassifier(
        n_estimators=rounds, tree_method="hist", grow_policy="lossguide", max_leaves=leaves, max_depth=0, learning_rate=rate,
        reg_lambda=1, min_child_weight=5, max_bin=255, base_score=y[~test].mean(),
    )
    m.fit(x[~test], y[~test])
    print(leaves, rounds, rate, a, roc_auc_score(y[test], m.predict_proba(x[test])[:, 1]))
