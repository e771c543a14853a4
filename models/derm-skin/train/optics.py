"""Skin as light sees it: colours as optical density, blood and pigment added to it or taken away, and shapes to do it in.

A pixel's optical density is minus the logarithm of the light that comes back. What absorbs adds up there, so the same
redness can be laid on any skin tone, and pores, hairs and shadows stay visible through it.
"""
import cv2
import numpy as np
from data import smooth_noise

BLOOD, BLOOD_DEEP = np.float32([0.10, 0.80, 0.62]), np.float32([0.32, 0.85, 0.55])  # what haemoglobin takes of red, green, blue
PIGMENT = np.float32([0.42, 0.62, 1.0])  # what melanin takes
GAMMA = 2.2


def density(x):
    return -GAMMA * np.log(np.clip(x, 1.5, 255) / 255).astype(np.float32)


def colour(d):
    return 255 * np.exp(-d / GAMMA)


def fractal(rng, s, cells, octaves=4, rough=0.55):
    """Noise of several sizes, the largest s/cells pixels wide; standard deviation 1."""
    n, a = np.zeros((s, s), np.float32), 1.0
    for _ in range(octaves):
        n += a * smooth_noise(rng, s, int(max(1, min(cells, s // 2))))
        cells, a = cells * 2, a * rough
        if cells > s // 2:
            break
    return n / n.std()


def blur(x, r):
    return cv2.GaussianBlur(x, (0, 0), max(0.3, float(r)))


def raised(rng, x, height, k):
    """x with light over a height map."""
    a = rng.uniform(0, 6.3)
    gy, gx = np.gradient(height)
    return x * np.clip(1 + k * (gx * np.cos(a) + gy * np.sin(a)), 0.5, 1.6)[..., None]


def somewhere(rng, room):
    """A random pixel (x, y) of the room."""
    i = rng.choice(np.flatnonzero(room))
    return float(i % room.shape[1]), float(i // room.shape[1])


def patches(rng, room, area, soft, cells):
    """Noise-shaped patches that cover `area` of the room: 0 to 1, half at the border. `soft`: how slowly it rises there."""
    s = room.shape[0]
    n = fractal(rng, s, cells, int(rng.integers(2, 5)), rng.uniform(0.3, 0.65))
    if rng.random() < 0.5:  # gathered around one place
        x, y = somewhere(rng, room)
        yy, xx = np.mgrid[0:s, 0:s].astype(np.float32)
        n = n - rng.uniform(0.5, 3) * np.hypot(xx - x, yy - y) / (0.35 * s)
    border = np.quantile(n[room], 1 - area)
    return np.clip((n - border) / soft + 0.5, 0, 1).astype(np.float32)


def half(rng, room, soft):
    """One side of a wavy line through the room: half a limb, a foot up to the ankle."""
    s = room.shape[0]
    x, y = somewhere(rng, room)
    a = rng.uniform(0, 6.3)
    yy, xx = np.mgrid[0:s, 0:s].astype(np.float32)
    d = (np.cos(a) * (xx - x) + np.sin(a) * (yy - y)) / (0.1 * s) + rng.uniform(0.1, 0.8) * fractal(rng, s, int(rng.integers(2, 6)), 3)
    return np.clip(d / soft + 0.5, 0, 1).astype(np.float32)


def inland(rng, room, reach, soft):
    """The room's middle, as far from its outline as `reach` of its depth: the hollow of a palm, the arch of a foot."""
    s = room.shape[0]
    d = cv2.distanceTransform(room.astype(np.uint8), cv2.DIST_L2, 3)
    d = d / max(1.0, d.max()) + 0.12 * fractal(rng, s, 5, 3)
    return np.clip((d - reach) / soft * 4 + 0.5, 0, 1).astype(np.float32)


def spots(rng, room, n, radius, clump=0.6, soft=0.3, rough=0.15):
    """n round-ish spots, denser here than there: (alpha 0 to 1, height in pixels)."""
    s = room.shape[0]
    alpha, height = np.zeros((s, s), np.float32), np.zeros((s, s), np.float32)
    chance = np.cumsum((np.exp(clump * fractal(rng, s, 3, 2)) * room).ravel())
    for p in np.searchsorted(chance, rng.random(n) * chance[-1]):
        y, x = divmod(int(min(p, s * s - 1)), s)
        r = float(np.clip(radius * np.exp(rng.normal(0, 0.4)), 1.1, 0.25 * s))
        q = int(2 * r + 3)
        y0, y1, x0, x1 = max(0, y - q), min(s, y + q + 1), max(0, x - q), min(s, x + q + 1)
        yy, xx = np.mgrid[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.float32)
        a, e = rng.uniform(0, 3.2), np.exp(rng.normal(0, 0.15))
        u, v = (np.cos(a) * xx + np.sin(a) * yy) * e, (-np.sin(a) * xx + np.cos(a) * yy) / e
        edge = 1 + sum(rough * w * rng.normal() * np.cos(k * np.arctan2(v, u) + rng.uniform(0, 6)) for k, w in ((2, 1), (3, 0.7), (5, 0.5)))
        d = np.hypot(u, v) / (r * np.clip(edge, 0.4, 1.7))
        at = np.s_[y0:y1, x0:x1]
        alpha[at] = np.maximum(alpha[at], np.clip((1 - d) / max(soft, 1 / r) + 0.5, 0, 1) * rng.uniform(0.65, 1))
        height[at] = np.maximum(height[at], np.clip(1 - d * d, 0, 1) * r)
    return alpha, height


def lab(x):
    return cv2.cvtColor((x / 255).clip(0, 1).astype(np.float32), cv2.COLOR_RGB2LAB)
