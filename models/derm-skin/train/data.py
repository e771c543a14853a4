"""The data sets in memory, the fixed split by group, and the augmented training batches.

A target pixel is one of
  0 background, 1 normal skin, 2 lesion          annotated (or known by construction)
  3 not lesion                                   a 0 of fuseg, grey zones of dermoscopy
  4 not lesion, and in all likelihood skin       a 0 of ham10000, isic2017, pad_ufes
  255 says nothing
"""
import csv, hashlib, os, pickle
import cv2
import numpy as np

cv2.setNumThreads(1)
DATA = os.environ.get("DERM_DATA", "data")
SETS = ("ham10000", "isic2017", "pad_ufes", "pad_ufes_more", "fuseg", "ccp_skin", "ccp_skin_crops")
HELD = dict(ham10000=0.08, isic2017=1 / 3, pad_ufes=0.25, pad_ufes_more=0.25, fuseg=0.15, ccp_skin=0.15, ccp_skin_crops=0.15)
SALT = "derm-skin/1:"
PEOPLE = dict(ccp_skin="ccp", ccp_skin_crops="ccp", pad_ufes_more="pad_ufes")  # sets that show the same people: one name, one side of the split


FOLD = os.environ.get("DERM_FOLD", "")  # "2/5": of the small sets, the third of five parts is held out (crossval.py)
SMALL = ("isic2017", "pad_ufes", "pad_ufes_more")


def held_out(set_name, group):
    """Whether a group is of the validation part."""
    key = SALT + PEOPLE.get(set_name, set_name) + ":" + group
    u = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32
    if FOLD and set_name in SMALL:
        part, parts = map(int, FOLD.split("/"))
        return int(u * parts) == part
    return u < HELD[set_name]


def rows(set_name):
    with open(f"{DATA}/{set_name}/meta.csv") as f:
        out = list(csv.DictReader(f))
    for r in out:
        r["set"], r["group"] = set_name, r["group"] or r["id"]
        r["val"] = held_out(set_name, r["group"])
    return out


def read(r):
    im = cv2.imread(f"{DATA}/{r['set']}/images/{r['id']}.jpg")[:, :, ::-1]
    m = cv2.imread(f"{DATA}/{r['set']}/masks/{r['id']}.png", 0)
    return np.ascontiguousarray(im), m


def judges(r):
    """The masks of a photo's two annotators, where it has both."""
    paths = [f"{DATA}/{r['set']}/masks_{k}/{r['id']}.png" for k in "ab"]
    return [cv2.imread(p, 0) for p in paths] if all(map(os.path.exists, paths)) else []


def target(set_name, im, m):
    """From what a set annotates to the codes above."""
    t = m.copy()
    if set_name == "fuseg":
        t[m == 0] = 3
    elif not set_name.startswith("ccp"):
        v = cv2.GaussianBlur(im, (5, 5), 0).max(2)
        z = m == 0
        t[z] = 4
        if set_name.startswith("pad_ufes"):
            t[z & (v < 50)] = 3
        else:  # black surroundings of a dermatoscope: dark and joined to the frame
            t[z & (v < 95)] = 3
            n, lab = cv2.connectedComponents((z & (v < 42)).astype(np.uint8))
            edge = np.unique(np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]]))
            dark = np.isin(lab, edge[edge > 0])
            if dark.mean() > 0.004:
                t[dark] = 0
    return t


def load(cache, val=False):
    """{set: [(rgb, target), ...]} of one side of the split."""
    f = f"{cache}/sets_{'val' if val else 'train'}.pkl"
    if os.path.exists(f):
        return pickle.load(open(f, "rb"))
    out = {}
    for s in SETS:
        out[s] = []
        for r in rows(s):
            if r["val"] == val:
                im, m = read(r)
                both = judges(r)
                # trained on as often as each of its judges drew it; measured where they agree
                out[s] += [(im, target(s, im, j)) for j in (both if both and not val else [m])]
    pickle.dump(out, open(f, "wb"), protocol=5)
    return out


# ---------------------------------------------------------------- augmentation
GLARE = 0.06  # the share of pictures with bright blobs


def colour_matrix(rng, k=1.0):
    """White balance, brightness, saturation and a small turn of hue as one 3x3 matrix, then an offset."""
    g = np.diag(np.exp(rng.normal(0, 0.07 * k, 3)))
    s = np.exp(rng.normal(0, 0.20 * k))
    l = np.array([0.299, 0.587, 0.114])
    sat = s * np.eye(3) + (1 - s) * np.tile(l, (3, 1))
    a = rng.normal(0, 0.06 * k)
    c, w = np.cos(a), np.sin(a) / np.sqrt(3)
    h = c * np.eye(3) + (1 - c) / 3 + w * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    return g @ sat @ h * np.exp(rng.normal(0, 0.12 * k)), rng.normal(0, 6 * k, 3)


def smooth_noise(rng, s, cells):
    n = rng.normal(0, 1, (cells + 1, cells + 1)).astype(np.float32)
    return cv2.resize(n, (s, s), interpolation=cv2.INTER_CUBIC)


def draw_hair(rng, im):
    s = im.shape[0]
    lay = np.zeros((s, s), np.uint8)
    for _ in range(rng.integers(2, 25)):
        p = rng.uniform(-0.1, 1.1, 2) * s
        a, cur, n = rng.uniform(0, 6.3), rng.normal(0, 0.06), 14
        pts = []
        for _ in range(n):
            pts.append(p.copy())
            p = p + np.array([np.cos(a), np.sin(a)]) * s * rng.uniform(0.02, 0.06)
            a += cur
        cv2.polylines(lay, [(np.array(pts) * 8).astype(np.int32)], False, 255, int(rng.integers(1, 1 + max(2, s // 110))), cv2.LINE_AA, 3)
    al = lay[..., None].astype(np.float32) / 255 * rng.uniform(0.4, 0.95)
    col = np.array([[20, 15, 12], [60, 40, 30], [110, 80, 55], [190, 180, 170]])[rng.choice(4, p=[0.45, 0.3, 0.15, 0.1])]
    return (im * (1 - al) + col * al).astype(np.uint8)


def draw_marks(rng, im, t):
    """Pen marks around a lesion or anywhere: the skin below them stays what it was."""
    s = im.shape[0]
    col = [int(v) for v in np.array([[60, 30, 120], [30, 40, 110], [20, 20, 30], [110, 30, 60], [20, 90, 60]])[rng.integers(5)]]
    lay = np.zeros((s, s), np.uint8)
    ys, xs = np.nonzero(t == 2)
    w = int(rng.integers(1, 2 + s // 70))
    if len(xs) and rng.random() < 0.7:
        c = (int(xs.mean()), int(ys.mean()))
        ax = (int((xs.max() - xs.min()) * rng.uniform(0.6, 0.9)) + 3, int((ys.max() - ys.min()) * rng.uniform(0.6, 0.9)) + 3)
        if rng.random() < 0.5:
            cv2.ellipse(lay, c, ax, float(rng.uniform(0, 180)), 0, int(rng.uniform(120, 360)), 255, w, cv2.LINE_AA)
        else:
            for k in range(0, 360, 30):
                cv2.ellipse(lay, c, ax, 0, k, k + 14, 255, w, cv2.LINE_AA)
    else:
        p = (rng.uniform(0.1, 0.9, (int(rng.integers(2, 5)), 2)) * s).astype(np.int32)
        cv2.polylines(lay, [p], False, 255, w, cv2.LINE_AA)
    lay[t == 2] = 0
    al = lay[..., None].astype(np.float32) / 255 * rng.uniform(0.4, 0.9)
    return (im * (1 - al) + np.array(col) * al).astype(np.uint8)


def draw_foreign(rng, im, t):
    """Rulers, labels, lettering, black bars and round apertures: background, always."""
    s = im.shape[0]
    k = rng.integers(5)
    if k == 0:  # round or rounded aperture
        yy, xx = np.mgrid[0:s, 0:s].astype(np.float32) / s - 0.5
        r = np.sqrt((xx * rng.uniform(0.8, 1.1) - rng.normal(0, 0.04)) ** 2 + (yy * rng.uniform(0.8, 1.1) - rng.normal(0, 0.04)) ** 2)
        e = rng.uniform(0.40, 0.66)
        al = np.clip((e - r) / rng.uniform(0.005, 0.12) + 0.5, 0, 1)
        im = (im * al[..., None] + rng.integers(0, 25)).clip(0, 255).astype(np.uint8)
        t = t.copy()
        t[al < 0.12] = 0
        t[(al >= 0.12) & (al < 0.35) & (t != 2)] = 3
        return im, t
    im, t = im.copy(), t.copy()
    if k == 1:  # bars at the frame
        c = rng.choice([0, 0, 0, 255, int(rng.integers(256))])
        for side in range(4):
            if rng.random() < 0.5:
                w = int(s * rng.uniform(0.02, 0.22))
                sl = [np.s_[:w], np.s_[-w:], np.s_[:, :w], np.s_[:, -w:]][side]
                im[sl], t[sl] = c, 0
    elif k == 2:  # ruler
        w, h = int(s * rng.uniform(0.4, 1)), int(s * rng.uniform(0.05, 0.13))
        r = np.full((h, w, 3), rng.integers(200, 256), np.uint8)
        if rng.random() < 0.3:
            r[:] = rng.integers(0, 256, 3)
        st = max(3, s // int(rng.integers(25, 60)))
        for n, x in enumerate(range(st, w, st)):
            cv2.line(r, (x, 0), (x, h // (2 if n % 5 == 0 else 4)), (10, 10, 10), 1)
            if n % 5 == 0:
                cv2.putText(r, str(n // 5), (x, h - 2), 0, h / 60, (10, 10, 10), 1, cv2.LINE_AA)
        paste(rng, im, t, r, np.full((h, w), 255, np.uint8))
    elif k == 3:  # sticker or label
        w = int(s * rng.uniform(0.06, 0.3))
        h = int(w * rng.uniform(0.3, 1))
        r = np.empty((h, w, 3), np.uint8)
        r[:] = rng.integers(0, 256, 3)
        m = np.full((h, w), 255, np.uint8)
        if rng.random() < 0.4:
            m[:] = 0
            cv2.ellipse(m, (w // 2, h // 2), (w // 2, h // 2), 0, 0, 360, 255, -1)
        if rng.random() < 0.6:
            cv2.putText(r, "".join(rng.choice(list("ABCDEHKMNR0123456789-"), 6)), (1, int(h * 0.7)), 0, h / 50 + 0.1, [int(v) for v in rng.integers(0, 256, 3)], 1, cv2.LINE_AA)
        paste(rng, im, t, r, m)
    else:  # lettering on the picture: too thin to annotate
        for _ in range(rng.integers(1, 4)):
            cv2.putText(im, "".join(rng.choice(list("ABCDEHKMNRabcdefgo0123456789-. "), int(rng.integers(3, 16)))), (int(rng.uniform(0, 0.7) * s), int(rng.uniform(0.05, 1) * s)),
                        int(rng.integers(0, 4)), s / rng.uniform(250, 700), [int(v) for v in rng.choice([[0, 0, 0], [255, 255, 255], [200, 30, 30], [30, 30, 200]])], int(rng.integers(1, 3)), cv2.LINE_AA)
    return im, t


def paste(rng, im, t, r, m):
    s = im.shape[0]
    h, w = m.shape
    a = rng.choice([0, 90, 180, 270]) + rng.normal(0, 12)
    M = cv2.getRotationMatrix2D((w / 2, h / 2), a, 1)
    M[:, 2] += (rng.choice([0.03, 0.97, rng.uniform()]) * s - w / 2, rng.uniform() * s - h / 2)
    if rng.random() < 0.5:
        M[:, 2] = M[::-1, 2]
    al = cv2.warpAffine(m, M, (s, s), flags=cv2.INTER_LINEAR)
    rr = cv2.warpAffine(r, M, (s, s), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    on = al > 127
    im[on] = rr[on]
    t[on] = 0


def photometric(rng, im, strong=1.0):
    M, b = colour_matrix(rng, strong)
    im = cv2.transform(im, np.hstack([M, b[:, None]]).astype(np.float32))
    g = np.exp(rng.normal(0, 0.22 * strong))
    if rng.random() < 0.12 * strong:
        g = rng.uniform(1.5, 2.6)  # darker skin, darker room
    x = np.linspace(0, 1, 256)
    c = np.exp(rng.normal(0, 0.12 * strong))
    lut = np.clip(((x**g - 0.5) * c + 0.5) * 255, 0, 255).astype(np.uint8)
    im = cv2.LUT(im, lut)
    s = im.shape[0]
    if rng.random() < 0.25 * strong:  # uneven light
        f = np.exp(smooth_noise(rng, s, int(rng.integers(1, 4))) * rng.uniform(0.05, 0.25))
        im = np.clip(im * f[..., None], 0, 255).astype(np.uint8)
    if rng.random() < GLARE * strong:
        f = np.clip((smooth_noise(rng, s, int(rng.integers(4, 14))) - rng.uniform(1.0, 1.8)) * rng.uniform(0.8, 3), 0, 1)
        im = (im + (255 - im) * f[..., None] * rng.uniform(0.4, 0.95)).astype(np.uint8)
    u = rng.random() / strong
    if u < 0.14:
        im = cv2.GaussianBlur(im, (0, 0), rng.uniform(0.4, 2.2) * s / 224)
    elif u < 0.19:
        n = int(rng.integers(3, 9))
        kern = np.zeros((n, n), np.float32)
        cv2.line(kern, (0, int(rng.integers(n))), (n - 1, int(rng.integers(n))), 1, 1)
        im = cv2.filter2D(im, -1, kern / kern.sum())
    elif u < 0.30:
        q = int(s * rng.uniform(0.25, 0.7))
        im = cv2.resize(cv2.resize(im, (q, q), interpolation=cv2.INTER_AREA), (s, s), interpolation=cv2.INTER_LINEAR)
    elif u < 0.38:
        im = cv2.addWeighted(im, 1.8, cv2.GaussianBlur(im, (0, 0), 1.5), -0.8, 0)
    if rng.random() < 0.2 * strong:
        im = np.clip(im + rng.normal(0, rng.uniform(2, 14), (s, s, 1 if rng.random() < 0.5 else 3)).astype(np.float32), 0, 255).astype(np.uint8)
    if rng.random() < 0.2 * strong:
        im = cv2.imdecode(cv2.imencode(".jpg", im, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))])[1], 1)
    return im


# how far a crop may go in (<1) or out (>1), how often it is centred on a point of interest, and which class that is
GEOMETRY = dict(ham10000=(0.65, 1.15, 0.0, 2), isic2017=(0.5, 1.15, 0.1, 2), pad_ufes=(0.5, 1.2, 0.1, 2), pad_ufes_more=(0.5, 1.2, 0.1, 2), fuseg=(0.22, 1.1, 0.7, 2),
                ccp_skin=(0.15, 1.0, 0.75, 1), ccp_skin_crops=(0.5, 1.15, 0.2, 1), composed=(0.5, 1.1, 0.2, 2))


class Sampler:
    def __init__(self, sets, mix, seed):
        self.sets, self.rng = sets, np.random.default_rng(seed)
        self.strength = 1.0  # of the photometric changes
        self.names = [n for n in mix if len(sets[n])]
        self.p = np.array([mix[n] for n in self.names], float)
        self.p /= self.p.sum()

    def warp(self, name, S, frac=None, canvas=None):
        rng = self.rng
        im, t = self.sets[name][rng.integers(len(self.sets[name]))]
        h, w = t.shape
        lo, hi, pc, cls = GEOMETRY[name]
        f = np.exp(rng.uniform(np.log(lo), np.log(hi))) if frac is None else frac
        if frac is None and rng.random() < 0.15:
            f = 1.0
        cx, cy = w / 2, h / 2
        if f < 1:
            cx, cy = rng.uniform(f / 2, 1 - f / 2) * w, rng.uniform(f / 2, 1 - f / 2) * h
            if rng.random() < pc:
                ys, xs = np.nonzero(t == cls)
                if len(xs):
                    k = rng.integers(len(xs))
                    cx, cy = xs[k] + rng.normal(0, 0.15) * f * w, ys[k] + rng.normal(0, 0.15) * f * h
        elif f > 1:
            cx, cy = w / 2 + rng.uniform(-1, 1) * (f - 1) / 2 * w, h / 2 + rng.uniform(-1, 1) * (f - 1) / 2 * h
        ar = np.exp(rng.normal(0, 0.12))
        bw, bh = f * w * ar, f * h / ar
        if f < 0.7 and rng.random() < 0.5:  # a square crop, as the second look makes it
            bw = bh = np.sqrt(bw * bh)
        if name in ("ham10000", "isic2017", "pad_ufes", "pad_ufes_more", "composed"):
            a = rng.choice([0, 90, 180, 270]) + (rng.uniform(-45, 45) if rng.random() < 0.5 else 0)
        else:
            a = rng.normal(0, 15) + (rng.choice([90, 180, 270]) if rng.random() < 0.3 else 0)
        a = np.deg2rad(a)
        fl = -1 if rng.random() < 0.5 else 1
        # output pixel -> source pixel
        R = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) * [fl, 1]
        A = np.diag([bw / S, bh / S]) @ R
        ctr = np.array([cx, cy]) - A @ np.array([S / 2, S / 2])
        sc = np.sqrt(bw / S * bh / S)
        if sc > 1.5:  # reduce first, against aliasing
            k = 1 / sc * 1.1
            im2 = cv2.resize(im, (max(8, int(w * k)), max(8, int(h * k))), interpolation=cv2.INTER_AREA)
        else:
            im2 = im
        kx, ky = im2.shape[1] / w, im2.shape[0] / h
        Mi = np.diag([kx, ky]) @ np.column_stack([A, ctr])
        Mi[:, 2] += 0.5 * Mi[:, :2].sum(1) - 0.5
        Mt = np.column_stack([A, ctr])
        Mt[:, 2] += 0.5 * Mt[:, :2].sum(1) - 0.5
        fg = cv2.WARP_INVERSE_MAP
        if canvas is None and rng.random() < 0.6:
            o = cv2.warpAffine(im2, Mi, (S, S), flags=cv2.INTER_LINEAR | fg, borderMode=cv2.BORDER_REFLECT_101)
            l = cv2.warpAffine(t, Mt, (S, S), flags=cv2.INTER_NEAREST | fg, borderMode=cv2.BORDER_REFLECT_101)
            return o, l
        l = cv2.warpAffine(t, Mt, (S, S), flags=cv2.INTER_NEAREST | fg, borderMode=cv2.BORDER_CONSTANT, borderValue=254)
        if canvas is None:
            c = [(0, 0, 0), (255, 255, 255), tuple(int(v) for v in rng.integers(0, 256, 3))][rng.choice(3, p=[0.5, 0.15, 0.35])]
            o = cv2.warpAffine(im2, Mi, (S, S), flags=cv2.INTER_LINEAR | fg, borderMode=cv2.BORDER_CONSTANT, borderValue=c)
            l[l == 254] = 0
        else:
            o = cv2.warpAffine(im2, Mi, (S, S), flags=cv2.INTER_LINEAR | fg, borderMode=cv2.BORDER_REPLICATE)
            out = l == 254
            o[out], l[out] = canvas[0][out], canvas[1][out]
        return o, l

    def one(self, S):
        rng = self.rng
        name = self.names[rng.choice(len(self.names), p=self.p)]
        if rng.random() < 0.1 and name != "ccp_skin":  # seen from afar, in front of something else
            back = self.warp("ccp_skin" if rng.random() < 0.5 else "ccp_skin_crops", S)
            o, l = self.warp(name, S, float(np.exp(rng.uniform(np.log(1.3), np.log(5)))), canvas=back)
        else:
            o, l = self.warp(name, S)
        if rng.random() < (0.06 if name != "composed" else 0.03):
            o = draw_hair(rng, o)
        if rng.random() < 0.05:
            o = draw_marks(rng, o, l)
        if rng.random() < 0.10:
            o, l = draw_foreign(rng, o, l)
        o = photometric(rng, o, self.strength)
        return o, l

    def batch(self, n, S):
        xs, ts = np.empty((n, S, S, 3), np.uint8), np.empty((n, S, S), np.uint8)
        for k in range(n):
            xs[k], ts[k] = self.one(S)
        return xs, ts
