"""The validation figures as a user would get them: photos and masks as files, `derm-seg run`, `derm-seg eval`.

python through_program.py --program ../../../target/release/derm-seg --work work [--model ..] [--out program.json]
"""
import argparse, json, os, shutil, subprocess
import cv2, numpy as np
import data


def write_sets(work):
    """The validation groups below work/val/<set>/{photos,masks}; HAM10000 its first 300, as evaluate.py takes them."""
    root = f"{work}/val"
    if os.path.exists(f"{root}/done"):
        return root
    for s in data.SETS:
        for d in ("photos", "masks"):
            os.makedirs(f"{root}/{s}/{d}", exist_ok=True)
        for r in [r for r in data.rows(s) if r["val"]][:300]:
            shutil.copy(f"{data.DATA}/{s}/images/{r['id']}.jpg", f"{root}/{s}/photos/{r['id']}.jpg")
            shutil.copy(f"{data.DATA}/{s}/masks/{r['id']}.png", f"{root}/{s}/masks/{r['id']}.png")
    for s, file in (("composed", "val"), ("plaques", "plaques_val")):
        for d in ("photos", "masks"):
            os.makedirs(f"{root}/{s}/{d}", exist_ok=True)
        z = np.load(f"{work}/composed_{file}.npz")
        for i, (x, t) in enumerate(zip(z["x"], z["t"])):
            cv2.imwrite(f"{root}/{s}/photos/{i:04d}.png", x[:, :, ::-1])
            cv2.imwrite(f"{root}/{s}/masks/{i:04d}.png", t)
    open(f"{root}/done", "w").close()
    return root


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--program", required=True)
    ap.add_argument("--model", default="..")
    ap.add_argument("--work", default="work")
    ap.add_argument("--out", default="")
    a = ap.parse_args()
    root, res = write_sets(a.work), {}
    for s in (*data.SETS, "composed", "plaques"):
        out = f"{root}/{s}/out"
        shutil.rmtree(out, ignore_errors=True)
        subprocess.run([a.program, "run", f"{root}/{s}/photos", "-o", out, "--model", a.model, "-q"], check=True)
        subprocess.run([a.program, "eval", out, "--truth", f"{root}/{s}/masks", "--truth-format", "index", "-q"], check=True)
        figures = json.load(open(f"{out}/scores.json"))["aggregate"]["metrics"]
        res[s] = {m: v["mean"] for m, v in figures.items() if m in ("dice", "threshold_jaccard", "skin.jaccard")}
        print(s, json.dumps(res[s]), flush=True)
    if a.out:
        json.dump(res, open(a.out, "w"), indent=1)


if __name__ == "__main__":
    main()
