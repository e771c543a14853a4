"""Detection scores written again, without looking at the Rust: writes the golden values of the tests.

    python tests/oracle/detection.py > tests/golden/detection.csv

Every image comes from SplitMix64, so that the tests can make the same ones: see src/evaluation/score/detection.rs. The curve is
made the slow way: for every threshold, the findings below it are left out and the rest is matched anew. Each line holds, for two
rules, the sum of the figures, each times its place in the list (undefined ones count 0).
"""

import numpy as np

MASK = (1 << 64) - 1
RATES = [0.125, 0.25, 0.5, 1, 2, 4, 8]


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) * n) >> 64


def boxes(rng, most, levels):
    rows = []
    for _ in range(rng.below(most)):
        x, y, width, height, sure = (rng.below(n) for n in (40, 40, 20, 20, levels))
        rows.append((x, y, width + 5, height + 5, sure))
    return np.array(rows, dtype=float).reshape(-1, 5)


def fits(found, marked, rule):
    """A matrix of IoU, with -1 where the rule does not hold."""
    left, top = (np.maximum(found[:, None, i], marked[None, :, i]) for i in (0, 1))
    ends = [np.minimum((found[:, i] + found[:, i + 2])[:, None], (marked[:, i] + marked[:, i + 2])[None]) for i in (0, 1)]
    common = np.clip(ends[0] - left, 0, None) * np.clip(ends[1] - top, 0, None)
    area = lambda b: b[:, 2] * b[:, 3]
    iou = common / (area(found)[:, None] + area(marked)[None] - common)
    if rule == "iou":
        return np.where(iou >= 0.3 - 1e-9, iou, -1)
    middle = found[:, :2] + found[:, 2:4] / 2
    inside = np.ones_like(iou, dtype=bool)
    for i in (0, 1):
        start = marked[None, :, i]
        inside &= (middle[:, None, i] >= start) & (middle[:, None, i] < start + marked[None, :, i + 2])
    return np.where(inside, iou, -1)


def hits(found, marked, rule):
    """How many marks are hit: again and again the best pair of the surest finding that still has one."""
    if not len(found) or not len(marked):
        return 0
    fit = fits(found, marked, rule)
    count = 0
    for level in sorted(set(found[:, 4]), reverse=True):
        rows = np.where(found[:, 4] == level)[0]
        while (fit[rows] >= 0).any():
            row, column = np.unravel_index(np.argmax(fit[rows]), fit[rows].shape)
            fit[rows[row], :] = -1
            fit[:, column] = -1
            count += 1
    return count


def total(images, rule):
    marked = sum(len(m) for m, _ in images)
    points = []
    for level in sorted({sure for _, f in images for sure in f[:, 4]}, reverse=True):
        kept = [(m, f[f[:, 4] >= level]) for m, f in images]
        right = sum(hits(f, m, rule) for m, f in kept)
        points.append((sum(len(f) for _, f in kept) - right, right))
    wrong, right = points[-1] if points else (0, 0)
    share = lambda part, whole: part / whole if whole else 0
    values = [share(right, marked), share(right, right + wrong), share(2 * right, right + wrong + marked)]
    values.append(wrong / len(images))
    curve = [share(max([r for w, r in points if w <= rate * len(images)], default=0), marked) for rate in RATES]
    values += curve + [sum(curve) / len(curve)]
    return sum(i * value for i, value in enumerate(values, 1))


print("seed,iou,centre")
for seed in range(200):
    rng = SplitMix64(seed)
    sums = []
    for rule in ("iou", "centre"):
        images = [(boxes(rng, 5, 1), boxes(rng, 8, 10)) for _ in range(12)]
        sums.append(total(images, rule))
    print(f"{seed},{sums[0]!r},{sums[1]!r}")
