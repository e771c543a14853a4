"""Pairs of masks for the oracle scripts: drawn ones, and real references with a prediction made of them."""

import pathlib

import numpy as np
from PIL import Image
from scipy import ndimage


def blob(rng, height, width):
    """A few overlapping ellipses with rough rims, holes and islands; sometimes cut by the border."""
    y, x = np.mgrid[:height, :width]
    mask = np.zeros((height, width), bool)
    for _ in range(rng.integers(1, 4)):
        cy, cx = rng.uniform(0, height), rng.uniform(0, width)
        ry, rx = rng.uniform(0.05, 0.35) * height, rng.uniform(0.05, 0.35) * width
        a = rng.uniform(0, np.pi)
        u, v = (x - cx) * np.cos(a) + (y - cy) * np.sin(a), (y - cy) * np.cos(a) - (x - cx) * np.sin(a)
        mask |= (u / rx) ** 2 + (v / ry) ** 2 <= 1
    noise = ndimage.gaussian_filter(rng.standard_normal(mask.shape), 2)
    return np.where(noise > 0.22, ~mask, mask)


def perturbed(rng, truth):
    """What a model might have said instead of a reference."""
    mask = np.roll(truth, rng.integers(-9, 10, 2), (0, 1))
    steps = int(rng.integers(1, 6))
    grow = rng.random() < 0.5
    mask = ndimage.binary_dilation(mask, iterations=steps) if grow else ndimage.binary_erosion(mask, iterations=steps)
    noise = ndimage.gaussian_filter(rng.standard_normal(mask.shape), 3)
    return np.where(noise > 0.25, ~mask, mask)


def generated(n, seed):
    """Drawn pairs; the first ones are the edge cases."""
    rng = np.random.default_rng(seed)
    empty, full = np.zeros((40, 50), bool), np.ones((40, 50), bool)
    square = empty.copy()
    square[5:15, 5:15] = True
    shifted, pixel = np.roll(square, 2, 1), empty.copy()
    pixel[39, 49] = True
    edge_cases = [(empty, empty), (empty, square), (square, empty), (full, full), (full, square), (square, shifted)]
    edge_cases += [(square, square), (pixel, square), (square, pixel), (pixel, pixel), (full, empty), (pixel, full)]
    yield from edge_cases
    for _ in range(n - len(edge_cases)):
        height, width = (int(v) for v in rng.integers(8, 260, 2))
        truth = blob(rng, height, width)
        yield (perturbed(rng, truth) if rng.random() < 0.8 else blob(rng, height, width)), truth


def real(folder, n, seed):
    """References of a folder (0 and more than 0), evenly taken, with a prediction made of each."""
    rng = np.random.default_rng(seed)
    files = sorted(pathlib.Path(folder).glob("*.png"))
    for file in files[:: max(1, len(files) // n)][:n]:
        truth = np.asarray(Image.open(file).convert("L")) > 0
        yield perturbed(rng, truth), truth


def save(mask, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)
