"""What a lesion is mistaken for and is none: drawn, and labelled as the skin or the background that it is.

Parts of the body (lip, eye, nostril, nipple, navel, nail, knuckle, brow and beard), shadow and crease, tattoo, and what
publishers print over a picture.
"""
import cv2
import numpy as np
from optics import BLOOD, PIGMENT, blur, colour, density, fractal, patches, somewhere

NOT_LESION = 3


class Place:
    """A spot of the room with its own axes (u along, v across) at a random angle."""

    def __init__(self, rng, room):
        s = room.shape[0]
        px, py = somewhere(rng, room)
        a = rng.normal(0, 0.5) + (rng.uniform(0, 6.3) if rng.random() < 0.3 else 0)
        yy, xx = np.mgrid[0:s, 0:s].astype(np.float32)
        self.u, self.v = np.cos(a) * (xx - px) + np.sin(a) * (yy - py), np.cos(a) * (yy - py) - np.sin(a) * (xx - px)
        self.x, self.y, self.a, self.s, self.room = px, py, a, s, room


def tinted(x, amount, blood=0.0, pigment=0.0, grey=0.0):
    return colour(density(x) + amount[..., None] * (blood * BLOOD + pigment * PIGMENT + grey))


def inside(e, soft=0.2):
    return np.clip((1 - e) / soft + 0.5, 0, 1).astype(np.float32)


# Each: (rng, picture, place) -> picture, where it lies 0..1

def lips(rng, x, p):
    """Upper lip with its bow, fuller lower lip, corners that taper; closed or a little open; pale, red or brown."""
    w = p.s * rng.uniform(0.07, 0.5)
    q = np.clip(np.abs(p.u) / w, 0, 1)
    bow = 1 - rng.uniform(0.1, 0.4) * np.exp(-((p.u / (rng.uniform(0.1, 0.25) * w)) ** 2))
    top, bottom = -w * rng.uniform(0.18, 0.4) * (1 - q ** rng.uniform(1.6, 3)) * bow, w * rng.uniform(0.24, 0.5) * (1 - q ** rng.uniform(2, 4))
    a = np.clip(np.minimum(p.v - top, bottom - p.v) / (w * rng.uniform(0.04, 0.14) + 0.7) + 0.5, 0, 1) * (q < 1)
    lines = np.cos(6.3 * p.u / (w * rng.uniform(0.04, 0.12) + 2) * (1 + 0.15 * p.v / w) + 2 * fractal(rng, p.s, 20, 2))
    x = tinted(x, a * (1 + 0.12 * fractal(rng, p.s, 30, 2) + rng.uniform(0, 0.1) * lines), rng.uniform(0.15, 1.1), rng.uniform(0, 0.6))
    mid, gap = 0.06 * w * np.cos(3 * p.u / w) * rng.normal(), w * (rng.uniform(0.03, 0.15) if rng.random() < 0.25 else 0.015) + 0.6
    x = tinted(x, np.exp(-(((p.v - mid) / (gap * (1.05 - q) + 0.4)) ** 2)) * (q < 0.97), 0.3, 0.2, rng.uniform(0.3, 1.6))
    shine = a * np.clip(fractal(rng, p.s, 20, 2) - 1.2, 0, 1) * np.exp(-(((p.v - 0.5 * bottom) / (0.1 * w)) ** 2)) * rng.uniform(0, 0.8)
    return x + (250 - x) * shine[..., None], a


def nipple(rng, x, p):
    d = np.hypot(p.u, p.v * rng.uniform(1, 1.3)) / (p.s * rng.uniform(0.05, 0.14))  # smaller ones are told from moles by nobody
    a = inside(d, 0.25)
    x = tinted(x, a, 0.6 * rng.uniform(0.3, 0.9), 0.6 * rng.uniform(0.3, 1.1))
    return tinted(x, np.exp(-((d / 0.3) ** 2)), 0.2, 0.2, rng.uniform(0, 0.4)), a


def navel(rng, x, p):
    d = np.hypot(p.u, p.v * rng.uniform(0.7, 1.6)) / (p.s * rng.uniform(0.02, 0.07))
    a = inside(d, 0.8)
    return tinted(x, a, rng.uniform(0.2, 0.6), 0.2, rng.uniform(0.4, 1.5)), a


def nostrils(rng, x, p):
    r = p.s * rng.uniform(0.012, 0.05)
    a = np.zeros((p.s, p.s), np.float32)
    for side in (-1, 1)[: 1 + (rng.random() < 0.7)]:
        a = np.maximum(a, inside(((p.u - side * 2.2 * r) / r) ** 2 + (p.v / (0.6 * r)) ** 2, 0.6))
    return tinted(x, a, 0.6, 0.4, rng.uniform(0.5, 2)), a


def eye(rng, x, p):
    w = p.s * rng.uniform(0.03, 0.16)
    h = w * rng.uniform(0.25, 0.5)
    on = inside((p.u / w) ** 2 + (p.v / h) ** 2, 0.1)
    iris = inside(np.hypot(p.u - rng.normal(0, 0.1) * w, p.v) / (h * 0.9), 0.1)[..., None]
    x = tinted(x, blur(on, 0.1 * w), 0.2, 0.2, rng.uniform(0, 0.3))
    hue = np.float32(((60, 40, 25), (40, 70, 100), (25, 20, 18))[rng.integers(3)])
    light = np.clip(np.median(x[p.room].mean(-1)) / 160, 0.3, 1)
    x = x * (1 - on[..., None]) + on[..., None] * light * (np.float32([215, 205, 200]) * (1 - iris) + iris * hue)
    lash = np.exp(-(((p.v + h * 0.9) / (0.08 * w + 0.7)) ** 2)) * (np.abs(p.u) < 1.1 * w)
    return tinted(x, lash.astype(np.float32), 0, 0.2, 1.0), on


def nail(rng, x, p):
    w = p.s * rng.uniform(0.02, 0.09)
    a = inside(np.abs(p.u / w) ** 3 + np.abs(p.v / (w * rng.uniform(0.6, 0.9))) ** 3, 0.15)
    pale = a[..., None] * rng.uniform(0.3, 0.8)
    x = x * (1 - pale) + pale * np.median(x[p.room], 0) * np.float32([1.12, 1.03, 1.05]) * rng.uniform(0.9, 1.15)
    x = tinted(x, a * np.exp(-(((p.u - 0.8 * w) / (0.2 * w)) ** 2)), -0.2, -0.2)
    return tinted(x, np.clip(blur(a, 1.2) - a, 0, 1), 0.5, 0.1, 0.3), a


def knuckle(rng, x, p):
    """Creases across a finger, the skin between them darker or redder."""
    w = p.s * rng.uniform(0.02, 0.09)
    a = np.exp(-((p.u / w) ** 2 + (p.v / w) ** 2)).astype(np.float32)
    lines = sum(np.exp(-(((p.u - k * 0.35 * w + 0.1 * w * np.sin(3 * p.v / w)) / (0.06 * w + 0.5)) ** 2)) for k in (-1, 0, 1))
    x = tinted(x, a, rng.uniform(0, 0.35), rng.uniform(0, 0.35))
    return tinted(x, a * lines, 0.2, 0.2, rng.uniform(0.1, 0.5)), a


def shadow(rng, x, p):
    wave = fractal(rng, p.s, 3, 2) * 0.05 * p.s
    a = np.clip((p.u + wave) / (rng.uniform(0.005, 0.1) * p.s) + 0.5, 0, 1) * np.clip((rng.uniform(0.1, 0.5) * p.s - p.u) / (0.05 * p.s) + 0.5, 0, 1)
    return x * (1 - a * rng.uniform(0.15, 0.6))[..., None], np.zeros_like(a)


def crease(rng, x, p):
    a = np.exp(-(((p.v + fractal(rng, p.s, 4, 2) * rng.uniform(0, 4)) / rng.uniform(0.6, 4)) ** 2)) * np.clip((p.s * rng.uniform(0.1, 0.6) - np.abs(p.u)) / 20, 0, 1)
    return tinted(x, a.astype(np.float32), 0.4, 0, rng.uniform(0.05, 0.4)), np.zeros_like(a)


def shine(rng, x, p):
    """A lamp or a flash in oily or wet skin: white, broken by its relief, brightest in the middle."""
    where = np.exp(-((p.u / (p.s * rng.uniform(0.04, 0.25))) ** 2) - (p.v / (p.s * rng.uniform(0.02, 0.12))) ** 2)
    relief = blur(fractal(rng, p.s, int(rng.integers(20, 90)), 2, 0.8), rng.uniform(0.4, 1.2))
    a = np.clip(where * (1 + rng.uniform(0.1, 0.5) * relief) * rng.uniform(0.2, 1.2), 0, 1)
    return x + (np.float32([250, 250, 255]) - x).clip(0) * a[..., None], np.zeros_like(a)


def tattoo(rng, x, p):
    ink = np.zeros((p.s, p.s), np.uint8)
    r = p.s * rng.uniform(0.04, 0.16)
    at = np.array([p.x, p.y])
    for _ in range(int(rng.integers(2, 9))):
        pts = (at + np.cumsum(rng.normal(0, r * 0.35, (int(rng.integers(3, 9)), 2)), 0)).astype(np.int32)
        if rng.random() < 0.3:
            cv2.fillPoly(ink, [pts], 255, cv2.LINE_AA)
        else:
            cv2.polylines(ink, [pts], bool(rng.random() < 0.4), 255, int(rng.integers(1, 5)), cv2.LINE_AA)
    a = blur(ink.astype(np.float32) / 255, 0.6) * rng.uniform(0.4, 0.95)
    hue = np.float32(((0.9, 0.75, 0.6), (0.9, 0.75, 0.6), (1.2, 0.5, 0.9), (0.2, 1.1, 1.1))[rng.integers(4)])
    return colour(density(x) + a[..., None] * hue * rng.uniform(0.8, 2.2)), (a > 0.2).astype(np.float32)


def fur(rng, x, p):
    """Brow, beard, scalp: many hairs of about one direction."""
    a = patches(rng, p.room, rng.uniform(0.03, 0.4), rng.uniform(0.2, 1.5), int(rng.integers(1, 6)))
    n = int(rng.integers(7, 31))
    line = np.zeros((n, n), np.float32)
    d, m = rng.uniform(0, 3.2), n / 2
    cv2.line(line, (int(m - m * np.cos(d)), int(m - m * np.sin(d))), (int(m + m * np.cos(d)), int(m + m * np.sin(d))), 1, 1)
    f = cv2.filter2D(rng.normal(0, 1, (p.s, p.s)).astype(np.float32), -1, line / line.sum())
    f = f / f.std()
    hue = np.float32(((30, 24, 20), (70, 48, 32), (120, 92, 60), (165, 160, 155), (215, 212, 208))[rng.choice(5, p=(0.35, 0.25, 0.15, 0.15, 0.1))])
    cover = np.clip(a * (rng.uniform(0.2, 0.8) + 0.35 * f) * rng.uniform(0.6, 1.1), 0, 1)[..., None]
    return x * (1 - cover) + cover * np.clip(hue * (1 + 0.35 * f[..., None]), 0, 255), (a > 0.35).astype(np.float32)


SKIN, ELSE = 1, 0  # what the drawn part is
PARTS = {lips: (0.4, SKIN), eye: (0.12, ELSE), nipple: (0.05, SKIN), navel: (0.02, SKIN), nostrils: (0.08, SKIN), nail: (0.08, SKIN), knuckle: (0.07, SKIN),
         shadow: (0.09, SKIN), shine: (0.09, SKIN), crease: (0.07, SKIN), tattoo: (0.05, SKIN), fur: (0.09, NOT_LESION)}


def add_parts(rng, x, t, room):
    """One to three parts, over whatever disease is there."""
    kinds, p = list(PARTS), np.array([v[0] for v in PARTS.values()])
    t = t.copy()
    soft = blur(room.astype(np.float32), 0.8)[..., None]
    for _ in range(int(rng.integers(1, 4))):
        kind = kinds[rng.choice(len(kinds), p=p / p.sum())]
        y, a = kind(rng, x, Place(rng, room))
        x = x * (1 - soft) + y * soft
        t[(a > 0.4) & room] = PARTS[kind][1]
    return x, t


WORDS = ("Atlas", "clinic", "www.", ".org", ".com", "Health", "Skin", "University", "Copyright", "(c)", "2011", "Derma", "image", "Hospital", "library", "about", "Fig. 3")


def logo(rng, x):
    """An emblem with words beside or below it, or words alone, white or coloured, over whatever is there. It is never
    what makes a lesion: what it covers keeps its class."""
    s = x.shape[0]
    q = 3
    ink, r = np.zeros((q * s, q * s), np.uint8), q * s * rng.uniform(0.025, 0.09)
    cx, cy = (rng.choice([rng.uniform(0.06, 0.3), rng.uniform(0.7, 0.94), rng.uniform(0.1, 0.9)]) * q * s for _ in "xy")
    at, k = (int(cx), int(cy)), rng.integers(7)
    if k <= 1:
        cv2.circle(ink, at, int(r), 255, -1 if rng.random() < 0.7 else max(1, int(r * 0.15)), cv2.LINE_AA)
    elif k == 2:
        cv2.rectangle(ink, (int(cx - r), int(cy - r)), (int(cx + r), int(cy + r)), 255, -1 if rng.random() < 0.5 else 2)
    elif k == 3:
        cv2.ellipse(ink, at, (int(r * 1.6), int(r * 0.7)), 0, 0, 360, 255, -1 if rng.random() < 0.5 else 3, cv2.LINE_AA)
    elif k == 4:
        cv2.fillPoly(ink, [(np.array([cx, cy]) + r * rng.uniform(-1, 1, (int(rng.integers(3, 8)), 2))).astype(np.int32)], 255, cv2.LINE_AA)
    for _ in range(int(rng.integers(2, 10)) if rng.random() < 0.6 else 0):  # cut through by stripes and curves
        m, w = (int(cx + r * rng.uniform(-1, 1)), int(cy + r * rng.uniform(-1, 1))), max(1, int(r * rng.uniform(0.04, 0.14)))
        cv2.ellipse(ink, m, (int(r * rng.uniform(0.8, 3)), int(r * rng.uniform(0.02, 1))), rng.uniform(0, 180), 0, 360, 0, w, cv2.LINE_AA)
    for n in range(int(rng.integers(1, 3)) if k > 4 or rng.random() < 0.85 else 0):
        words = " ".join(rng.choice(WORDS, int(rng.integers(1, 4))))
        cv2.putText(ink, words, (int(cx - r * rng.uniform(1, 2)), int(cy + r * (1.5 + 0.6 * n))), int(rng.integers(0, 5)), r / rng.uniform(18, 50), 255, int(rng.integers(1, 5)), cv2.LINE_AA)
    a = cv2.resize(ink, (s, s), interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255 * rng.uniform(0.35, 1)
    hue = np.float32(((255, 255, 255), (15, 15, 15), (40, 90, 170), (200, 210, 230), (230, 230, 120))[rng.choice(5, p=(0.62, 0.1, 0.08, 0.12, 0.08))])
    return (x * (1 - a) + hue * a).clip(0, 255).astype(np.uint8)
