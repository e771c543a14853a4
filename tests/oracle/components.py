"""Compares every shape figure of derm-seg with scikit-image's regionprops, on generated masks and on masks you name.

    cargo build --release --example measure_mask
    python tests/oracle/components.py [--masks FOLDER]... [--limit N]

Ends with a Markdown table of the largest differences, and exit code 1 where one is over its tolerance.
"""

import argparse
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from skimage.measure import label, regionprops

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Ours, theirs, largest relative difference allowed. Sums of squares lose digits in scikit-image's floating point; ours are exact.
FIGURES = {
    "area_px": (lambda r: r.area, 0),
    "bbox": (lambda r: [r.bbox[1], r.bbox[0], r.bbox[3] - r.bbox[1], r.bbox[2] - r.bbox[0]], 0),
    "centroid": (lambda r: r.centroid[::-1], 1e-9),
    "perimeter_px": (lambda r: r.perimeter, 1e-9),
    "equivalent_diameter_px": (lambda r: r.equivalent_diameter_area, 1e-9),
    "major_axis_px": (lambda r: r.axis_major_length, 1e-7),
    "minor_axis_px": (lambda r: r.axis_minor_length, 1e-6),
    "orientation_rad": (lambda r: r.orientation, 1e-6),
    "eccentricity": (lambda r: r.eccentricity, 1e-6),
    "solidity": (lambda r: r.solidity, 1e-9),
    "extent": (lambda r: r.extent, 1e-9),
    "feret_diameter_px": (lambda r: r.feret_diameter_max, 1e-9),
    "euler_number": (lambda r: r.euler_number, 0),
}


def generated(rng):
    """Blobs, ellipses, rings, lines, corners, noise, full and nearly empty frames."""
    yield np.ones((37, 53), bool)
    for shape in [(1, 1), (1, 40), (40, 1), (2, 2), (5, 5)]:
        frame = np.zeros((60, 60), bool)
        frame[7 : 7 + shape[0], 9 : 9 + shape[1]] = True
        yield frame
    yield np.eye(31, dtype=bool)
    yield np.fliplr(np.eye(31, dtype=bool))
    for density in (0.1, 0.3, 0.5, 0.7, 0.9):
        for size in [(17, 23), (64, 48), (150, 210)]:
            yield rng.random(size) < density
    for _ in range(60):
        size = rng.integers(20, 400, 2)
        yield ndimage.gaussian_filter(rng.standard_normal(size), rng.uniform(1, 12)) > rng.uniform(-0.02, 0.05)
    for _ in range(60):
        picture = Image.new("1", tuple(int(v) for v in rng.integers(60, 600, 2)))
        draw = ImageDraw.Draw(picture)
        for _ in range(rng.integers(1, 6)):
            x, y = (int(rng.integers(0, side)) for side in picture.size)
            w, h = (int(v) for v in rng.integers(1, 300, 2))
            kind = rng.integers(0, 4)
            if kind == 0:
                draw.ellipse([x - w, y - h, x + w, y + h], fill=1)
            elif kind == 1:
                draw.ellipse([x - w, y - h, x + w, y + h], outline=1, width=int(rng.integers(1, 9)))
            elif kind == 2:
                points = [(int(rng.integers(0, picture.size[0])), int(rng.integers(0, picture.size[1]))) for _ in range(5)]
                draw.polygon(points, fill=1)
            else:
                draw.line([x, y, x + w, y + h], fill=1, width=int(rng.integers(1, 5)))
        yield np.asarray(picture)


def real(folders, limit):
    for folder in folders:
        paths = sorted(pathlib.Path(folder).glob("*.png"))
        for path in random.Random(0).sample(paths, min(limit, len(paths))):
            mask = np.asarray(Image.open(path).convert("L"))
            yield (mask == 2) | (mask > 128)


def difference(ours, theirs, key):
    ours, theirs = np.atleast_1d(ours).astype(float), np.atleast_1d(theirs).astype(float)
    gap = np.abs(ours - theirs)
    if key == "orientation_rad":
        gap = np.minimum(gap, math.pi - gap)
    return float(np.max(gap / np.maximum(np.abs(theirs), 1.0)))


def compare(masks, name):
    worst = {key: 0.0 for key in FIGURES}
    compared = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, mask in enumerate(masks):
            paths.append((f"{folder}/{i}.png", mask))
            Image.fromarray(mask.astype(np.uint8) * 2).save(paths[-1][0])
        program = ROOT / "target/release/examples/measure_mask"
        out = subprocess.run([program, *(p for p, _ in paths)], check=True, capture_output=True, text=True).stdout
    for (path, mask), line in zip(paths, out.splitlines(), strict=True):
        ours = {tuple(l["bbox"]) + (l["area_px"],): l for l in json.loads(line)["lesions"]}
        for region in regionprops(label(mask, connectivity=2)):
            if region.area < max(4, 1e-5 * mask.size):
                continue
            lesion = ours[(*FIGURES["bbox"][0](region), int(region.area))]
            compared += 1
            tensor = region.inertia_tensor
            for key, (theirs, _) in FIGURES.items():
                # A figure as long as it is wide has no direction: rounding decides it.
                if key == "orientation_rad" and abs(region.axis_major_length - region.axis_minor_length) < 1e-6:
                    continue
                gap = difference(lesion[key], theirs(region), key)
                if gap > worst[key]:
                    worst[key] = gap
    return name, len(paths), compared, worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--masks", action="append", default=[], help="a folder of PNG masks: 2 or above 128 is lesion")
    parser.add_argument("--limit", type=int, default=200, help="masks taken of each folder")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    results = [compare(generated(np.random.default_rng(7)), "generated")]
    if args.masks:
        results.append(compare(real(args.masks, args.limit), "real"))
    print("| figure | tolerance | " + " | ".join(f"{n}: {m} masks, {c} components" for n, m, c, _ in results) + " |")
    print("|---|---|" + "---|" * len(results))
    failed = False
    for key, (_, tolerance) in FIGURES.items():
        gaps = [worst[key] for *_, worst in results]
        failed |= any(not gap <= tolerance for gap in gaps)
        print(f"| {key} | {tolerance:g} | " + " | ".join(f"{gap:.1e}" for gap in gaps) + " |")
    sys.exit(failed)


if __name__ == "__main__":
    main()
