"""Compares `derm-seg eval` with isic-challenge-scoring, MONAI, and a few lines of SciPy, image by image.

    python -m venv venv && venv/bin/pip install -r tests/oracle/requirements-scores.txt
    cargo build --release
    venv/bin/python tests/oracle/scores.py --program target/release/derm-seg [--real FOLDER_OF_MASKS ...]

Prints a table of the largest differences; exit code 1 when one is over its tolerance.
"""

import argparse
import itertools
import json
import math
import pathlib
import subprocess
import tempfile
import types
import warnings

import numpy as np
import torch
from isic_challenge_scoring.segmentation import SegmentationScore
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice
from monai.metrics.utils import get_mask_edges, get_surface_distance
from scipy import ndimage

import masks

TOLERANCES = [1, 2, 5]
ISIC = ["accuracy", "sensitivity", "specificity", "jaccard", "threshold_jaccard", "dice"]


def edges(mask):
    return mask & ~ndimage.binary_erosion(mask)


def by_scipy(prediction, truth):
    """The definitions once more, in double precision over whole images."""
    a, b = edges(prediction), edges(truth)
    out = dict.fromkeys(["hd95", "hd100", "masd", "assd", "boundary_iou"] + [f"nsd@{t}" for t in TOLERANCES])
    if a.any() and b.any():
        there, back = ndimage.distance_transform_edt(~b)[a], ndimage.distance_transform_edt(~a)[b]
        both = np.concatenate([there, back])
        out["hd95"] = max(np.percentile(there, 95), np.percentile(back, 95))
        out["hd100"] = both.max()
        out["masd"] = (there.mean() + back.mean()) / 2
        out["assd"] = both.mean()
        out |= {f"nsd@{t}": np.mean(both <= t + 1e-9) for t in TOLERANCES}
    elif a.any() or b.any():
        out |= {f"nsd@{t}": 0.0 for t in TOLERANCES}
    band = max(1, math.floor(0.02 * math.hypot(*truth.shape) + 0.5))
    full = np.ones((3, 3), bool)
    rim = [m & ~ndimage.binary_erosion(m, full, iterations=band) for m in (prediction, truth)]
    if (rim[0] | rim[1]).any():
        out["boundary_iou"] = (rim[0] & rim[1]).sum() / (rim[0] | rim[1]).sum()
    return out


def by_monai(prediction, truth):
    """Single precision; only where both masks hold something, the rest is a matter of convention.

    MONAI interpolates between ranks in single precision too, which moves its HD95 by more than its distances are off: so
    HD95 is compared as MONAI gives it, and once more from MONAI's distances with the rank in double precision.
    """
    if not (prediction.any() and truth.any()):
        return {}
    p, t = (torch.from_numpy(m[None, None].astype(np.float32)) for m in (prediction, truth))
    out = {
        "hd95": compute_hausdorff_distance(p, t, include_background=True, percentile=95),
        "hd100": compute_hausdorff_distance(p, t, include_background=True),
        "assd": compute_average_surface_distance(p, t, include_background=True, symmetric=True),
    }
    out |= {f"nsd@{n}": compute_surface_dice(p, t, [float(n)], include_background=True) for n in TOLERANCES}
    a, b = get_mask_edges(p[0, 0].bool(), t[0, 0].bool())
    directed = [np.asarray(get_surface_distance(*edges), np.float64) for edges in ((a, b), (b, a))]
    out["hd95, rank in double"] = max(np.percentile(distances, 95) for distances in directed)
    return {name: float(value) for name, value in out.items()}


class Worst:
    """Largest difference of every figure; an unknown value must be unknown on both sides."""

    def __init__(self, relative=False):
        self.of, self.n, self.relative = {}, {}, relative

    def add(self, name, ours, theirs, image):
        if theirs is None or ours is None:
            difference = 0.0 if ours is theirs else math.inf
        else:
            difference = abs(ours - theirs) / (max(1.0, abs(theirs)) if self.relative else 1.0)
        self.n[name] = self.n.get(name, 0) + 1
        self.of[name] = max(self.of.get(name, (0.0, "")), (difference, image))

    def report(self, title, tolerance, looser=types.MappingProxyType({})):
        failed = False
        for name, (difference, image) in self.of.items():
            allowed = looser.get(name, tolerance)
            over = difference > allowed
            failed |= over
            mark = f" OVER (at {image})" if over else ""
            print(f"| {title} | {name} | {self.n[name]} | {difference:.1e} | {allowed:.0e}{mark} |")
        return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--generated", type=int, default=1000)
    parser.add_argument("--real", nargs="*", default=[], help="folders of masks")
    parser.add_argument("--per-folder", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    warnings.filterwarnings("ignore")

    pairs = masks.generated(args.generated, args.seed)
    pairs = itertools.chain(pairs, *(masks.real(f, args.per_folder, args.seed) for f in args.real))
    pairs = {f"ISIC_{i:07}": pair for i, pair in enumerate(pairs)}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, (prediction, truth) in pairs.items():
            masks.save(prediction, folder / "predictions" / f"{name}.png")
            masks.save(truth, folder / "truth" / f"{name}_segmentation.png")
        command = [args.program, "eval", folder / "predictions", "--truth", folder / "truth", "-o", folder]
        command += ["--nsd-tolerance", ",".join(map(str, TOLERANCES))]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        scores = json.loads((folder / "scores.json").read_text())
        isic = SegmentationScore.from_dir(folder / "truth", folder / "predictions")
        # Again image by image: the package itself only gives means.
        per_image = {name: SegmentationScore.from_dir(one, folder / "predictions") for name, one in singles(folder, pairs)}

    assert len(scores["images"]) == len(pairs), (len(scores["images"]), scores["failures"][:3])
    challenge, scipy, monai = Worst(), Worst(), Worst(relative=True)
    for name in ISIC:
        challenge.add(f"{name}, mean", scores["isic2018"][name], isic.macro_average[name], "the mean")
    for row in scores["images"]:
        name = row["image"].removesuffix(".png")
        for figure in ISIC:
            challenge.add(figure, row["isic2018"][figure], per_image[name].macro_average[figure], name)
        for figure, value in by_scipy(*pairs[name]).items():
            scipy.add(figure, row["scores"][figure], value, name)
        for figure, value in by_monai(*pairs[name]).items():
            monai.add(figure, row["scores"][figure.split(",")[0]], value, name)
    print(f"{len(pairs)} pairs: {args.generated} generated, {len(pairs) - args.generated} real\n")
    print("| compared with | figure | n | largest difference | allowed |\n|---|---|---|---|---|")
    failed = [
        challenge.report("isic-challenge-scoring 5.6.0", 1e-9),
        scipy.report("SciPy, double precision", 1e-6),
        monai.report("MONAI 1.6.1, single precision, relative", 1e-6, {"hd95": 1e-4}),
    ]
    raise SystemExit(any(failed))


def singles(folder, pairs):
    """A folder for every reference alone."""
    for name in pairs:
        one = folder / "one" / name
        one.mkdir(parents=True)
        file = f"{name}_segmentation.png"
        (one / file).symlink_to(folder / "truth" / file)
        yield name, one


if __name__ == "__main__":
    main()
