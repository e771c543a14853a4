"""Five-fold cross-validation by patient on the small sets, for choices that 19 and 41 photos cannot decide.

python crossval.py --work DIR --name trial --minutes 30 [options of train_lite.py]

Each fold trains from ImageNet's weights in DIR/fold<k>, with its fifth of the patients of ISIC 2017 and both PAD-UFES sets held
out (DERM_FOLD in data.py), is quantised, and measured on them. The scenes of DIR are not used, because they show held-out patients: each fold
composes its own. Run again after an interruption: folds that are done stay.
"""
import argparse, json, os, pathlib, subprocess, sys
import numpy as np


def measure(model, work):
    """{set: Dice by photo} on this fold's validation part."""
    import data
    from evaluate import Predictor, dice

    pred, val = Predictor(model), data.load(work, val=True)
    return {s: [float(dice((pred(im)[1] == 2) & (t != 255), t == 2)) for im, t in val[s] if (t == 2).any()] for s in data.SMALL}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--work", default="work")
    ap.add_argument("--name", default="trial")
    ap.add_argument("--folds", type=int, default=5)
    ap.add_argument("--model", default="..", help="the manifest it is measured with, and who relabels")
    ap.add_argument("--scenes", type=int, default=1500)
    ap.add_argument("--one", action="store_true", help="measure the fold named by DERM_FOLD and print it (used by itself)")
    a, rest = ap.parse_known_args()
    if a.one:
        print(json.dumps(measure(f"{a.work}/{a.name}", a.work)))
        return
    all_folds = {}
    for k in range(a.folds):
        w, env = pathlib.Path(a.work) / f"fold{k}", os.environ | {"DERM_FOLD": f"{k}/{a.folds}"}
        w.mkdir(parents=True, exist_ok=True)
        run = lambda *c: subprocess.run([sys.executable, *map(str, c)], env=env, check=True, capture_output=c[0] == "crossval.py", text=True)
        if not (w / f"{a.name}.json").exists():
            if not (w / "composed_train.npz").exists():
                run("compose.py", "--name", "train", "--n", a.scenes, "--seed", 1, "--work", w)
            run("train_lite.py", "--work", w, "--name", a.name, "--composed", "train", "--teacher", a.model, *rest)
            run("quantize.py", "--ckpt", w / f"{a.name}.pt", "--model", a.model, "--work", w, "--out", w / a.name)
            (w / f"{a.name}.json").write_text(run("crossval.py", "--one", "--work", w, "--name", a.name).stdout)
        for s, v in json.loads((w / f"{a.name}.json").read_text()).items():
            all_folds.setdefault(s, []).append(v)
    from evaluate import interval

    for s, folds in all_folds.items():
        print(s, "Dice", interval(sum(folds, []), np.random.default_rng(0)), "by fold", [round(float(np.mean(f)), 3) for f in folds if f])


if __name__ == "__main__":
    main()
