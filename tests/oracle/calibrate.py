"""How often the interval of `calibrate`'s temperature holds the true gain: the same definitions as src/evaluation/calibrate, in NumPy.

    python tests/oracle/calibrate.py          300 studies a line: the table of docs/calibrate.md

People and their photos are those of src/evaluation/calibrate/tests.rs, drawn by another generator; 5,000 of them are the world, of which
the true gain of every temperature is known.
"""
import numpy as np

TEMPERATURES = 4.0 ** (np.arange(-32, 33) / 32)
CURRENT = 32
STEPS = np.arange(256)
STUDENT = {10: 2.2622, 20: 2.0930, 40: 2.0227, 100: 1.9842}
NORMAL = 1.959963984540054
STUDIES, RESAMPLES = 300, 500


def normal(rng, *shape):
    return rng.random((12, *shape)).sum(0) - 6


def likelihoods(people, each, unlike, failing, sure):
    """A row for each photo: the geometric mean over pixels of how probable what is true is, by temperature."""
    rng = np.random.default_rng(3)
    shift = np.repeat(unlike * normal(rng, people) + (rng.random(people) < failing) * 4 * normal(rng, people), each)
    own = shift + 0.5 * normal(rng, people * each)
    area = np.exp(-2 + 0.8 * normal(rng, people * each)).clip(0.005, 0.6)
    p = (STEPS + 0.5) / 255
    edge = np.log(p / np.maximum(1 - p, 1e-9)) / sure
    counts = []
    for middle, share in ((2.5, area), (-3.5, 1 - area)):
        middles = middle + 0.8 * normal(rng, people * each) + own
        below = np.where(STEPS == 255, 1, 1 / (1 + np.exp(-1.702 * (edge - middles[:, None]) / 1.5)))
        counts.append(np.round(1e5 * share[:, None] * np.diff(below, axis=1, prepend=0)))
    p = (STEPS / 255).clip(0.5 / 255, 1 - 0.5 / 255)
    scaled = np.log(p / (1 - p))[:, None] / TEMPERATURES
    lesion, other = counts
    sums = lesion @ np.logaddexp(0, -scaled) + other @ np.logaddexp(0, scaled)
    return np.exp(-sums / (lesion.sum(1) + other.sum(1))[:, None])


def interval(gains, each, best, rng):
    """Of people's gains, summed over their photos, by temperature."""
    n = len(gains)
    mean = gains.mean(0) / each
    error = np.sqrt(((gains - mean * each) ** 2).sum(0) * n / (n - 1)) / (n * each)
    drawn = rng.multinomial(n, np.full(n, 1 / n), RESAMPLES).astype(float)
    means = drawn @ gains / (n * each)
    squares = drawn @ gains**2 - n * (means * each) ** 2
    errors = np.maximum(np.sqrt(np.maximum(squares, 0) * n / (n - 1)) / (n * each), 0.05 * error)
    known = error > 1e-9
    farthest = np.quantile((np.abs(means - mean)[:, known] / errors[:, known]).max(1), 0.975)
    half = farthest * np.sqrt(n / (n - 1)) * STUDENT[n] / NORMAL * error[best]
    return mean[best] - half, mean[best] + half


def main():
    for name, unlike, failing, each in (("differ little", 0.8, 0, 1), ("the model fails on every tenth", 0.8, 0.1, 2), ("differ much", 2, 0, 1)):
        fair = 1 / TEMPERATURES[likelihoods(5000, each, unlike, failing, 1).mean(0).argmax()]
        for wanted in (1, 1.4, 0.6):
            worth = likelihoods(5000, each, unlike, failing, fair * wanted)
            true = worth.mean(0)
            current = true.argmax() if wanted == 1 else CURRENT
            people = (worth - worth[:, [current]]).reshape(5000, each, -1).sum(1)
            cells = [[], []]
            for count in STUDENT:
                other = held = promised = 0
                for study in range(STUDIES):
                    rng = np.random.default_rng([count, study])
                    gains = people[rng.integers(0, 5000, count)]
                    best = gains.sum(0).argmax()
                    if gains.sum(0)[best] <= 1e-12:
                        continue
                    low, high = interval(gains, each, best, rng)
                    other += 1
                    held += low <= true[best] - true[current] <= high
                    promised += low > 0
                cells[0].append(f"{100 * held / other:.1f}")
                cells[1].append(f"{100 * promised / STUDIES:.0f}")
            temperature = TEMPERATURES[true.argmax()] / TEMPERATURES[current]
            print(f"| {name} | {temperature:.2f} | {true.max() - true[current]:.4f} | {', '.join(cells[0])} % | {', '.join(cells[1])} % |", flush=True)


if __name__ == "__main__":
    main()
