"""Writes sklearn_prune.json: impurities, weakest-link sequences and probabilities of
scikit-learn's DecisionTreeClassifier on numbers that float32 holds exactly, by both
criteria, with class weights and with min_samples_split. Only cases without tied splits
are kept: the same tree for ten random states."""
import json

import numpy
import sklearn
from sklearn.tree import DecisionTreeClassifier

cases = []
for seed, (n, d, k, criterion, split, leaf, balance) in enumerate([
    (200, 3, 2, "gini", 2, 5, None),
    (200, 3, 2, "entropy", 2, 6, None),
    (200, 3, 3, "entropy", 30, 8, None),
    (200, 3, 3, "gini", 25, 6, None),
    (200, 3, 2, "gini", 2, 7, [1, 4]),
    (200, 3, 3, "entropy", 2, 9, [1, 2, 5]),
]):
    for attempt in range(1000):
        r = numpy.random.default_rng(1000 * seed + attempt)
        x = numpy.round(r.normal(size=(n, d)) * 256) / 64
        score = x[:, 0] + x[:, 1] ** 2 / 4 + 2 * r.normal(size=n)
        y = numpy.searchsorted(numpy.quantile(score, [0.7] if k == 2 else [0.5, 0.8]), score)
        weight = None if balance is None else dict(enumerate(balance))

        def fit(state, **more):
            return DecisionTreeClassifier(
                criterion=criterion, min_samples_split=split, min_samples_leaf=leaf, class_weight=weight, random_state=state, **more).fit(x, y)

        trees = [(m.tree_.feature.tolist(), m.tree_.threshold.tolist()) for m in map(fit, range(10))]
        if all(t == trees[0] for t in trees):
            break
    else:
        raise SystemExit("no case without ties")
    m = fit(0)
    path = m.cost_complexity_pruning_path(x, y)
    middle = (path.ccp_alphas[len(path.ccp_alphas) // 2] + path.ccp_alphas[len(path.ccp_alphas) // 2 + 1]) / 2
    pruned = fit(0, ccp_alpha=middle)
    fresh = numpy.round(r.normal(size=(40, d)) * 256) / 64
    cases.append({
        "criterion": criterion, "min_split": split, "min_leaf": leaf, "class_weights": balance,
        "columns": x.T.tolist(), "classes": y.tolist(),
        "feature": m.tree_.feature.tolist(), "threshold": m.tree_.threshold.tolist(), "impurity": m.tree_.impurity.tolist(),
        "value": m.tree_.value[:, 0, :].tolist(), "importance": m.feature_importances_.tolist(),
        "alphas": path.ccp_alphas.tolist(), "impurities": path.impurities.tolist(),
        "alpha": middle, "pruned_feature": pruned.tree_.feature.tolist(), "fresh": fresh.T.tolist(),
        "probability": m.predict_proba(fresh).tolist(), "pruned_probability": pruned.predict_proba(fresh).tolist(),
    })
    print(seed, attempt, m.tree_.node_count, len(path.ccp_alphas), pruned.tree_.node_count)
with open("sklearn_prune.json", "w") as f:
    json.dump({"versions": {"scikit-learn": sklearn.__version__, "numpy": numpy.__version__}, "cases": cases}, f, separators=(",", ":"))
    f.write("\n")
