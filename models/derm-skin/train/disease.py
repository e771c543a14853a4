"""Skin disease drawn onto photos of skin, in optical density (optics.py), with its mask.

What counts as lesion, and is kept everywhere:
- all that differs by disease, however large: a whole sole, half a limb, most of the picture;
- the centre of a ring is skin when it looks like the skin around it, lesion when it is still tinted;
- between dense spots is skin, as long as an eye sees skin there;
- where a border fades, the band in which it fades says nothing (255).
"""
import cv2
import numpy as np
from optics import BLOOD, BLOOD_DEEP, PIGMENT, blur, colour, density, fractal, half, inland, lab, patches, raised, somewhere, spots


class Scene:
    """A photo (float rgb), where disease may go (room), and what a kind of disease needs to know of them."""

    def __init__(self, rng, x, room):
        self.rng, self.x, self.room, self.s = rng, x, room, x.shape[0]
        self.light = np.median(x[room], 0)
        self.dark = self.light.mean() < 95
        self.extent = np.sqrt(room.sum() / np.pi)
        v = rng.uniform(0, 0.9 if self.dark else 0.5)
        self.blood = (BLOOD * (1 - v) + BLOOD_DEEP * v) * np.exp(rng.normal(0, 0.12, 3)).astype(np.float32)
        self.k = rng.uniform(0.35, 1.5)  # strength
        self.fine = fractal(rng, self.s, int(rng.integers(20, 90)), 2)
        self.unsure = np.zeros(room.shape, bool)  # where two judges would differ

    def area(self):
        """A share of the room, large as often as not."""
        return self.rng.uniform(0.3, 0.92) if self.rng.random() < 0.45 else self.rng.uniform(0.04, 0.4)

    def shape(self, soft, cells=(1, 7)):
        """Patches, one side of a line, or the middle of the part: 0 to 1."""
        rng, u = self.rng, self.rng.random()
        if u < 0.70:
            return patches(rng, self.room, self.area(), soft, int(rng.integers(*cells)))
        if u < 0.86:
            return half(rng, self.room, soft)
        return inland(rng, self.room, rng.uniform(0.0, 0.6), soft)

    def round(self, n, share=(0.15, 0.6), soft=0.15, rough=0.25):
        """n larger round lesions."""
        a, h = spots(self.rng, self.room, n, self.extent * self.rng.uniform(*share) / np.sqrt(n), 0.8, soft, rough)
        return np.clip(a * 1.4, 0, 1), h

    def tint(self, x, amount, blood=0.0, pigment=0.0):
        """x with so much blood and pigment more, where `amount` says."""
        return colour(density(x) + amount[..., None] * (blood * self.blood + pigment * PIGMENT))

    def brown(self, often=0.25):
        """How much pigment goes with the redness: mostly on dark skin."""
        return self.rng.uniform(0.1, 0.8) if self.dark or self.rng.random() < often else 0.0

    def scales(self, x, where, share, cells=None):
        """Silvery, yellow or grey flakes on `share` of `where`."""
        rng, on = self.rng, where > 0.5
        if on.sum() < 10:
            return x
        n = fractal(rng, self.s, cells or int(rng.integers(14, 60)), 3, 0.7)
        a = np.clip((n - np.quantile(n[on], 1 - share)) * rng.uniform(0.4, 2.5) + 0.3, 0, 1) * where
        fine = fractal(rng, self.s, int(rng.integers(50, 130)), 2, 0.8)  # flakes are never of one white, and frayed
        a = a * np.clip(rng.uniform(0.5, 1) + rng.uniform(0.1, 0.5) * fine, 0, 1.2) * rng.uniform(0.25, 0.85)
        tone = np.float32(((1, 0.98, 0.96), (1, 0.93, 0.78), (0.9, 0.9, 0.92))[rng.choice(3, p=(0.5, 0.3, 0.2))])
        white = np.minimum(self.light.mean() * rng.uniform(1.1, 1.6), 245) * tone
        y = x * (1 - a[..., None]) + white * np.exp(0.05 * n + 0.06 * fine)[..., None] * a[..., None]
        return raised(rng, y, 2 * a, rng.uniform(0, 0.35))


# Each kind: Scene -> (picture, lesion 0..1 with .5 at its border)

def plaque(c):
    rng = c.rng
    if rng.random() < 0.6:
        a = c.shape(rng.uniform(0.08, 0.35), (2, 7))
        h = 3 * a
    else:
        a, h = c.round(int(rng.choice([1, 2, 4, 8, 16])), soft=rng.uniform(0.06, 0.25))
    x = c.tint(c.x, a * (1 + 0.15 * c.fine), c.k, c.brown())
    x = raised(rng, x, blur(h, 1.5) + c.fine * a * rng.uniform(0, 0.6), rng.uniform(0, 0.25))
    if rng.random() < 0.75:
        x = c.scales(x, a * (blur(a, 4) > rng.uniform(0.2, 0.8)), rng.uniform(0.05, 0.95))
    return x, a


def ring(c):
    rng = c.rng
    a, _ = c.round(int(rng.choice([1, 2, 4, 8])), (0.3, 0.9)) if rng.random() < 0.7 else (c.shape(0.2, (2, 5)), 0)
    b = blur(a, max(1.5, rng.uniform(0.03, 0.08) * c.s))
    rim = np.exp(-(((b - rng.uniform(0.4, 0.6)) / rng.uniform(0.12, 0.25)) ** 2)) * (a > 0.3)
    centre = rng.choice([rng.uniform(0, 0.08), rng.uniform(0.3, 0.6)])
    x = c.tint(c.x, np.maximum(rim, a * centre) * (1 + 0.25 * c.fine), c.k, c.brown())
    if rng.random() < 0.6:
        x = c.scales(x, rim * a, rng.uniform(0.1, 0.6))
    return x, (a if centre > 0.2 else np.clip(1.3 * rim * a, 0, 1))


def eczema(c):
    """Ill-defined, mottled, with papules, scratches and a little scale."""
    rng = c.rng
    a = c.shape(rng.uniform(0.5, 1.8), (1, 6))
    mottled = a * np.clip(1 + rng.uniform(0.1, 0.5) * fractal(rng, c.s, int(rng.integers(6, 25)), 3), 0.2, 2.2)
    x = c.tint(c.x, mottled, c.k * rng.uniform(0.6, 1), c.brown())
    h = c.fine * a * rng.uniform(0.2, 1.2)
    inner = (a > 0.3) & c.room
    if rng.random() < 0.5 and inner.any():
        p, up = spots(rng, inner, int(rng.integers(10, 120)), rng.uniform(1.2, 4))
        x, h = c.tint(x, p, rng.uniform(0.2, 0.8)), h + 0.5 * up
    if rng.random() < 0.45:
        x = c.scales(x, np.clip(a * 1.4, 0, 1), rng.uniform(0.03, 0.5))
    if rng.random() < 0.35 and inner.any():
        lines = np.zeros((c.s, c.s), np.uint8)
        for _ in range(int(rng.integers(2, 16))):
            px, py = somewhere(rng, inner)
            t, e = rng.uniform(0, 6.3), rng.uniform(2, 14)
            cv2.line(lines, (int(px), int(py)), (int(px + e * np.cos(t)), int(py + e * np.sin(t))), 255, int(rng.integers(1, 3)), cv2.LINE_AA)
        x = c.tint(x, blur(lines.astype(np.float32) / 255, 0.7), rng.uniform(0.5, 1.6), rng.uniform(0, 0.6))
    return raised(rng, x, h, rng.uniform(0.05, 0.22)), a


def erythema(c):
    a = c.shape(c.rng.uniform(0.2, 1.6), (1, 5))
    return c.tint(c.x, a * np.clip(1 + c.rng.uniform(0, 0.3) * fractal(c.rng, c.s, 10, 3), 0.3, 2), c.k * c.rng.uniform(0.5, 1), c.brown(0.1)), a


def lichenified(c):
    """Thickened, darker, with creases that cross."""
    rng = c.rng
    a = c.shape(rng.uniform(0.3, 1), (1, 6))
    x = c.tint(c.x, a, c.k * rng.uniform(0.4, 0.9), rng.uniform(0.2, 0.9))
    t, f, bend = rng.uniform(0, 3.2), rng.uniform(0.35, 0.9), 6 * fractal(rng, c.s, 8, 2)
    yy, xx = np.mgrid[0 : c.s, 0 : c.s].astype(np.float32)
    creases = sum(np.sin(f * (np.cos(t + d) * xx + np.sin(t + d) * yy + bend)) for d in (0, 1.2))
    x = raised(rng, x, a * (c.fine * 0.6 + rng.uniform(0.5, 1.6) * creases), rng.uniform(0.05, 0.22))
    return (c.scales(x, a, rng.uniform(0.03, 0.3)) if rng.random() < 0.3 else x), a


def vitiligo(c):
    """Pigment gone, relief kept; sharp borders; sometimes dots of it come back, or the rim is darker."""
    rng = c.rng
    if rng.random() < 0.75:
        a = c.shape(rng.choice([0.05, 0.12, 0.3]))
    else:
        a, _ = c.round(int(rng.integers(3, 40)), (0.3, 1.0), 0.15, 0.3)
    if c.light.mean() > 135 and rng.random() < 0.6:  # seen best on tanned skin
        c.x = c.tint(c.x, np.ones_like(a), 0, rng.uniform(0.1, 0.7))
    label, inner = a, (a > 0.5) & c.room
    if rng.random() < 0.3 and inner.any():
        back, _ = spots(rng, inner, int(rng.integers(10, 90)), rng.uniform(1.2, 3), 0.5)
        a = a * (1 - 0.9 * back)
    lum = c.light.mean()
    bare = np.float32([236, 205, 190]) * rng.uniform(0.85, 1.08) * np.exp(rng.normal(0, (0.02, 0.03, 0.05))) * np.clip((lum / 170) ** 0.35, 0.6, 1.1)
    was = density(np.median(c.x[c.room], 0))
    less = np.minimum(density(bare) - was, -0.06)  # never darker
    k = rng.uniform(0.3, 0.6) if rng.random() < 0.15 else rng.uniform(0.6, 1.05)
    d = density(c.x)
    pale = was + (d - was) * rng.uniform(0.5, 1.0) + less * k * (1 + 0.1 * fractal(rng, c.s, 5, 2))[..., None]
    d = d * (1 - a[..., None]) + pale * a[..., None]
    if rng.random() < 0.35:
        d = d + (blur(a, rng.uniform(2, 8)) * (1 - a) * rng.uniform(0.1, 1))[..., None] * PIGMENT
    if rng.random() < 0.4:  # sunburnt
        d = d + (a * rng.uniform(0.05, 0.5))[..., None] * c.blood
    return colour(d), label


def guttate(c):
    rng = c.rng
    a, h = spots(rng, c.room, int(rng.integers(8, 90)), c.s * rng.uniform(0.006, 0.035), rng.uniform(0, 1), rng.uniform(0.15, 0.6))
    x = raised(rng, c.tint(c.x, a * (1 + 0.2 * c.fine), c.k, c.brown()), h, rng.uniform(0, 0.2))
    return (c.scales(x, a, rng.uniform(0.05, 0.6)) if rng.random() < 0.5 else x), a


def acne(c):
    """Papules, some with pus, some marks that are left, comedones."""
    rng = c.rng
    r = c.s * rng.uniform(0.006, 0.024)
    a, h = spots(rng, c.room, int(rng.integers(6, 60)), r, rng.uniform(0, 1.2), rng.uniform(0.3, 0.9))
    x = raised(rng, c.tint(c.x, a, c.k, c.brown(0.1)), h, rng.uniform(0.05, 0.3))
    inner = (a > 0.5) & c.room
    if rng.random() < 0.5:
        marks, _ = spots(rng, c.room, int(rng.integers(5, 50)), r, 1.0, 0.9)
        x = c.tint(x, marks, rng.uniform(0.1, 0.5), rng.uniform(0, 0.4))
        c.unsure |= marks > 0.25
    if rng.random() < 0.6 and inner.any():
        pus, _ = spots(rng, inner, int(rng.integers(1, 20)), r * 0.35, 0, 0.5)
        pus = 0.7 * pus[..., None]
        x = x * (1 - pus) + pus * np.minimum(c.light * np.float32([1.1, 1.08, 0.9]) * 1.15, 250)
    if rng.random() < 0.4:
        pores, _ = spots(rng, c.room, int(rng.integers(4, 40)), 1.1, 0.8, 0.5)
        x = x * (1 - pores[..., None] * rng.uniform(0.2, 0.6))
        c.unsure |= pores > 0.25
    return x, np.clip(a * 1.3, 0, 1)


def wheal(c):
    rng = c.rng
    a = patches(rng, c.room, rng.uniform(0.08, 0.5), rng.uniform(0.1, 0.4), int(rng.integers(3, 8))) if rng.random() < 0.6 else c.round(int(rng.integers(2, 14)))[0]
    h = blur(a, 4)
    pale = np.clip((h - rng.uniform(0.5, 0.9)) * 4, 0, 1) * rng.uniform(0, 0.9)
    x = c.tint(c.x, a * (1 - pale), c.k * rng.uniform(0.4, 0.8), c.brown(0))
    if rng.random() < 0.5:  # a pale halo
        x = c.tint(x, blur(a, 6) * (1 - a), -0.1)
    return raised(rng, x, 8 * h, rng.uniform(0.1, 0.4)), a


def dark_patch(c):
    """Pigment left by inflammation, or melasma: brown on any skin."""
    rng = c.rng
    a = patches(rng, c.room, rng.uniform(0.05, 0.45), rng.uniform(0.2, 1.2), int(rng.integers(2, 9))) if rng.random() < 0.5 else c.round(int(rng.integers(4, 40)), (0.2, 0.8), 0.6)[0]
    return c.tint(c.x, a * (1 + 0.2 * c.fine), rng.uniform(0, 0.4), rng.uniform(0.4, 1.6)), a


def keratosis(c):
    """Rough scaly spots, single or a field of them, on mottled sun-worn skin."""
    rng = c.rng
    x = c.tint(c.x, np.clip(fractal(rng, c.s, 5, 3), 0, 3), 0.15)
    if rng.random() < 0.7:
        freckles, _ = spots(rng, c.room, int(rng.integers(5, 60)), c.s * rng.uniform(0.004, 0.015), 0.5, 0.8)
        x = c.tint(x, freckles, 0, rng.uniform(0.15, 0.6))
    if rng.random() < 0.45:  # a field: rough all over, redder and scaly in spots
        a = c.shape(rng.uniform(0.4, 1.2), (2, 6))
        h = a
        inner = (a > 0.4) & c.room
        if inner.any():
            on, _ = spots(rng, inner, int(rng.integers(3, 40)), c.s * rng.uniform(0.008, 0.03), 0.5, 0.8, 0.3)
            x = c.scales(c.tint(x, on, c.k * rng.uniform(0.2, 0.8), rng.uniform(0, 0.4)), on, rng.uniform(0.1, 0.8))
    else:
        n = int(rng.integers(1, 16))
        a, h = spots(rng, c.room, n, c.s * rng.uniform(0.012, 0.09) / n**0.25, 0.5, rng.uniform(0.3, 1.0), 0.35)
    x = c.tint(x, a * (1 + 0.3 * c.fine), c.k * rng.uniform(0.4, 0.9), rng.uniform(0, 0.3))
    x = raised(rng, x, c.fine * a * 1.2 + 0.2 * h, rng.uniform(0.1, 0.35))
    return c.scales(x, a, rng.uniform(0.1, 0.8), int(rng.integers(30, 100))), np.clip(a * 1.3, 0, 1)


def thick_sole(c):
    """Palms and soles: thick, yellow or red, scaling in sheets, with fissures along the lines; sometimes pustules."""
    rng = c.rng
    u = rng.random()
    soft = rng.uniform(0.2, 1.2)
    a = c.room.astype(np.float32) if u < 0.15 else inland(rng, c.room, rng.uniform(0, 0.5), soft) if u < 0.5 else c.shape(soft, (1, 4))
    x = c.tint(c.x, a * (1 + 0.2 * fractal(rng, c.s, 8, 3)), rng.uniform(0.1, 1.0), rng.uniform(-0.3, 0.4))
    x = raised(rng, x, (c.fine + 2 * fractal(rng, c.s, 12, 3)) * a, rng.uniform(0.1, 0.35))
    x = c.scales(x, a, rng.uniform(0.1, 0.95), int(rng.integers(8, 40)))
    cracks = np.exp(-((fractal(rng, c.s, int(rng.integers(4, 10)), 3) / 0.05) ** 2)) * a
    x = c.tint(x, cracks, rng.uniform(0.2, 0.9), 0.3)
    inner = (a > 0.5) & c.room
    if rng.random() < 0.3 and inner.any():
        p, _ = spots(rng, inner, int(rng.integers(8, 70)), rng.uniform(1.2, 3.5), 0.5, 0.4)
        p = p[..., None] * rng.uniform(0.4, 0.9)
        x = x * (1 - p) + p * np.float32(((225, 205, 130), (110, 60, 35))[rng.integers(2)]) * (0.3 + 0.7 * c.light.mean() / 180)
    return x, a


def eroded(c):
    """Erosions, wet and red, and honey or brown crusts."""
    rng = c.rng
    a = c.round(int(rng.choice([1, 2, 4, 8, 16])), (0.1, 0.5), 0.2, 0.35)[0] if rng.random() < 0.6 else patches(rng, c.room, rng.uniform(0.03, 0.4), 0.3, int(rng.integers(3, 9)))
    x = c.tint(c.x, a, c.k * rng.uniform(0.8, 1.6), c.brown(0.1))
    crust = np.clip((c.fine + fractal(rng, c.s, 16, 2) - rng.uniform(-0.5, 1.5)) * 2, 0, 1) * a * rng.uniform(0.4, 0.95)
    hue = np.float32(((205, 150, 60), (120, 70, 35), (70, 35, 25), (225, 190, 110))[rng.integers(4)]) * (0.3 + 0.7 * c.light.mean() / 180)
    x = x * (1 - crust[..., None]) + hue * (1 + 0.15 * c.fine[..., None]) * crust[..., None]
    return raised(rng, x, blur(a, 2) * 3 + c.fine * crust, rng.uniform(0, 0.3)), a


KINDS = {plaque: 0.19, eczema: 0.15, vitiligo: 0.25, thick_sole: 0.10, keratosis: 0.09, acne: 0.09, guttate: 0.07, lichenified: 0.07,
         erythema: 0.04, dark_patch: 0.05, ring: 0.05, wheal: 0.04, eroded: 0.05}
SMALL = (acne, guttate)
SEEN = {vitiligo: 12, erythema: 11, dark_patch: 10, wheal: 10, eczema: 9}  # how much a colour has to change (CIELAB), other kinds: 8
TRIES = 4


def seen(kind, x, y, lesion, room):
    """Whether an eye finds it: the colour changed enough, more so where no healthy skin is left to compare with, and the lesion
    differs from that skin. What nobody sees would only teach doubt."""
    if lesion.sum() < 12:
        return False
    a, b, rest, need = lab(x), lab(y), room & ~lesion, SEEN.get(kind, 8)
    change = np.median(np.linalg.norm((a - b)[lesion], axis=1))
    if rest.sum() < 0.06 * room.sum():
        return change >= 1.5 * need
    near = cv2.dilate(lesion.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    beside = rest & near if (rest & near).sum() > 40 else rest
    return change >= need and np.linalg.norm(np.median(b[lesion], 0) - np.median(b[beside], 0)) >= 0.5 * need


def draw(rng, x, t, room):
    """(picture, target) with one disease drawn into the room; as they were when no eye could see it, however often tried."""
    kinds, p = list(KINDS), np.array(list(KINDS.values()))
    kind = kinds[rng.choice(len(kinds), p=p / p.sum())]
    soft = blur(room.astype(np.float32), 0.8)[..., None]
    for _ in range(TRIES):
        c = Scene(rng, x, room)
        y, a = kind(c)
        y = x * (1 - soft) + y * soft
        lesion = (a > 0.5) & room
        if seen(kind, x, y, lesion, room):
            break
    else:
        return x, t
    t = t.copy()
    edge = (a > 0.3) & ~lesion
    if kind in SMALL:  # a judge draws around a papule, not along it
        near = cv2.dilate(lesion.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        edge, lesion = cv2.dilate(near.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0, near & room
    t[(edge | c.unsure) & room & ~lesion & (t != 2)] = 255
    t[lesion] = 2
    return y, t
