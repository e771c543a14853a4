"""Measures a model.onnx with its manifest on the validation groups, by the rule the program uses.

python evaluate.py --model .. --work work [--fast] [--out metrics.json]     scores, with bootstrap intervals
python evaluate.py --model .. --work work --calibrate [--write]             temperature and threshold, printed, or into the manifest
"""
import argparse, json, os, time
import cv2, numpy as np, onnxruntime as ort
from PIL import Image
from scipy import ndimage
import compose, data, stream

cv2.setNumThreads(1)
MADE = ("composed", "plaques")


class Predictor:
    """Photo (HxWx3 uint8, sRGB) -> probabilities (HxWx3) and mask: resize, run, soften, enlarge, perhaps look again, decide."""

    def __init__(self, folder, look=True, size=None):
        self.m = json.load(open(f"{folder}/manifest.json"))
        so = ort.SessionOptions()
        so.intra_op_num_threads = so.inter_op_num_threads = 1
        self.s = ort.InferenceSession(f"{folder}/{self.m['file']}", so, providers=["CPUExecutionProvider"])
        i = self.m["input"]
        self.w, self.h = i["size"]["width"], i["size"]["height"]
        self.mean, self.std = np.array(i["mean"], np.float32), np.array(i["std"], np.float32)
        o = self.m["output"]
        self.T, self.thr = o["temperature"], o["thresholds"]["lesion"]
        self.look = self.m.get("second_look") if look else None
        self.passes = 0

    def tensor(self, im):
        x = np.asarray(Image.fromarray(im).resize((self.w, self.h), Image.BILINEAR), np.float32) * np.float32(1 / 255)
        return np.ascontiguousarray(((x - self.mean) / self.std).transpose(2, 0, 1)[None])

    def run(self, im):
        self.passes += 1
        return self.s.run(None, {self.m["input"]["name"]: self.tensor(im)})[0][0].transpose(1, 2, 0)

    def soft(self, l):
        e = np.exp((l - l.max(-1, keepdims=True)) / self.T)
        return e / e.sum(-1, keepdims=True)

    def second(self, low, h, w):
        """The part to look at again, in pixels of the photo (left, top, width, height), or None."""
        k = self.look
        on = self.soft(low)[..., 2] >= k["min_probability"]
        if not on.any():
            return None
        ys, xs = np.nonzero(on)
        gh, gw = on.shape
        x0, x1, y0, y1 = xs.min() * w / gw, (xs.max() + 1) * w / gw, ys.min() * h / gh, (ys.max() + 1) * h / gh
        side = max(x1 - x0, y1 - y0)
        if side > k["max_fraction"] * max(w, h):
            return None
        wanted = round(max(side * (1 + 2 * k["margin"]), k["min_side_px"]))
        cw, ch = min(wanted, w), min(wanted, h)
        place = lambda centre, size, limit: int(round(min(max(centre - size / 2, 0), limit - size)))
        return place((x0 + x1) / 2, cw, w), place((y0 + y1) / 2, ch, h), cw, ch

    def probabilities(self, im):
        """Of the first look, enlarged, with the second one faded into it as the manifest's weight says."""
        h, w = im.shape[:2]
        low = self.run(im)
        full = cv2.resize(self.soft(low), (w, h), interpolation=cv2.INTER_LINEAR)
        self.box = self.second(low, h, w) if self.look else None
        if self.box:
            X, Y, n, m = self.box
            turn = -1 if self.look.get("mirrored") else 1
            near = cv2.resize(self.soft(self.run(im[Y : Y + m, X : X + n][:, ::turn])[:, ::turn]), (n, m), interpolation=cv2.INTER_LINEAR)

            def rise(start, size, limit):
                at, f = np.arange(size) + 0.5, 0.1 * size
                return np.zeros(size) + np.minimum(at / f if start > 0 else np.inf, (size - at) / f if start + size < limit else np.inf)

            a = np.clip(np.minimum(rise(X, n, w)[None], rise(Y, m, h)[:, None]), 0, 1)[..., None].astype(np.float32)
            a = a * np.float32(self.look.get("weight", 1.0))
            full[Y : Y + m, X : X + n] = full[Y : Y + m, X : X + n] * (1 - a) + near * a
        return full

    def decide(self, p, thr=None):
        y = (p[..., 1] > p[..., 0]).astype(np.uint8)
        y[p[..., 2] >= (self.thr if thr is None else thr)] = 2
        return y

    def __call__(self, im):
        p = self.probabilities(im)
        return p, self.decide(p)


def dice(a, b):
    return 2 * (a & b).sum() / max(1, a.sum() + b.sum())


def iou(a, b):
    return (a & b).sum() / max(1, (a | b).sum())


def interval(v, rng):
    v = np.asarray(v, float)
    b = v[rng.integers(0, len(v), (2000, len(v)))].mean(1)
    return [round(float(x), 4) for x in (v.mean(), *np.percentile(b, (2.5, 97.5)))] + [len(v)]


def ita_bin(im, skin):
    if skin.sum() < 0.01 * skin.size:
        return None
    lab = cv2.cvtColor(im.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[skin].mean(0)
    if lab[2] <= 0:
        return None
    i = np.degrees(np.arctan2(lab[0] - 50, lab[2]))
    for n, lo in (("very_light", 55), ("light", 41), ("intermediate", 28), ("tan", 10), ("brown", -30)):
        if i >= lo:
            return n
    return "dark"


def recall_of_components(y, t):
    """(found, all): a true plaque of 12 pixels or more is found when one predicted component has an IoU of 0.5 or more with it alone."""
    lt, nt = ndimage.label(t == 2)
    lp, _ = ndimage.label(y == 2)
    found, n = 0, 0
    for c in range(1, nt + 1):
        m = lt == c
        if m.sum() < 12:
            continue
        n += 1
        ids = np.bincount(lp[m])
        ids[0] = 0
        if ids.sum() and iou(lp == ids.argmax(), m) >= 0.5:
            found += 1
    return found, n


def nuisance(n=60, seed=11):
    """Pictures without skin: black frames, rulers, drapes, lettering, furniture."""
    rng = np.random.default_rng(seed)
    out = []
    for k in range(n):
        x = compose.drape(rng, 320) if k % 3 else np.zeros((320, 320, 3))
        x, t = x.clip(0, 255).astype(np.uint8), np.zeros((320, 320), np.uint8)
        for _ in range(4):
            x, t = data.draw_foreign(rng, x, t)
        out.append(x)
    return out


def far(val, scale, seed=12, n=70):
    """Photos reduced to `scale` of a frame of 1024 px and pasted on a drape, a street, or a skin texture (whose skin is then normal skin)."""
    rng = np.random.default_rng(seed)
    c = compose.Composer(val, seed)
    items = [(s, x) for s in ("isic2017", "pad_ufes", "ham10000", "fuseg", "composed") for x in val[s][:n]]
    side = 1024
    for s, (im, t) in items:
        if not (t == 2).any():
            continue
        back = cv2.resize(np.clip(c.behind(320)[0], 0, 255).astype(np.uint8), (side, side), interpolation=cv2.INTER_LINEAR)
        k = side * scale / max(t.shape)
        w, h = max(1, round(t.shape[1] * k)), max(1, round(t.shape[0] * k))
        a = cv2.resize(im, (w, h), interpolation=cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR)
        b = cv2.resize(t, (w, h), interpolation=cv2.INTER_NEAREST)
        x0, y0 = int(rng.integers(0, side - w + 1)), int(rng.integers(0, side - h + 1))
        tt = np.zeros((side, side), np.uint8)
        back[y0 : y0 + h, x0 : x0 + w] = a
        tt[y0 : y0 + h, x0 : x0 + w] = b
        yield s, back, tt


def composed_far(val, scale, seed=13, n=60):
    """The same kind of scene (3 to 8 plaques on filled skin) with the group of plaques taking `scale` of the frame."""
    c = compose.Composer(val, seed)
    for i in range(n):
        c.rng = np.random.default_rng(seed * 1000 + i)  # the same skin and disease at every scale
        s = 640
        x = compose.tile(c.rng, c.tex[c.rng.integers(len(c.tex))], s)
        if c.rng.random() < 0.65:
            x = compose.tone(c.rng, x, np.ones((s, s), bool))
        dis, m = compose.Disease(c.rng, c.some_cuts()), int(c.rng.integers(3, 9))
        if dis.kind == "swelling":
            dis.kind = "plaque"
        cx, cy = c.rng.uniform(0.3, 0.7, 2) * s
        room = np.zeros((s, s), bool)
        a = max(8, int(s * scale / 2))
        if scale == 1:
            cx = cy = s / 2
        room[max(0, int(cy) - a) : int(cy) + a, max(0, int(cx) - a) : int(cx) + a] = True
        im, t = c.scene(s, m, (x, np.ones((s, s), bool), room), size=0.12 * s * scale, dis=dis)
        if (t == 2).any():
            yield im, t


CHOOSE_ON = ("ham10000", "isic2017", "pad_ufes", "pad_ufes_more", "fuseg", "composed", "plaques", "drawn", "ccp_skin_crops")


def calibrate(pred, val, sets):
    """Temperature by the likelihood of lesion or not on validation pixels of the first look, each set with the same weight; then, by
    threshold, {set: Dice of each photo} of the whole rule, and of limbs without a lesion the share of skin that is marked."""
    rng = np.random.default_rng(3)
    L, Y, W = [], [], []
    chosen = {s: val[s][:100] for s in sets}
    for items in chosen.values():
        for im, t in items:
            l = cv2.resize(pred.run(im), t.shape[::-1], interpolation=cv2.INTER_LINEAR)
            ok = np.nonzero((t != 255).ravel())[0]
            k = rng.choice(ok, min(800, len(ok)), replace=False)
            L.append(l.reshape(-1, 3)[k]); Y.append((t.ravel()[k] == 2)); W.append(np.full(len(k), 1 / len(items) / len(k)))
    L, Y, W = np.concatenate(L), np.concatenate(Y), np.concatenate(W)

    def nll(T):
        z = L / T
        z = z - z.max(1, keepdims=True)
        p = np.exp(z)
        p = np.clip(p[:, 2] / p.sum(1), 1e-6, 1 - 1e-6)
        return -(W * np.where(Y, np.log(p), np.log(1 - p))).sum() / W.sum()

    Ts = np.arange(0.6, 2.6, 0.05)
    T = float(Ts[np.argmin([nll(t) for t in Ts])])
    pred.T = T
    scores = {round(float(t), 2): {s: [] for s in chosen} for t in np.arange(0.2, 0.75, 0.05)}
    for s, items in chosen.items():
        for im, t in items:
            p = pred.probabilities(im)[..., 2]
            for thr, by_set in scores.items():
                if s == "ccp_skin_crops":
                    by_set[s].append((p >= thr).sum() / max(1, (t == 1).sum()))
                elif (t == 2).any():
                    by_set[s].append(dice((p >= thr) & (t != 255), t == 2))
    return round(T, 2), round(float(nll(1.0)), 4), round(float(nll(T)), 4), scores


def best(scores, keep=lambda i: True):
    """(threshold, {set: mean}) with the best mean Dice over the sets, of the photos whose number `keep` takes."""
    mean = {thr: {s: float(np.mean([x for i, x in enumerate(v) if keep(i)])) for s, v in by_set.items()} for thr, by_set in scores.items()}
    thr = max(mean, key=lambda t: np.mean([v for s, v in mean[t].items() if s != "ccp_skin_crops"]))
    return thr, mean[thr]


def crossed(scores, folds=5):
    """{set: mean}, each fifth of the photos at the threshold that the others choose: what the choice is worth on photos that had no part in it."""
    out = {s: [] for s in next(iter(scores.values()))}
    for f in range(folds):
        thr, _ = best(scores, lambda i: i % folds != f)
        for s in out:
            out[s] += [x for i, x in enumerate(scores[thr][s]) if i % folds == f]
    return {s: round(float(np.mean(v)), 4) for s, v in out.items()}


def ece(conf, hit, w, bins=15):
    e, tot = 0.0, w.sum()
    for b in range(bins):
        m = (conf >= b / bins) & (conf < (b + 1) / bins + (b == bins - 1))
        if m.any():
            e += w[m].sum() / tot * abs((w[m] * conf[m]).sum() / w[m].sum() - (w[m] * hit[m]).sum() / w[m].sum())
    return float(e)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--model", default="..")
    ap.add_argument("--work", default="work")
    ap.add_argument("--calibrate", action="store_true")
    ap.add_argument("--write", action="store_true", help="what --calibrate finds goes into the manifest")
    ap.add_argument("--no-dermoscopy", action="store_true", help="--calibrate without those sets, for a model that is not asked about them")
    ap.add_argument("--no-look", action="store_true")
    ap.add_argument("--fast", action="store_true")
    ap.add_argument("--out", default="")
    a = ap.parse_args()
    val = data.load(a.work, val=True)
    for name, file in (("composed", "val"), ("plaques", "plaques_val")):
        z = np.load(f"{a.work}/composed_{file}.npz")
        val[name] = list(zip(z["x"], z["t"]))
    pred = Predictor(a.model, look=not a.no_look)
    if a.calibrate:
        val["drawn"] = stream.drawn_set(val)
        sets = [s for s in CHOOSE_ON if not (a.no_dermoscopy and s in stream.DERMOSCOPY)]
        T, n1, nT, scores = calibrate(pred, val, sets)
        print("temperature", T, "nll at 1:", n1, "at T:", nT)
        for thr, by_set in scores.items():
            print(thr, {s: round(float(np.mean(v)), 4) for s, v in by_set.items()})
        thr, _ = best(scores)
        print("threshold", thr, "; cross-validated:", json.dumps(crossed(scores)))
        if a.write:
            pred.m["output"] |= dict(temperature=T, thresholds=dict(lesion=thr), thresholds_source="temperature by likelihood of the first look, threshold by the best mean lesion Dice, "
                                     "over validation groups of " + ", ".join(s for s in sets if s != "ccp_skin_crops"))
            with open(f"{a.model}/manifest.json", "w") as f:
                f.write(json.dumps(pred.m, indent=2) + "\n")
        return
    rng, res, rows = np.random.default_rng(0), {}, []
    cal = {}
    t0 = time.time()
    for s, items in val.items():
        if s == "ccp_skin" and a.fast:
            continue
        items = items[: 100 if a.fast else 300]
        r = dict(dice=[], thresholded_jaccard=[], skin_iou=[], false_lesion_of_skin=[])
        pred.passes = 0
        fnd = tot = 0
        for im, t in items:
            p, y = pred(im)
            les = t == 2
            if les.any():
                marked = (y == 2) & (t != 255)  # where judges differ, nothing is right or wrong
                d, j = dice(marked, les), iou(marked, les)
                r["dice"].append(d)
                r["thresholded_jaccard"].append(j if j >= 0.65 else 0.0)
                rows.append(dict(set=s, dice=d, frac=les.mean(), tone=ita_bin(im, ((t == 1) | (t == 4)) if s != "fuseg" else (y == 1))))
            if (t == 1).any() and (s.startswith("ccp") or s in MADE):
                r["skin_iou"].append(iou(y == 1, t == 1))
                if not les.any():
                    r["false_lesion_of_skin"].append((y == 2).sum() / (t == 1).sum())
            if s in MADE and les.any():
                f, n = recall_of_components(y, t)
                fnd, tot = fnd + f, tot + n
            k = rng.choice(np.nonzero((t != 255).ravel())[0], 400)
            cal.setdefault(s, []).append((p.reshape(-1, 3)[k, 2], (t.ravel()[k] == 2)))
        res[s] = {k: interval(v, rng) for k, v in r.items() if v}
        res[s]["passes_per_photo"] = round(pred.passes / len(items), 3)
        c, h = np.concatenate([x[0] for x in cal[s]]), np.concatenate([x[1] for x in cal[s]])
        res[s]["ece_lesion"] = round(ece(c, h.astype(float), np.ones(len(c))), 4)
        if tot:
            res[s]["component_recall"] = [round(fnd / tot, 4), tot]
        print(s, json.dumps(res[s]), flush=True)
    c = np.concatenate([x[0] for v in cal.values() for x in v])
    h = np.concatenate([x[1] for v in cal.values() for x in v]).astype(float)
    w = np.concatenate([np.full(len(x[0]), 1 / len(v)) for v in cal.values() for x in v])
    res["ece_lesion_all_sets_equal"] = round(ece(c, h, w), 4)
    res["by_size"], res["by_tone"] = {}, {}
    for lo, hi in ((0, 0.01), (0.01, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 1.01)):
        for s in ("real", "composed"):
            v = [q["dice"] for q in rows if lo <= q["frac"] < hi and (q["set"] in MADE) == (s == "composed")]
            if v:
                res["by_size"][f"{s} {lo}-{min(hi, 1)}"] = interval(v, rng)
    for b in ("very_light", "light", "intermediate", "tan", "brown", "dark", None):
        for s in ("ham10000", "isic2017", "pad_ufes", "fuseg", "composed", "plaques"):
            v = [q["dice"] for q in rows if q["tone"] == b and q["set"] == s]
            if v:
                res["by_tone"][f"{b} {s}"] = interval(v, rng)
    v = [((pred(x)[1]) == 2).mean() for x in nuisance()]
    res["nuisance_lesion_of_frame"] = interval(v, rng)
    res["by_scale_pasted"], res["by_scale_composed"] = {}, {}
    for sc in (1, 0.5, 0.25, 0.125):
        by = {}
        pred.passes, n = 0, 0
        for s, im, t in far(val, sc, n=15 if a.fast else 25):
            by.setdefault(s, []).append(dice(pred(im)[1] == 2, t == 2))
            n += 1
        res["by_scale_pasted"][str(sc)] = {s: interval(v, rng) for s, v in by.items()} | {"all": interval(sum(by.values(), []), rng), "passes": round(pred.passes / n, 2)}
        pred.passes = 0
        v = [dice(pred(im)[1] == 2, t == 2) for im, t in composed_far(val, sc, n=20 if a.fast else 40)]
        res["by_scale_composed"][str(sc)] = interval(v, rng) + [round(pred.passes / len(v), 2)]
    for k in ("ece_lesion_all_sets_equal", "by_size", "by_tone", "nuisance_lesion_of_frame", "by_scale_pasted", "by_scale_composed"):
        print(k, json.dumps(res[k]), flush=True)
    print("seconds", round(time.time() - t0))
    if a.out:
        json.dump(res, open(a.out, "w"), indent=1)


if __name__ == "__main__":
    main()
