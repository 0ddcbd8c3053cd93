"""Definitions of churn beside each other on the customers of CDNOW (Fader and Hardie 2001)
whose number ends in 0, one by one: the numbers of TestSensitivityCDNOW.

    python3 sensitivity_cdnow.py CDNOW_master.txt.gz

made with NumPy 1.24.2 and SciPy 1.10.1. P(alive) of the Pareto/NBD model is equations 11 and
A0 of Fader and Hardie, "A note on deriving the Pareto/NBD model" (2005), with the
parameters published for CDNOW: r .553, alpha 10.578, s .606, beta 11.669, weeks.
"""
import bisect
import datetime
import gzip
import math
import sys

import numpy as np
from scipy.special import hyp2f1

GAP, HORIZON, BACK = 7, 28, 28
day = lambda y, m, d: datetime.date(y, m, d).toordinal()
SINCE, UNTIL = day(1997, 1, 1), day(1998, 7, 1)

lives = {}
with gzip.open(sys.argv[1], "rt") as f:
    for line in list(f)[1:]:
        who, date = line.split()[:2]
        if not who.endswith("0"):
            continue
        lives.setdefault(who, set()).add(day(int(date[:4]), int(date[4:6]), int(date[6:])))
lives = [sorted(days) for days in lives.values()]
cutoffs = []
c = UNTIL - GAP - HORIZON
while c >= SINCE + HORIZON:
    cutoffs.insert(0, c)
    c -= HORIZON


def alive(x, tx, t, r=.553, a=10.578, s=.606, b=11.669):
    n = r + s + x
    log = (r + x) * np.log(a + t) + s * np.log(b + t)
    f = lambda at: hyp2f1(n, r + x, n + 1, (b - a) / (b + at)) * np.exp(log - n * np.log(b + at))
    return 1 / (1 + s / n * (f(tx) - f(t)))


# The first day after each purchase day on which P(alive) is below a half.
x = np.array([float(i) for life in lives for i in range(len(life))])
last = np.array([d - life[0] for life in lives for d in life])
low, high = last + 0, last + 4000
while (high - low > 1).any():
    mid = (low + high) // 2
    gone = (alive(x, last / 7, mid / 7) < .5) & (mid > last)
    low, high = np.where(gone | (high - low <= 1), low, mid), np.where(gone, mid, high)
dead, at = [], 0
for life in lives:
    dead.append([int(h) + life[0] for h in high[at:at + len(life)]])
    at += len(life)


def deadline(bound):
    """A definition from the last day that is not yet too late after purchase i, None: no subject."""

    def outcome(who, known, cutoff):
        life = lives[who]
        gone = bound(who, known)
        if gone is None or gone(known - 1) < cutoff:
            return None
        if gone(known - 1) < cutoff + GAP:
            return "late"  # if nothing more happens: no row
        i = known - 1
        while i + 1 < len(life) and life[i + 1] <= gone(i):
            i += 1
        at = gone(i)
        return "early" if at < cutoff + GAP else "yes" if at < cutoff + GAP + HORIZON else "no"

    return outcome


def silence(n):
    return deadline(lambda who, known: lambda i: lives[who][i] + n)


def own(who, known):
    gaps = np.diff(lives[who][:known])
    n = 90 if len(gaps) < 3 else math.ceil(np.quantile(gaps, .95) - 1e-9)
    return lambda i: lives[who][i] + n


def absent(who, known, cutoff):
    life = lives[who]
    return "no" if bisect.bisect_left(life, cutoff + GAP) < bisect.bisect_left(life, cutoff + GAP + HORIZON) else "yes"


rows = [("60", silence(60)), ("90", silence(90)), ("absent", absent), ("own", deadline(own)),
        ("alive", deadline(lambda who, known: lambda i: dead[who][i]))]
count = [dict.fromkeys(["none", "late", "early", "no", "yes", "observed", "back", "common", "agree"], 0) for _ in rows]
for who, life in enumerate(lives):
    for cutoff in cutoffs:
        known = bisect.bisect_left(life, cutoff)
        if known == 0:
            continue
        end = cutoff + GAP + HORIZON
        said = [outcome(who, known, cutoff) or "none" for _, outcome in rows]
        for n, s in zip(count, said):
            n[s] += 1
            if s == "yes" and end + BACK <= UNTIL:
                n["observed"] += 1
                n["back"] += bisect.bisect_left(life, end) < bisect.bisect_left(life, end + BACK)
            if s in ("yes", "no") and said[0] in ("yes", "no"):
                n["common"] += 1
                n["agree"] += s == said[0]
print(len(cutoffs), "cut-offs")
for (name, _), n in zip(rows, count):
    print(name, n)
