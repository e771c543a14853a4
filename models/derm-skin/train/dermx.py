"""Dice against each dermatologist's mask, mean over them, by diagnosis; the photos are for measuring only.

python dermx.py --model .. --photos DIR [--sheets OUT]       DIR: images/, masks_a/ masks_b/ masks_c/, meta.csv
"""
import argparse, csv, json, os
import cv2
import numpy as np
from evaluate import Predictor, dice, interval


def photos(folder):
    """(row of meta.csv, rgb, masks of its judges)"""
    for r in csv.DictReader(open(f"{folder}/meta.csv")):
        im = cv2.imread(f"{folder}/images/{r['id']}.jpg")
        if im is None:
            continue
        masks = [cv2.imread(p, 0) for k in "abc" if os.path.exists(p := f"{folder}/masks_{k}/{r['id']}.png")]
        yield r, np.ascontiguousarray(im[:, :, ::-1]), [cv2.resize(m, im.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0 for m in masks]


def overlay(im, y, masks):
    """What the model marks, filled; what each judge drew, as a line."""
    o = im.copy()
    o[y == 2] = (0.55 * o[y == 2] + 0.45 * np.array([255, 0, 0])).astype(np.uint8)
    o[y == 0] = (0.4 * o[y == 0]).astype(np.uint8)
    for m, c in zip(masks, ((0, 255, 0), (0, 0, 255), (255, 255, 0))):
        cv2.drawContours(o, cv2.findContours(m.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0], -1, c, 2)
    k = 260 / max(o.shape[:2])
    o = cv2.resize(o, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
    return np.pad(o, ((0, 260 - o.shape[0]), (0, 260 - o.shape[1]), (0, 0)), constant_values=255)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--model", default="..")
    ap.add_argument("--photos", required=True)
    ap.add_argument("--no-look", action="store_true")
    ap.add_argument("--thresholds", default="", help="others beside the manifest's, such as .3,.4")
    ap.add_argument("--sheets", default="", help="write overlays there, by diagnosis")
    a = ap.parse_args()
    pred, rng = Predictor(a.model, look=not a.no_look), np.random.default_rng(0)
    thresholds = [pred.thr] + [float(v) for v in a.thresholds.split(",") if v]
    scores, areas, tiles = {t: {} for t in thresholds}, {}, {}
    for r, im, masks in photos(a.photos):
        p, d = pred.probabilities(im), r["diagnosis"]
        for t in thresholds:
            y = pred.decide(p, t) == 2
            scores[t].setdefault(d, []).append(float(np.mean([dice(y, m) for m in masks])))
        y = pred.decide(p)
        areas.setdefault(d, []).append(((y == 2).mean(), np.mean([m.mean() for m in masks])))
        if a.sheets:
            tiles.setdefault(d, []).append(overlay(im, y, masks))
    for t in thresholds:
        s = {d: round(float(np.mean(v)), 3) for d, v in scores[t].items()}
        print("threshold", t, json.dumps(s), "all", interval(sum(scores[t].values(), []), rng))
    print("marked, labelled share of the photo:", {d: [round(float(v), 3) for v in np.mean(x, 0)] for d, x in areas.items()})
    for d, t in tiles.items():
        t += [np.full_like(t[0], 255)] * (-len(t) % 6)
        cv2.imwrite(f"{a.sheets}/{d.replace(' ', '_')}.png", np.vstack([np.hstack(t[i : i + 6]) for i in range(0, len(t), 6)])[:, :, ::-1])


if __name__ == "__main__":
    main()
