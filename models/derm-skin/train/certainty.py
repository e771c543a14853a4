"""How much of the error do signs of doubt catch? For each photo: its Dice, and what can be known without a reference.

python certainty.py --model .. --work work [--dermx DIR] [--out certainty.json] [--write]

--write puts `doubt` into the manifest: the limits from which the program warns of a photo. Both signs get the same rank, so that
together they flag a fifth of the photos of each validation set, on average; DermX has no say in them.

Signs: `disagreement` of the two looks (1 - Dice of what each marks, inside the part that both saw), `doubt` (mean of
4p(1-p) where p, the probability of lesion, is over .1), `faint` (1 - the highest probability). Said of each: the area under the curve for telling photos with a Dice under .5 from
the others (.5: nothing, 1: all), and which share of these a flag finds that is raised for the most doubtful tenth and fifth.
"""
import argparse, json
import cv2
import numpy as np
import data, dermx
from evaluate import Predictor, dice
from scipy.stats import rankdata

BAD = 0.5
N = dict(ham10000=100, isic2017=19, pad_ufes=41, pad_ufes_more=100, fuseg=100)


def signs(pred, im):
    """(mask, signs of doubt): both looks, as `Predictor.probabilities` takes them."""
    h, w = im.shape[:2]
    enlarged = lambda low, w, h: cv2.resize(pred.soft(low), (w, h), interpolation=cv2.INTER_LINEAR)[..., 2]
    low = pred.run(im)
    first, box = enlarged(low, w, h), pred.second(low, h, w)
    p = pred.probabilities(im)
    out = dict(faint=1 - float(p[..., 2].max()))
    near = p[..., 2] > 0.1
    out["doubt"] = float((4 * p[..., 2] * (1 - p[..., 2]))[near].mean()) if near.any() else 0.0
    out["disagreement"] = 0.0
    if box:
        x, y, n, m = box
        part = np.s_[y : y + m, x : x + n]
        again = enlarged(pred.run(im[part][:, ::-1])[:, ::-1], n, m) >= pred.thr
        once = first[part] >= pred.thr
        out["disagreement"] = 1 - float(dice(once, again)) if (once | again).any() else 0.0
    return pred.decide(p), out


def area_under(bad, sign):
    """The chance that a bad photo shows more of the sign than a good one."""
    bad, r = np.asarray(bad), rankdata(sign)
    n, m = bad.sum(), (~bad).sum()
    return round(float((r[bad].sum() - n * (n + 1) / 2) / (n * m)), 3) if n and m else None


def limits(rows, share=0.2):
    """The lowest limits, at the same rank of both signs, that flag at most this share, each set weighing the same."""
    sets = list(dict.fromkeys(r["set"] for r in rows))
    for rank in np.linspace(0.5, 1, 201):
        at = {k: round(float(np.mean([np.quantile([r[k] for r in rows if r["set"] == s], rank) for s in sets])), 3) for k in ("doubt", "disagreement")}
        if np.mean([np.mean([flagged(r, at) for r in rows if r["set"] == s]) for s in sets]) <= share:
            return at


def flagged(row, at):
    return any(row[k] >= at[k] for k in at)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--model", default="..")
    ap.add_argument("--work", default="work")
    ap.add_argument("--dermx", default="")
    ap.add_argument("--out", default="")
    ap.add_argument("--write", action="store_true")
    a = ap.parse_args()
    pred, rows = Predictor(a.model), []
    val = data.load(a.work, val=True)
    for s, n in N.items():
        for im, t in val.get(s, [])[:n]:
            if (t == 2).any():
                y, d = signs(pred, im)
                rows.append(d | dict(set=s, dice=float(dice((y == 2) & (t != 255), t == 2))))
    for r, im, masks in dermx.photos(a.dermx) if a.dermx else []:
        y, d = signs(pred, im)
        rows.append(d | dict(set="dermx", dice=float(np.mean([dice(y == 2, m) for m in masks]))))
    res, at = {}, limits([r for r in rows if r["set"] != "dermx"])
    print("limits", at)
    for name, some in [("all", rows), ("all but dermx", [r for r in rows if r["set"] != "dermx"])] + [(s, [r for r in rows if r["set"] == s]) for s in dict.fromkeys(r["set"] for r in rows)]:
        bad = np.array([r["dice"] < BAD for r in some])
        res[name] = dict(photos=len(some), bad=int(bad.sum()))
        for k in ("disagreement", "doubt", "faint"):
            v = np.array([r[k] for r in some])
            most = np.argsort(-v, kind="stable")
            found = {f"found_by_{int(100 * q)}%": round(float(bad[most[: round(q * len(v))]].sum() / bad.sum()), 3) for q in (0.1, 0.2) if bad.any()}
            res[name][k] = dict(auc=area_under(bad, v), **found)
        up = np.array([flagged(r, at) for r in some])
        res[name]["flag"] = dict(raised=round(float(up.mean()), 3), found=round(float(up[bad].mean()), 3) if bad.any() else None)
        print(name, json.dumps(res[name]), flush=True)
    if a.write:
        m = json.load(open(f"{a.model}/manifest.json"))
        again = m.pop("provenance", None)
        m["doubt"] = dict(lesion_doubt=at["doubt"], disagreement=at["disagreement"])
        with open(f"{a.model}/manifest.json", "w") as f:
            f.write(json.dumps(m | (dict(provenance=again) if again else {}), indent=2) + "\n")
    if a.out:
        json.dump(res, open(a.out, "w"), indent=1)


if __name__ == "__main__":
    main()
