"""Composed scenes with all three classes known: lesions, cut out or drawn, on skin, in front of something.

python compose.py --side train --n 6000 --seed 1 --work DIR      -> DIR/composed_<name>.npz (x: rgb, t: 0/1/2)

Skin comes from annotated limbs, from lesion-free parts of dermoscopy and close-ups tiled into textures and limb-like
shapes, and is shifted to any tone. Lesions are cut with their masks (as a ratio to the skin around them, so that they
take the colour of the skin they land on, or as they are), or drawn: plaques with scale, soft erythema, papules,
vesicles, crusts, rings, pigment, loss of pigment, rough patches, swellings that only change the light.
Validation scenes use validation groups only.
"""
import argparse
import cv2
import numpy as np
import data
from data import smooth_noise

S = 320


# ------------------------------------------------------------------ sources
def cutouts(sets, rng, n_ham=1600):
    """Lesions with their masks and the colour of the skin around them."""
    out = []
    for s in ("ham10000", "isic2017", "pad_ufes", "fuseg"):
        items = sets[s]
        if s == "ham10000":
            items = [items[i] for i in rng.permutation(len(items))[:n_ham]]
        for im, t in items:
            m = (t == 2).astype(np.uint8)
            if m.mean() > 0.55 or m.sum() < 60:
                continue
            n, lab, st, _ = cv2.connectedComponentsWithStats(m)
            for c in range(1, n):
                x, y, w, h, a = st[c]
                if a < 60 or x == 0 or y == 0 or x + w >= m.shape[1] or y + h >= m.shape[0]:
                    continue
                e = max(4, int(0.3 * max(w, h)))
                x0, y0, x1, y1 = max(0, x - e), max(0, y - e), min(m.shape[1], x + w + e), min(m.shape[0], y + h + e)
                mm = (lab[y0:y1, x0:x1] == c).astype(np.uint8)
                p = im[y0:y1, x0:x1]
                k = max(3, int(0.08 * max(w, h)) | 1)
                near = cv2.dilate(mm, np.ones((k, k), np.uint8))
                ring = (near == 0) & (t[y0:y1, x0:x1] >= 3)
                if ring.sum() < 30:
                    continue
                out.append((s, p, mm, np.median(p[ring].reshape(-1, 3), 0).astype(np.float32)))
    return out


def textures(sets, rng, n=700):
    """Lesion-free rectangles of skin."""
    out = []
    for s, lim in (("pad_ufes", 10**6), ("isic2017", 10**6), ("ham10000", n)):
        for i in rng.permutation(len(sets[s]))[:lim]:
            im, t = sets[s][i]
            h, w = t.shape
            ys, xs = np.nonzero(t == 2)
            if not len(xs):
                continue
            e = int(0.06 * max(h, w))
            a, b, c, d = xs.min() - e, xs.max() + e, ys.min() - e, ys.max() + e
            for x0, y0, x1, y1 in ((0, 0, a, h), (b, 0, w, h), (0, 0, w, c), (0, d, w, h)):
                mg = int(0.04 * max(h, w))
                x0, y0, x1, y1 = max(x0, mg), max(y0, mg), min(x1, w - mg), min(y1, h - mg)
                if x1 - x0 >= 0.2 * w and y1 - y0 >= 0.2 * h and (t[y0:y1, x0:x1] == 4).mean() > 0.995:
                    out.append(im[y0:y1, x0:x1])
    return out


# ------------------------------------------------------------------ skin and background
def tile(rng, tex, s):
    """A square filled with a texture, mirrored where it ends, at a random scale."""
    k = np.exp(rng.uniform(np.log(0.5), np.log(2.2))) * s / 320 * min(2.5, 320 / max(tex.shape[:2]))
    k = max(k, 0.45 * s / min(tex.shape[:2]))  # not a kaleidoscope
    tex = cv2.resize(tex, None, fx=k, fy=k, interpolation=cv2.INTER_AREA if k < 1 else cv2.INTER_CUBIC)
    if k > 1.2:
        tex = np.clip(tex + rng.normal(0, rng.uniform(0, 5), tex.shape[:2] + (1,)), 0, 255).astype(np.uint8)
    # flatten the slow change of light, so that mirroring does not repeat it
    low = cv2.resize(cv2.resize(tex, (4, 4), interpolation=cv2.INTER_AREA), tex.shape[1::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32)
    tex = np.clip(tex.astype(np.float32) - 0.8 * (low - low.mean((0, 1))), 0, 255)
    h, w = tex.shape[:2]
    oy, ox = rng.integers(0, h), rng.integers(0, w)
    iy = np.abs((np.arange(s) + oy) % (2 * h) - h + 0.5).astype(int).clip(0, h - 1)
    ix = np.abs((np.arange(s) + ox) % (2 * w) - w + 0.5).astype(int).clip(0, w - 1)
    return tex[iy][:, ix]


def tone(rng, x, m):
    """Skin moved to another tone, all of them: its mean in L*a*b* goes elsewhere, its texture stays."""
    lab = cv2.cvtColor(x.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    mean = lab[m].mean(0)
    L = rng.uniform(24, 84) if rng.random() < 0.75 else rng.uniform(18, 45)
    u = (L - 24) / 60
    a = rng.normal(10 + 3 * np.sin(u * 3.1), 2.5)
    b = rng.normal(11 + 9 * np.sin(u * 3.1), 3.5)
    if rng.random() < 0.18:  # flushed hands, cold feet, warm light: redder than normal skin ought to be, and normal
        a += rng.uniform(4, 14)
    k = np.float32(rng.uniform(0.75, 1.1))
    lab = np.where(m[..., None], (lab - mean) * k + np.array([L, a, b], np.float32), lab).astype(np.float32)
    lab[..., 0] = lab[..., 0].clip(2, 98)
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB).clip(0, 1) * 255


def limb(rng, s):
    """A limb-, trunk- or finger-like outline, and light that falls off towards its edge."""
    m = np.zeros((s, s), np.uint8)
    k = rng.integers(4)
    if k <= 1:  # one or two bands across the frame
        for _ in range(1 if k == 0 else 2):
            a, w = rng.uniform(0, np.pi), s * rng.uniform(0.12, 0.34)
            c = rng.uniform(0.3, 0.7, 2) * s
            n = np.linspace(-1.1, 1.1, 24)
            bend = rng.normal(0, 0.12)
            mid = c + np.outer(n * s, [np.cos(a), np.sin(a)]) + np.outer(bend * n * n * s, [-np.sin(a), np.cos(a)])
            ww = w * (1 + rng.normal(0, 0.15) * n + 0.08 * np.sin(n * rng.uniform(2, 5) + rng.uniform(0, 6)))
            if rng.random() < 0.35:  # ends within the frame
                cut = rng.integers(14, 20)
                mid, ww = mid[:cut], ww[:cut]
                cv2.circle(m, tuple(int(v) for v in mid[-1]), int(ww[-1]), 1, -1)
            nv = np.array([-np.sin(a), np.cos(a)])
            cv2.fillPoly(m, [np.vstack([mid + nv * ww[:, None], (mid - nv * ww[:, None])[::-1]]).astype(np.int32)], 1)
    elif k == 2:  # palm with fingers
        a, c = rng.uniform(0, 6.3), rng.uniform(0.35, 0.65, 2) * s
        r = s * rng.uniform(0.16, 0.26)
        cv2.circle(m, tuple(int(v) for v in c), int(r), 1, -1)
        for f in np.linspace(-0.7, 0.7, 4) + rng.normal(0, 0.04, 4):
            d = np.array([np.cos(a + f * rng.uniform(0.7, 1.1)), np.sin(a + f)])
            e = c + d * r * rng.uniform(1.7, 2.3)
            cv2.line(m, tuple(int(v) for v in c + d * r * 0.7), tuple(int(v) for v in e), 1, max(2, int(r * rng.uniform(0.3, 0.4))))
        e = c - np.array([np.cos(a), np.sin(a)]) * s
        cv2.line(m, tuple(int(v) for v in c), tuple(int(v) for v in e), 1, int(r * 1.3))
    else:  # a big rounded part
        cv2.ellipse(m, tuple(int(v) for v in rng.uniform(0.2, 0.8, 2) * s), (int(s * rng.uniform(0.3, 0.7)), int(s * rng.uniform(0.25, 0.5))), float(rng.uniform(0, 180)), 0, 360, 1, -1)
    d = cv2.distanceTransform(np.pad(m, 40, mode="edge"), cv2.DIST_L2, 3)[40:-40, 40:-40]
    r = max(6.0, np.percentile(d, 95) * rng.uniform(0.5, 1))
    q = np.clip(d / r, 0, 1)
    lo = rng.uniform(0.35, 0.85)
    return m > 0, (lo + (1 - lo) * np.sqrt(1 - (1 - q) ** 2)).astype(np.float32)


def drape(rng, s):
    k = rng.integers(7)
    col = np.array([[40, 90, 150], [30, 110, 90], [235, 235, 235], [15, 15, 15], [120, 150, 170], [150, 40, 45], [110, 75, 50], [180, 150, 120], [90, 90, 95]])[rng.choice(9)] + rng.normal(0, 18, 3)
    x = np.empty((s, s, 3), np.float32)
    x[:] = col
    if k <= 2:  # cloth with folds
        f = smooth_noise(rng, s, int(rng.integers(2, 9)))
        x *= (1 + rng.uniform(0.05, 0.3) * f)[..., None]
        if rng.random() < 0.4:
            st = np.sin(np.arange(s) * rng.uniform(0.3, 2.5))
            x += (st[None, :, None] if rng.random() < 0.5 else st[:, None, None]) * rng.uniform(3, 25)
    elif k == 3:  # wood or carpet
        g = cv2.resize(rng.normal(0, 1, (s, max(2, s // 40))).astype(np.float32), (s, s), interpolation=cv2.INTER_LINEAR)
        x += (g if rng.random() < 0.5 else g.T)[..., None] * rng.uniform(4, 18)
    elif k == 4:  # furniture, instruments
        for _ in range(rng.integers(3, 14)):
            p = (rng.uniform(-0.1, 1.1, (int(rng.integers(3, 6)), 2)) * s).astype(np.int32)
            cv2.fillPoly(x, [cv2.convexHull(p)], [float(v) for v in rng.integers(0, 256, 3)])
    elif k == 5:
        x[:] = rng.choice([0, 0, 8, 255])
    else:
        x += (smooth_noise(rng, s, 2) * 25)[..., None]
    return x


# ------------------------------------------------------------------ lesions
def blob(rng, r, soft):
    """(alpha, inner distance 0..1) of an irregular patch of radius about r."""
    p = int(np.ceil(1.55 * r)) + 2
    yy, xx = np.mgrid[-p : p + 1, -p : p + 1].astype(np.float32)
    a, el = rng.uniform(0, 3.2), np.exp(abs(rng.normal(0, 0.22)))
    c, s = np.cos(a), np.sin(a)
    xr, yr = (c * xx + s * yy) / el**0.5, (-s * xx + c * yy) * el**0.5
    th, d = np.arctan2(yr, xr), np.sqrt(xr * xr + yr * yr)
    edge = np.ones_like(d)
    rough = rng.uniform(0.02, 0.16)
    for k in range(2, 9):
        edge += rough * rng.normal(0, 1) / k**0.7 * np.cos(k * th + rng.uniform(0, 6.3))
    q = d / (r * edge.clip(0.4, 1.4))
    if r > 8 and rng.random() < 0.4:
        q = q + smooth_noise(rng, 2 * p + 1, int(rng.integers(4, 12))) * rng.uniform(0.03, 0.16)
    return np.clip((1 - q) / soft + 0.5, 0, 1), q


def skin_light(patch):
    return np.float32(np.median(patch.reshape(-1, 3), 0))


KINDS = ("cut", "plaque", "erythema", "papule", "vesicle", "crust", "ring", "pigment", "pale", "rough", "swelling", "ulcer")
WEIGHT = np.array([0.38, 0.16, 0.10, 0.05, 0.06, 0.05, 0.04, 0.03, 0.02, 0.05, 0.04, 0.02])


def contrast(skin, lesion, m):
    """The distance of their mean colours in L*a*b*."""
    if m.sum() < 12:
        return 0.0
    a, b = (cv2.cvtColor((v[m][None] / 255).clip(0, 1).astype(np.float32), cv2.COLOR_RGB2LAB)[0].mean(0) for v in (skin, lesion))
    return float(np.linalg.norm(a - b))


class Disease:
    """The traits that all lesions of one scene share."""

    def __init__(self, rng, cuts):
        self.kind = KINDS[rng.choice(len(KINDS), p=WEIGHT / WEIGHT.sum())]
        self.k = rng.uniform(0.10, 0.5)
        self.soft = rng.choice([0.06, 0.15, 0.35], p=[0.45, 0.35, 0.2])
        self.cover = rng.uniform(0, 0.8)
        self.cuts = [cuts[i] for i in rng.integers(0, len(cuts), int(rng.integers(1, 4)))]
        self.ratio = rng.random() < 0.6
        self.dark = rng.random() < 0.25
        self.gain = rng.uniform(0.8, 1.25)


def red(k, dark, rng):
    if dark:  # on dark skin, or old: violet-brown rather than red
        return np.array([1 - 0.75 * k, 1 - 1.0 * k, 1 - 0.85 * k], np.float32)
    return np.array([1.04 - 0.25 * k, 1 - k, 1 - k * rng.uniform(0.75, 1.0)], np.float32)


def lesion(rng, dis, r, patch_of):
    """(alpha, new colours) for a lesion of radius r; patch_of(half) gives the skin below it."""
    kind, k = dis.kind, dis.k * np.exp(rng.normal(0, 0.15))
    soft = max(dis.soft, 1.2 / r) if kind != "erythema" else max(rng.uniform(0.3, 0.8), 1.2 / r)
    if kind == "cut":
        _, im, m, around = dis.cuts[rng.integers(len(dis.cuts))]
        ys, xs = np.nonzero(m)
        size = np.sqrt(len(xs) / np.pi)
        z = r / size
        if z < 0.7:
            im = cv2.resize(im, None, fx=z, fy=z, interpolation=cv2.INTER_AREA)
            m = cv2.resize(m * 255, (im.shape[1], im.shape[0]), interpolation=cv2.INTER_AREA)
            z = 1.0
        else:
            m = m * 255
        p = int(np.ceil(np.hypot(*m.shape) * z / 2)) + 1
        M = cv2.getRotationMatrix2D((m.shape[1] / 2, m.shape[0] / 2), rng.uniform(0, 360), z)
        if rng.random() < 0.5:
            M[:, 0] *= -1
            M[0, 2], M[1, 2] = m.shape[1] / 2 + M[0, :2] @ [-m.shape[1] / 2, -m.shape[0] / 2], m.shape[0] / 2 + M[1, :2] @ [-m.shape[1] / 2, -m.shape[0] / 2]
        M[:, 2] += p - np.array([m.shape[1], m.shape[0]]) / 2
        im = cv2.warpAffine(im, M, (2 * p + 1, 2 * p + 1), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        al = cv2.warpAffine(m, M, (2 * p + 1, 2 * p + 1), flags=cv2.INTER_LINEAR).astype(np.float32) / 255
        al = cv2.GaussianBlur(al, (0, 0), max(0.5, 0.04 * r))
        base = patch_of(p)
        if dis.ratio:
            new = base * 0.35 + 0.65 * skin_light(base)
            new = new * np.clip(im / np.maximum(around, 20), 0.08, 2.2) ** dis.gain
        else:
            new = im
        # the cut's own surroundings show a little outside the mask
        al2 = np.clip(cv2.GaussianBlur(al, (0, 0), max(0.6, 0.08 * r)) * 0.9 + 0.25 * al, 0, 1)
        return al, al2, new
    al, q = blob(rng, r, soft)
    p = al.shape[0] // 2
    base = patch_of(p)
    n = 2 * p + 1
    fine = smooth_noise(rng, n, max(2, min(n // 2, int(rng.integers(6, 40))))) if r > 3 else np.zeros((n, n), np.float32)
    lab = al
    light = skin_light(base)
    if kind in ("plaque", "papule", "rough"):
        new = base * red(k, dis.dark, rng)
        if kind == "plaque":
            new *= (1 + 0.08 * fine * rng.uniform(0, 1.5))[..., None]
            if r > 2.5 and dis.cover > 0.1:
                thr = np.quantile(fine[al > 0.5], 1 - dis.cover) if (al > 0.5).any() else 9
                sc = np.clip((fine - thr) * 3 + 0.3, 0, 1) * (q < rng.uniform(0.75, 1.05)) * rng.uniform(0.3, 0.9)
                white = np.minimum(light.mean() * rng.uniform(1.15, 1.5), 245) * np.array([1, 0.98, 0.95], np.float32)
                new = new * (1 - sc[..., None]) + white * sc[..., None]
        elif kind == "rough":
            new = base * red(k * 0.8, dis.dark or rng.random() < 0.5, rng) * (1 + rng.uniform(0.08, 0.25) * fine)[..., None]
        else:
            new *= (1.12 - 0.3 * np.clip(q, 0, 1))[..., None]
    elif kind == "erythema":
        new = base * red(k * 0.75, dis.dark, rng) * (1 + 0.05 * fine)[..., None]
    elif kind == "pigment":
        f = np.array([1 - 0.8 * k, 1 - 1.15 * k, 1 - 1.2 * k], np.float32).clip(0.12, 1)
        new = base * f * (1 + 0.12 * fine)[..., None]
    elif kind == "pale":
        f = rng.uniform(0.35, 0.8)
        new = base * (1 - f) + f * (np.minimum(light * rng.uniform(1.15, 1.5), 250) * np.array([1, 1, 1.02], np.float32))
    elif kind == "ring":
        w = rng.uniform(0.18, 0.4)
        lab = al * np.clip((q - (1 - w)) / max(0.06, 1.2 / r) + 0.5, 0, 1) if r > 5 else al
        al = lab
        new = base * red(k, dis.dark, rng) * (1 + 0.07 * fine)[..., None]
    elif kind == "ulcer":
        core = np.array([[120, 25, 25], [70, 15, 18], [190, 150, 80], [35, 25, 22]], np.float32)[rng.integers(4)] * rng.uniform(0.7, 1.2)
        c = np.clip((rng.uniform(0.6, 0.9) - q) / 0.2 + 0.5, 0, 1)[..., None] * 0.85
        new = base * red(k, dis.dark, rng) * (1 - c) + c * core * (1 + 0.2 * fine)[..., None] * (0.4 + 0.6 * light.mean() / 170)
    elif kind == "crust":
        new = base * red(k, dis.dark, rng)
        c = np.clip((fine - rng.uniform(-0.6, 0.6)) * 2, 0, 1) * (q < rng.uniform(0.6, 1))
        col = np.array([[205, 150, 60], [120, 70, 35], [70, 35, 25], [225, 190, 110]], np.float32)[rng.integers(4)] * (0.3 + 0.7 * light.mean() / 180)
        c = (c * rng.uniform(0.5, 0.95))[..., None]
        new = new * (1 - c) + col * (1 + 0.15 * fine[..., None]) * c
    elif kind == "vesicle":
        new = base * red(k * 0.8, dis.dark, rng)
        yy, xx = np.mgrid[0:n, 0:n].astype(np.float32)
        for _ in range(int(min(25, max(1, r * rng.uniform(0.3, 0.9))))):
            a, d = rng.uniform(0, 6.3), r * 0.8 * np.sqrt(rng.random())
            cx, cy, rr = p + d * np.cos(a), p + d * np.sin(a), max(1.2, r * rng.uniform(0.06, 0.2))
            v = np.sqrt((xx - cx) ** 2 + (yy - cy) ** 2) / rr
            on = np.clip((1 - v) * rr + 0.5, 0, 1)[..., None]
            sh = (1.0 + 0.3 * np.clip(-(xx - cx + yy - cy) / (1.4 * rr), -1, 1))[..., None]
            new = new * (1 - 0.8 * on) + 0.8 * on * (0.5 * new + 0.5 * light * np.array([1.1, 0.98, 0.85], np.float32)) * sh
            hl = np.clip(1 - np.sqrt((xx - cx + rr * 0.35) ** 2 + (yy - cy + rr * 0.35) ** 2) / (0.35 * rr + 0.3), 0, 1)[..., None]
            new = new + (245 - new) * hl * 0.7
            lab = np.maximum(lab, on[..., 0])
        al = np.maximum(al, lab)
    else:  # swelling: only the light tells
        a, g = rng.uniform(0, 6.3), rng.uniform(0.12, 0.38)
        h = np.clip(1 - q * q, 0, 1)
        gy, gx = np.gradient(h * r / 1.6)
        new = base * np.clip(1 + g * (gx * np.cos(a) + gy * np.sin(a)) + 0.06 * h, 0.4, 1.7)[..., None]
        if rng.random() < 0.4:
            new *= red(0.1, False, rng)
        return lab, (q < 1.15).astype(np.float32), new
    return lab, al, new


# ------------------------------------------------------------------ a scene
class Composer:
    def __init__(self, sets, seed):
        self.rng = rng = np.random.default_rng(seed)
        self.sets, self.cuts, self.tex = sets, cutouts(sets, rng), textures(sets, rng)
        self.limbs = [x for x in sets["ccp_skin_crops"] if 0.12 < (x[1] == 1).mean() and x[1].shape[0] >= 128]
        by = {}
        for c in self.cuts:
            by.setdefault(c[0], []).append(c)
        self.by = by

    def some_cuts(self):  # the small sets as often as the big one
        r = self.rng
        n = list(self.by)
        w = np.array([dict(ham10000=0.3, isic2017=0.1, pad_ufes=0.3, fuseg=0.3)[k] for k in n])
        return [self.by[k][r.integers(len(self.by[k]))] for k in r.choice(n, 4, p=w / w.sum())]

    def photo(self, s, name="ccp_skin", f=None):
        """A stretch of a street photo, with its skin annotated."""
        rng = self.rng
        im, t = self.sets[name][rng.integers(len(self.sets[name]))]
        h, w = t.shape
        f = f or rng.uniform(0.3, 0.9)
        bw = min(w, int(f * h))
        x0, y0 = rng.integers(0, w - bw + 1), rng.integers(0, h - bw + 1)
        o = cv2.resize(im[y0 : y0 + bw, x0 : x0 + bw], (s, s), interpolation=cv2.INTER_LINEAR)
        l = cv2.resize(t[y0 : y0 + bw, x0 : x0 + bw], (s, s), interpolation=cv2.INTER_NEAREST)
        return o.astype(np.float32), l

    def behind(self, s):
        if self.rng.random() < 0.4:
            x, l = self.photo(s)
            return x, l == 1
        return drape(self.rng, s), np.zeros((s, s), bool)

    def base(self, s):
        """Picture, where skin is, and where lesions may go."""
        rng = self.rng
        u = rng.random()
        if u < 0.42:
            im, t = self.limbs[rng.integers(len(self.limbs))]
            h, w = t.shape
            f = rng.uniform(0.6, 1.0)
            bw, bh = int(w * f), int(h * f)
            ys, xs = np.nonzero(t == 1)
            k = rng.integers(len(xs))
            x0, y0 = int(np.clip(xs[k] - bw / 2, 0, w - bw)), int(np.clip(ys[k] - bh / 2, 0, h - bh))
            x = cv2.resize(im[y0 : y0 + bh, x0 : x0 + bw], (s, s), interpolation=cv2.INTER_CUBIC).astype(np.float32)
            m = cv2.GaussianBlur((t[y0 : y0 + bh, x0 : x0 + bw] == 1).astype(np.float32), (0, 0), 1.0)
            m = cv2.resize(m, (s, s), interpolation=cv2.INTER_LINEAR)
            skin = m > 0.5
            if skin.sum() < 400:
                return self.base(s)
            if rng.random() < 0.3:  # the grain that enlarging lost
                x += cv2.GaussianBlur(rng.normal(0, 1, (s, s)).astype(np.float32), (0, 0), rng.uniform(0.6, 2))[..., None] * rng.uniform(2, 10)
            if rng.random() < 0.55:
                x = tone(rng, x, skin)
            if rng.random() < 0.45:
                b, sk = self.behind(s)
                m = cv2.GaussianBlur(m, (0, 0), 1.2)[..., None]
                x = x * m + b * (1 - m)
                skin = skin | sk & (m[..., 0] < 0.5)
                return x, skin, m[..., 0] > 0.7
            return x, skin, skin
        x = tile(rng, self.tex[rng.integers(len(self.tex))], s)
        every = np.ones((s, s), bool)
        if rng.random() < 0.65:
            x = tone(rng, x, every)
        x = x * np.exp(smooth_noise(rng, s, int(rng.integers(1, 4))) * rng.uniform(0.02, 0.15))[..., None]
        if rng.random() < 0.35:  # normal unevenness: flush, creases, veins
            f = smooth_noise(rng, s, int(rng.integers(2, 5))) * rng.uniform(0, 0.035)
            x *= np.stack([1 + f * 0.3, 1 - f, 1 - f], -1)
        for _ in range(rng.integers(0, 5) if rng.random() < 0.4 else 0):
            p = np.cumsum(np.vstack([rng.uniform(0, 1, (1, 2)) * s, rng.normal(0, 0.05 * s, (14, 2)) + rng.normal(0, 0.04 * s, 2)]), 0)
            l = np.zeros((s, s), np.float32)
            cv2.polylines(l, [p.astype(np.int32)], False, 1.0, int(rng.integers(1, 4)), cv2.LINE_AA)
            x *= (1 - cv2.GaussianBlur(l, (0, 0), rng.uniform(0.6, 2.5)) * rng.uniform(0.1, 0.5))[..., None]
        if u < 0.66:
            if rng.random() < 0.3:  # a hole in a drape, or a drape from one side
                m = np.zeros((s, s), np.uint8)
                c = tuple(int(v) for v in rng.uniform(0.35, 0.65, 2) * s)
                if rng.random() < 0.4:
                    cv2.ellipse(m, c, tuple(int(v) for v in rng.uniform(0.2, 0.6, 2) * s), float(rng.uniform(0, 180)), 0, 360, 1, -1)
                else:
                    cv2.fillPoly(m, [cv2.boxPoints((c, tuple(rng.uniform(0.4, 1.3, 2) * s), float(rng.uniform(0, 180)))).astype(np.int32)], 1)
                b, sk = self.behind(s)
                al = cv2.GaussianBlur(m.astype(np.float32), (0, 0), 1.2)[..., None]
                return x * al + b * (1 - al), (m > 0) | sk, m > 0
            return x, every, every
        m, shade = limb(rng, s)
        if m.mean() < 0.05:
            return self.base(s)
        b, sk = self.behind(s)
        al = cv2.GaussianBlur(m.astype(np.float32), (0, 0), 1.0)[..., None]
        return x * shade[..., None] * al + b * (1 - al), m | sk, m

    def plaques(self, s=S):
        """Three to ten lesions that an eye tells from the skin around them and from each other."""
        base, dis = self.base(s), Disease(self.rng, self.some_cuts())
        if dis.kind == "swelling":
            dis.kind = "cut"
        n = int(self.rng.integers(3, 11))
        most = 0.55 * np.sqrt(base[2].sum() / np.pi / n)
        if most < 0.022 * s:
            return self.plaques(s)
        im, t = self.scene(s, n, base, np.exp(self.rng.uniform(np.log(0.022 * s), np.log(most))), dis, clear=True)
        return (im, t) if (t == 2).any() else self.plaques(s)

    def empty(self, s=S):
        """No skin at all."""
        x, t = drape(self.rng, s).clip(0, 255).astype(np.uint8), np.zeros((s, s), np.uint8)
        for _ in range(self.rng.integers(0, 4)):
            x, t = data.draw_foreign(self.rng, x, t)
        return x, np.zeros((s, s), np.uint8)

    def scene(self, s=S, n=None, base=None, size=None, dis=None, clear=False):
        """`clear`: no lesion touches another, and none is so faint that only its mask would tell of it."""
        rng = self.rng
        if base is None and rng.random() < 0.06:
            return self.empty(s)
        x, skin, room = base or self.base(s)
        x = x.astype(np.float32)
        t = skin.astype(np.uint8)
        if n is None:
            u = rng.random()
            n = 0 if u < 0.17 else 1 if u < 0.45 else rng.integers(2, 5) if u < 0.68 else rng.integers(5, 13) if u < 0.9 else rng.integers(13, 40)
        if rng.random() < 0.12:  # wet or oily skin: highlights that follow its relief, normal skin below
            f = np.clip((smooth_noise(rng, s, int(rng.integers(5, 30))) + smooth_noise(rng, s, 3) - rng.uniform(0.6, 1.6)) * rng.uniform(0.5, 2), 0, 1).astype(np.float32) * skin
            x = x + (250 - x) * (cv2.GaussianBlur(f, (0, 0), rng.uniform(0.5, 3)) * rng.uniform(0.3, 0.9))[..., None]
        if n == 0:
            return x.clip(0, 255).astype(np.uint8), t
        dis = dis or Disease(rng, self.some_cuts())
        extent = np.sqrt(room.sum() / np.pi)
        hi = min(0.9 * extent, 1.2 * extent / np.sqrt(n))
        r0 = size or np.exp(rng.uniform(np.log(max(2.0, 0.012 * s)), np.log(max(4, hi))))
        ys, xs = np.nonzero(room)
        layout = rng.integers(4)
        k = rng.integers(len(xs))
        cx, cy, spread = xs[k], ys[k], r0 * np.sqrt(n) * rng.uniform(1.2, 3)
        if dis.kind == "swelling":
            r0 = max(r0, 0.05 * s)
        taken = np.zeros((s, s), np.uint8)
        for j in range(n):
            r = float(np.clip(r0 * np.exp(rng.normal(0, 0.3)), 1.6, 0.45 * s))
            for _ in range(12):
                if n == 1 or layout <= 1:
                    k = rng.integers(len(xs)); px, py = int(xs[k]), int(ys[k])
                elif layout == 2:
                    px, py = int(cx + rng.normal() * spread), int(cy + rng.normal() * spread)
                else:
                    a = 2 * np.pi * j / n + rng.normal(0, 0.1)
                    px, py = int(cx + spread * np.cos(a)), int(cy + spread * np.sin(a))
                g = int(1.25 * r + 2)
                if 0 <= px < s and 0 <= py < s and room[py, px] and (not clear and rng.random() < 0.06 or not taken[max(0, py - g) : py + g + 1, max(0, px - g) : px + g + 1].any()):
                    break
            else:
                continue

            def patch_of(p):
                iy = np.abs(np.arange(py - p, py + p + 1)); ix = np.abs(np.arange(px - p, px + p + 1))
                iy = np.where(iy >= s, 2 * s - 2 - iy, iy).clip(0, s - 1); ix = np.where(ix >= s, 2 * s - 2 - ix, ix).clip(0, s - 1)
                return x[iy[:, None], ix[None]]

            lab, al, new = lesion(rng, dis, r, patch_of)
            p = lab.shape[0] // 2
            y0, y1, x0, x1 = max(0, py - p), min(s, py + p + 1), max(0, px - p), min(s, px + p + 1)
            sl = np.s_[y0 - py + p : y1 - py + p, x0 - px + p : x1 - px + p]
            w = np.s_[y0:y1, x0:x1]
            on = room[w]
            if clear and contrast(x[w], new[sl], (lab[sl] > 0.5) & on) < 8:
                continue
            a = (al[sl] * on)[..., None]
            x[w] = x[w] * (1 - a) + new[sl] * a
            l = (lab[sl] > 0.5) & on
            t[w][l] = 2
            taken[w][l] = 1
        return x.clip(0, 255).astype(np.uint8), t


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--side", default="train")
    ap.add_argument("--name", default="")
    ap.add_argument("--kind", choices=("scene", "plaques", "empty"), default="scene",
                    help="scene: all that can be drawn; plaques: several lesions that are plain to see; empty: drapes with rulers, labels and lettering, no skin at all")
    ap.add_argument("--n", type=int, default=6000)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--work", default="work")
    a = ap.parse_args()
    c = Composer(data.load(a.work, val=a.side == "val"), a.seed)
    x, t = np.empty((a.n, S, S, 3), np.uint8), np.empty((a.n, S, S), np.uint8)
    for i in range(a.n):
        x[i], t[i] = getattr(c, a.kind)()
    np.savez(f"{a.work}/composed_{a.name or a.side}.npz", x=x, t=t)
    print(a.n, "scenes; lesion in", round(float((t == 2).any((1, 2)).mean()), 3), "of them; cut-outs", len(c.cuts), "textures", len(c.tex), "limbs", len(c.limbs))


if __name__ == "__main__":
    main()
