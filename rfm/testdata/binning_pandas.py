# The classes of pandas.qcut, recency from the best down. Printed by pandas 1.5.3 of Debian 12:
#
#	python3 binning_pandas.py > binning_pandas.tsv
import pandas as pd

values = pd.read_csv("binning.tsv", sep="\t")
for bins in (3, 5, 7, 11):
    for name in values.columns:
        classes, edges = pd.qcut(values[name], bins, labels=False, retbins=True, duplicates="drop")
        scores = len(edges) - 1 - classes if name == "recency" else classes + 1
        print(bins, name, "cuts", *("%.17g" % e for e in edges[1:-1]), sep="\t")
        print(bins, name, "scores", *scores, sep="\t")
