"""Scores of classifiers by scikit-learn and statsmodels, for generated tables: writes the golden values of the tests.

    python tests/oracle/labels.py > tests/golden/labels.csv

The tables come from SplitMix64, so that the tests can make the same ones: see src/evaluation/score/labels/tests.rs. Each line
holds sums of the figures of one table, each figure times its place in the list (undefined ones count 0).
"""

import warnings

import numpy as np
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

TABLES = 1000
MASK = (1 << 64) - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def draw(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n):
        return (self.draw() * n) >> 64


def table(seed):
    """Every third table has many equal probabilities; rare labels may not occur at all."""
    rng = SplitMix64(seed)
    labels, cases = 2 + rng.below(4), 20 + rng.below(180)
    fine = 4 if seed % 3 == 0 else 1000
    truth, scores = [], []
    for _ in range(cases):
        true = min(rng.below(labels), rng.below(labels + 3))
        truth.append(true)
        scores.append([rng.below(fine) + 1 + (rng.below(2 * fine) if label == true else 0) for label in range(labels)])
    scores = np.array(scores, dtype=float)
    return labels, np.array(truth), scores / scores.sum(axis=1, keepdims=True)


def known(value):
    return None if value is None or np.isnan(value) else float(value)


def mean(values):
    values = [v for v in values if v is not None]
    return sum(values) / len(values) if values else None


def ece(truth, p):
    """As scikit-learn has none: ten bins, each with its upper edge."""
    top, right = p.max(axis=1), p.argmax(axis=1) == truth
    edges = np.arange(1, 10) / 10
    of = np.searchsorted(edges, top, side="left")
    return sum(abs(right[of == b].mean() - top[of == b].mean()) * (of == b).mean() for b in range(10) if (of == b).any())


def figures(labels, truth, p):
    said = p.argmax(axis=1)
    every = list(range(labels))
    nan = dict(zero_division=np.nan)
    sensitivity = metrics.recall_score(truth, said, labels=every, average=None, **nan)
    ppv = metrics.precision_score(truth, said, labels=every, average=None, **nan)
    f1 = metrics.f1_score(truth, said, labels=every, average=None, **nan)
    of_label = []
    for label in every:
        true, called = truth == label, said == label
        occurs, others = true.any(), (~true).any()
        of_label.append([
            known(sensitivity[label]),
            known(metrics.recall_score(~true, ~called, **nan)),
            known(ppv[label]),
            known(metrics.precision_score(~true, ~called, **nan)),
            known(f1[label]),
            known(metrics.roc_auc_score(true, p[:, label])) if occurs and others else None,
            known(metrics.average_precision_score(true, p[:, label])) if occurs else None,
            known(metrics.brier_score_loss(true, p[:, label])) if occurs and others else float(np.mean((p[:, label] - true) ** 2)),
        ])
    overall = [
        metrics.accuracy_score(truth, said),
        metrics.balanced_accuracy_score(truth, said),
        mean([known(v) for v in f1]),
        mean([row[5] for row in of_label]),
        mean([row[6] for row in of_label]),
        ece(truth, p),
        float(np.mean(np.sum((p - np.eye(labels)[truth]) ** 2, axis=1))),
    ]
    if len(set(truth)) == labels and labels > 2:
        # The macro mean is scikit-learn's own.
        ours, theirs = overall[3], metrics.roc_auc_score(truth, p, multi_class="ovr", average="macro")
        assert abs(ours - theirs) < 1e-12
    return overall, of_label


def weighed(values):
    return sum(place * value for place, value in enumerate(values, 1) if value is not None)


def main():
    warnings.simplefilter("ignore")
    print("what,of,a,b,c")
    for seed in range(TABLES):
        overall, of_label = figures(*table(seed))
        flat = [v for row in of_label for v in row]
        print(f"table,{seed},{weighed(overall):.10f},{weighed(flat):.10f},{sum(v is None for v in overall + flat)}")
    rng = SplitMix64(99)
    for pair in [(0, 0), (0, 1), (5, 5), (1, 0), (0, 9), (300, 260), (900, 1200)] + [(rng.below(40), rng.below(40)) for _ in range(33)]:
        cells = [[10, pair[0]], [pair[1], 3]]
        exact = mcnemar(cells, exact=True).pvalue
        corrected = mcnemar(cells, exact=False, correction=True)
        chi2 = (corrected.statistic, corrected.pvalue) if sum(pair) else (0, 0)
        print(f"mcnemar,{pair[0]}/{pair[1]},{exact:.15e},{chi2[0]:.15e},{chi2[1]:.15e}")
    for part, whole in [(0, 1), (1, 1), (0, 10), (10, 10), (3, 7), (50, 100), (97, 100), (1, 1000), (812, 1000)]:
        low, high = proportion_confint(part, whole, method="wilson")
        print(f"wilson,{part}/{whole},{low:.15e},{high:.15e},")


if __name__ == "__main__":
    main()
