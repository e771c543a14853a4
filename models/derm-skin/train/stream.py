"""Training pictures without an end: the real sets, composed scenes, and disease drawn onto real skin.

A generator process fills a pool; the training takes from it at its own pace, turns and mirrors what it
takes, and meets a picture a few times before it is replaced.
"""
import multiprocessing as mp, os, time
import cv2
import numpy as np
import data, decoys, disease
from data import smooth_noise
from optics import BLOOD, PIGMENT, blur, colour, density, fractal, raised, spots

data.GEOMETRY["faces"] = (0.18, 1.0, 0.4, 1)
data.GLARE = 0.0  # its bright blobs look like vitiligo that is labelled skin
MIX = dict(ham10000=0.02, isic2017=0.01, pad_ufes=0.06, pad_ufes_more=0.11, fuseg=0.14, ccp_skin=0.02, ccp_skin_crops=0.13, faces=0.09, composed=0.07, drawn=0.35)
DERMOSCOPY = ("ham10000", "isic2017")
TAUGHT = (*DERMOSCOPY, "pad_ufes", "pad_ufes_more", "fuseg", "ccp_skin_crops")  # where a teacher knows more than the masks; not what is drawn
CANVAS = dict(ccp_skin_crops=0.40, fuseg=0.18, pad_ufes_more=0.08, faces=0.14, composed=0.14, pad_ufes=0.03, ccp_skin=0.03)  # what is drawn onto
CLOSE = dict(fuseg=0.34, pad_ufes_more=0.26, ccp_skin_crops=0.22, pad_ufes=0.08, faces=0.10)  # and where skin is cut from that fills the picture


class Stream(data.Sampler):
    def __init__(self, sets, mix, seed):
        names = [n for n in CANVAS if len(sets[n])]
        self.canvas, self.often = names, np.array([CANVAS[n] for n in names]) / sum(CANVAS[n] for n in names)
        super().__init__(sets | {"drawn": [None]}, mix, seed)

    def one(self, S):
        o, t = super().one(S)
        if self.rng.random() < 0.2:
            o = decoys.logo(self.rng, o)
        return o, t

    def warp(self, name, S, frac=None, canvas=None):
        self.last = name
        if name == "drawn":
            return self.drawn(S)
        x, t = super().warp(name, S, frac, canvas)
        return (faint(self.rng, x, t), t) if name in DERMOSCOPY else (x, t)

    def drawn(self, S):
        rng = self.rng
        for _ in range(8):
            if rng.random() < 0.4:
                x, t = self.close(S)
                room = (t == 1) | (t == 4)
                if room.mean() > 0.5:
                    break
                continue
            n = self.canvas[rng.choice(len(self.canvas), p=self.often)]
            f = float(np.exp(rng.uniform(np.log(0.45), 0))) if n.startswith("pad") else float(rng.uniform(0.5, 1.0)) if n == "fuseg" else None
            x, t = super().warp(n, S, f)
            if n == "composed" and (t == 2).mean() > 0.02:  # has its lesions already
                continue
            room = cv2.erode(((t == 1) | (t == 4)).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            if room.mean() > 0.1:
                break
        else:
            return super().warp("ccp_skin_crops", S)
        x, t = x.astype(np.float32), t.copy()
        body = blur(((t != 0) & (t != 3)).astype(np.float32), 2)
        if rng.random() < 0.5:  # another tone, of everything
            x = colour(density(x) + body[..., None] * (rng.uniform(-0.25, 1.0) * PIGMENT + rng.uniform(-0.1, 0.35) * BLOOD))
        if rng.random() < 0.5:  # skin is never one colour
            for what in (BLOOD, PIGMENT):
                x = colour(density(x) + (body * fractal(rng, S, int(rng.integers(2, 9)), 3) * rng.uniform(0, 0.09))[..., None] * what)
        if rng.random() < 0.85:
            x, t = disease.draw(rng, x, t, room)
            if rng.random() < 0.15:
                rest = room & (t != 2)
                x, t = disease.draw(rng, x, t, rest) if rest.mean() > 0.05 else (x, t)
        else:
            t[room & (t == 4)] = 1
        if rng.random() < 0.5:
            x, t = decoys.add_parts(rng, x, t, room)
        return x.clip(0, 255).astype(np.uint8), t

    def close(self, S):
        """Skin that fills the picture, as on photos of a back or a palm: a square out of a photo, with the relief that enlarging
        lost and the light of a flash or a window."""
        rng = self.rng
        names = [n for n in CLOSE if len(self.sets[n])]
        n = names[rng.choice(len(names), p=np.array([CLOSE[n] for n in names]) / sum(CLOSE[n] for n in names))]
        im, t = self.sets[n][rng.integers(len(self.sets[n]))]
        inland = cv2.distanceTransform(np.pad((t == 1) | (t == 4), 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
        ys, xs = np.nonzero(inland >= max(18, 0.6 * inland.max()))
        if not len(xs):
            return im[:1, :1].repeat(S, 0).repeat(S, 1), np.zeros((S, S), np.uint8)
        k = rng.integers(len(xs))
        r = inland[ys[k], xs[k]] * rng.uniform(0.75, 1.5)
        a, m = rng.uniform(0, 6.3), np.empty((2, 3))
        m[:, :2] = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) * [1, rng.choice([-1, 1])] * 2 * r / S
        m[:, 2] = np.array([xs[k], ys[k]]) - m[:, :2] @ [S / 2, S / 2]
        x = cv2.warpAffine(im, m, (S, S), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101).astype(np.float32)
        t = cv2.warpAffine(t, m, (S, S), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101)
        lost = np.clip(S / (2 * r) - 1, 0, 1.5)
        x = raised(rng, x, fractal(rng, S, int(rng.integers(25, 90)), 2, 0.8), 0.045 * lost * rng.uniform(0.2, 1))
        light = rng.uniform(0, 0.22) * smooth_noise(rng, S, int(rng.integers(1, 4)))
        yy, xx = np.mgrid[-1 : 1 : S * 1j, -1 : 1 : S * 1j].astype(np.float32)
        if rng.random() < 0.4:  # darker towards the corners, as round parts are and as a flash leaves them
            light = light - rng.uniform(0, 0.45) * ((xx - rng.normal(0, 0.3)) ** 2 + (yy - rng.normal(0, 0.3)) ** 2)
        return (x * np.exp(light)[..., None]).clip(0, 255), t


def faint(rng, x, t):
    """Dermoscopy as it is on pale and freckled people, whom the sets hardly show: the lesion nearer to the colour of the skin around it, and freckles."""
    lesion, skin = t == 2, (t == 1) | (t == 4)
    fade, freckled = rng.random() < 0.35, rng.random() < 0.15
    if not (fade or freckled) or lesion.mean() < 0.004 or skin.mean() < 0.08:
        return x
    s, d = t.shape[0], density(x)
    if fade:
        w = cv2.erode(skin.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
        around = blur(d * w[..., None], s / 6) / (blur(w, s / 6)[..., None] + 1e-3)
        d = d + (blur(lesion.astype(np.float32), s / 120) * np.clip(2 * blur(w, s / 6), 0, 1) * rng.uniform(0.2, 0.7))[..., None] * (around - d)
    if freckled:
        d = d + (spots(rng, skin, int(rng.integers(4, 50)), s * rng.uniform(0.004, 0.02))[0] * skin * rng.uniform(0.1, 0.45))[..., None] * PIGMENT
    return colour(d).clip(0, 255).astype(np.uint8)


def drawn_set(val, n=120, size=352, seed=77):
    """Disease drawn onto photos of validation groups: [(rgb, target)], the same every time, each with a lesion."""
    s, out = Stream({k: val.get(k, []) for k in CANVAS if k != "composed"} | {"composed": []}, {"drawn": 1}, seed), []
    while len(out) < n:
        x, t = s.one(size)
        if (t == 2).mean() > 0.002:
            out.append((x, t))
    return out


def faces(items, detector):
    """Heads cut from street photos, enlarged: real eyes, lips, nostrils, brows and hair, none a lesion, and no disease is drawn onto them."""
    out, net, k = [], cv2.FaceDetectorYN.create(detector, "", (320, 320), 0.7), 2.0  # small faces are found better enlarged
    for im, t in items:
        h, w = t.shape
        net.setInputSize((int(w * k), int(h * k)))
        _, found = net.detect(cv2.resize(im[:, :, ::-1], (int(w * k), int(h * k)), interpolation=cv2.INTER_CUBIC))
        for f in found if found is not None else []:
            x, y, a, b = f[:4] / k
            r = 0.9 * max(a, b)
            x0, y0, x1, y1 = (int(v) for v in (max(0, x + a / 2 - r), max(0, y + b / 2 - r), min(w, x + a / 2 + r), min(h, y + b / 2 + r)))
            m = t[y0:y1, x0:x1]
            if max(a, b) < 18 or (m == 1).mean() < 0.15:
                continue
            z = 256 / max(m.shape)
            m = m.copy()
            m[m == 0] = decoys.NOT_LESION  # hair, glasses, eyes: not lesion is all that is sure
            m[features(f[4:14].reshape(5, 2) / k - (x0, y0), m.shape) & (m == 1)] = decoys.NOT_LESION
            out.append((cv2.resize(im[y0:y1, x0:x1], None, fx=z, fy=z, interpolation=cv2.INTER_CUBIC), cv2.resize(m, None, fx=z, fy=z, interpolation=cv2.INTER_NEAREST)))
    return out


def features(points, shape):
    """Where eyes, nostrils and lips are, from the detector's five points: two eyes, tip of the nose, two corners of the mouth."""
    a, b, nose, c, d = points
    eyes, mouth, out = np.linalg.norm(b - a), np.linalg.norm(d - c), np.zeros(shape, np.uint8)
    turn = float(np.degrees(np.arctan2(*(b - a)[::-1])))
    below = (c + d - a - b) / max(1, np.linalg.norm(c + d - a - b))
    for (x, y), w, h in ((a, 0.3 * eyes, 0.17 * eyes), (b, 0.3 * eyes, 0.17 * eyes), (nose + 0.1 * eyes * below, 0.24 * eyes, 0.1 * eyes), ((c + d) / 2, 0.62 * mouth, 0.34 * mouth)):
        cv2.ellipse(out, (round(float(x)), round(float(y))), (max(1, round(float(w))), max(1, round(float(h)))), turn, 0, 360, 1, -1)
    return out > 0


class Pool:
    """Pictures in files that both processes map, replaced in turn by one generator process; an interrupted training finds them again."""

    def __init__(self, path, n, size, voice):
        """`voice` makes, in the process that asks, what says a teacher's probabilities of a picture at half its size, or None."""
        self.n = n
        mode = "r+" if os.path.exists(path + ".edge") else "w+"
        self.x = np.memmap(path + ".x", np.uint8, mode, shape=(n, size, size, 3))
        self.t = np.memmap(path + ".t", np.uint8, mode, shape=(n, size, size))
        self.p = np.memmap(path + ".p", np.uint8, mode, shape=(n, size // 2, size // 2, 3))  # what the teacher says; 0 where it is not asked
        self.voice = voice
        self.edge = np.memmap(path + ".edge", np.int32, mode, shape=(n,))  # size of each picture; 0 while it is written
        self.made, self.taken = mp.Value("i", int((self.edge > 0).sum())), mp.Value("i", 0)
        self.size, self.strength = mp.Value("i", size), mp.Value("d", 1.0)

    def fill(self, sets, mix, seed):
        os.nice(7)
        stream, parent, says = Stream(sets, mix, seed), os.getppid(), self.voice()
        while os.getppid() == parent:
            if self.made.value > self.n + self.taken.value and (self.edge == self.size.value).sum() > self.n // 4:
                time.sleep(0.2)  # more new pictures than are taken would only take the training's time
            else:
                self.add(stream, says)

    def add(self, stream, says):
        s, k = self.size.value, self.made.value % self.n
        stream.strength = self.strength.value
        x, t = stream.one(s)
        self.edge[k] = 0
        self.x[k, :s, :s], self.t[k, :s, :s] = x, t
        self.p[k, : s // 2, : s // 2] = np.round(says(x) * 255) if says and stream.last in TAUGHT else 0
        self.edge[k] = s
        self.made.value += 1

    def start(self, sets, mix, seed, first):
        """The first pictures are made here, before anything is trained on; then the process goes on."""
        stream, says = Stream(sets, mix, seed + 1), self.voice()
        while (self.edge > 0).sum() < first:
            self.add(stream, says)
        del says
        mp.get_context("fork").Process(target=self.fill, args=(sets, mix, seed), daemon=True).start()

    def batch(self, rng, n, size):
        """n pictures of this size, their targets, what the teacher says (waits until there are four times as many), each moved a little, so that none comes twice."""
        while (self.edge == size).sum() < min(4 * n, self.n // 2):
            time.sleep(0.2)
        xs, ts, ps = np.empty((n, size, size, 3), np.uint8), np.empty((n, size, size), np.uint8), np.empty((n, size // 2, size // 2, 3), np.uint8)
        self.taken.value += n
        for i, k in enumerate(rng.choice(np.flatnonzero(self.edge == size), n, replace=False)):
            xs[i], ts[i], ps[i] = moved(rng, self.x[k, :size, :size], self.t[k, :size, :size], self.p[k, : size // 2, : size // 2])
        return xs, ts, ps


def moved(rng, x, t, p):
    """Mirrored, turned, a little nearer or farther, a little brighter or darker, a little bluer or redder."""
    s = t.shape[0]
    a = rng.normal(0, 12) + (rng.choice([90, 180, 270]) if rng.random() < 0.25 else 0)
    m = cv2.getRotationMatrix2D((s / 2 - 0.5, s / 2 - 0.5), a, np.exp(rng.normal(0.03, 0.1)))
    if rng.random() < 0.5:  # mirrored: what was at x is at s - 1 - x
        m[0] = -m[0]
        m[0, 2] += s - 1
    m[:, 2] += rng.normal(0, 0.04 * s, 2)
    x = cv2.warpAffine(x, m, (s, s), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    t = cv2.warpAffine(t, m, (s, s), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
    half = np.column_stack([m[:, :2], (m[:, :2].sum(1) * 0.5 + m[:, 2] - 0.5) / 2])  # the same between the middles of pixels twice as large
    p = cv2.warpAffine(np.ascontiguousarray(p), half, (s // 2, s // 2), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    gain = np.exp(rng.normal(0, 0.08) + rng.normal(0, 0.03, 3))
    return cv2.transform(x, np.diag(gain).astype(np.float32)), t, p
