# Writes forest.json: areas under the ROC curve of rows not seen in the fit, and of the rows of the fit out of bag, of
# RandomForestClassifier on the data of auc.py. Needs scikit-learn 1.2.1, Debian's python3-sklearn.
import ast
import json

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

# The functions of auc.py that make the data, without the rest.
wanted = {"uniform", "single", "world"}
tree = ast.parse(open("auc.py").read())
tree.body = [d for d in tree.body if isinstance(d, ast.FunctionDef) and d.name in wanted]
exec(compile(tree, "auc.py", "exec"))

cases = []
for name in ("uniform", "bell"):
    for seed in range(4):
        train, test = 4000, 40_000
        x, y = world(name, seed, train + test)
        m = RandomForestClassifier(200, min_samples_leaf=5, max_features="sqrt", oob_score=True, n_jobs=1, random_state=seed)
        m.fit(x[:train], y[:train])
        auc = roc_auc_score(y[train:], m.predict_proba(x[train:])[:, 1])
        bag = roc_auc_score(y[:train], m.oob_decision_function_[:, 1])
        cases.append({"name": name, "seed": seed, "train": train, "test": test, "trees": 200, "auc": round(auc, 7), "out_of_bag": round(bag, 7)})
        print(cases[-1], flush=True)
with open("forest.json", "w") as f:
    lines = ",\n".join(json.dumps(c) for c in cases)
    f.write('{"versions": %s,\n"cases": [\n%s\n]}\n' % (json.dumps({"scikit-learn": sklearn.__version__, "numpy": np.__version__}), lines))
