"""Reads what `derm-seg export` wrote with pycocotools, LabelMe, shapely and Python's csv, and compares it with the results.

    cargo build --release
    python tests/oracle/export.py RESULTS [--program target/release/derm-seg]

RESULTS is a results folder of `derm-seg run`. Ends with a Markdown table, and exit code 1 where an exact reader differs.
"""

import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

os.environ.setdefault("LOGURU_LEVEL", "WARNING")  # LabelMe logs every file otherwise.
from labelme._label_file import LabelFile
from labelme.utils import shapes_to_label
from PIL import Image
from pycocotools.coco import COCO
from shapely.geometry import shape

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLASSES = {"_background_": 0, "normal_skin": 1, "lesion": 2}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--program", default=ROOT / "target/release/derm-seg")
    args = parser.parse_args()
    records = [json.loads(line) for line in (args.results / "records.jsonl").read_text().splitlines()]
    masks = {r["input"]["path"]: np.asarray(Image.open(args.results / r["mask"]["path"])) for r in records if r["status"] == "done"}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for form, dest in [("coco", "coco.json"), ("labelme", "labelme"), ("geojson", "geojson"), ("csv", "lesions.csv")]:
            subprocess.run([args.program, "-q", "export", args.results, "--format", form, "-o", folder / dest], check=True)
        rows = [pycocotools(folder / "coco.json", masks), labelme(folder / "labelme", masks), shapely(folder / "geojson", masks)]
        rows.append(table(folder / "lesions.csv", records, masks))
    print("| reader | photos | pieces | equal masks | pixels that differ |\n|---|---|---|---|---|")
    for name, photos, pieces, equal, differing, _ in rows:
        print(f"| {name} | {photos} | {pieces} | {equal} | {differing:.2%} |")
    sys.exit(any(exact and equal != photos for _, photos, _, equal, _, exact in rows))


def pycocotools(path, masks):
    coco = COCO(path)
    pieces, got = 0, {}
    for image in coco.loadImgs(coco.getImgIds()):
        mask = np.zeros((image["height"], image["width"]), np.uint8)
        for category in (1, 2):
            for annotation in coco.loadAnns(coco.getAnnIds(image["id"], category)):
                alone = coco.annToMask(annotation)
                assert alone.sum() == annotation["area"], (image["file_name"], annotation["id"])
                mask[alone == 1] = category
                pieces += 1
        got[image["file_name"]] = mask
    return row("pycocotools", masks, got, pieces, True)


def labelme(folder, masks):
    pieces, got = 0, {}
    for path in folder.rglob("*.json"):
        file = json.loads(path.read_text())
        size = (file["imageHeight"], file["imageWidth"])
        # LabelMe itself opens the file, and the photo beside it, which need only have the right name and size.
        Image.new("L", size[::-1]).save(path.parent / file["imagePath"])
        shapes = LabelFile(str(path)).shapes
        assert len(shapes) == len(file["shapes"])
        mask, _ = shapes_to_label(size, shapes, CLASSES) if shapes else (np.zeros(size), None)
        pieces += len(file["shapes"])
        got[str(path.relative_to(folder).parent / file["imagePath"])] = mask
    # LabelMe fills the outline too, so its areas reach one pixel farther to the right and down.
    return row("LabelMe", masks, got, pieces, False)


def shapely(folder, masks):
    pieces, got = 0, {}
    for path in folder.rglob("*.geojson"):
        file = json.loads(path.read_text())
        mask = masks[file["image"]["path"]]
        areas = {1: 0, 2: 0}
        for feature in file["features"]:
            geometry = shape(feature["geometry"])
            assert geometry.is_valid, path
            assert geometry.area == feature["properties"]["area_px"]
            areas[CLASSES[feature["properties"]["name"]]] += geometry.area
            pieces += 1
        # Areas only: shapely draws no masks.
        same = all(areas[c] == (mask == c).sum() for c in areas)
        got[file["image"]["path"]] = mask if same else None
    return row("shapely (validity, areas)", masks, got, pieces, True)


def table(path, records, masks):
    rows = {(r["path"], int(r["id"])): r for r in csv.DictReader(path.open())}
    got, pieces = {}, 0
    for record in (r for r in records if r["status"] == "done"):
        photo, same = record["input"]["path"], True
        for lesion in record["lesions"]:
            line = rows.pop((photo, lesion["id"]))
            flat = {"bbox_x": lesion["bbox"][0], "centroid_y": lesion["centroid"][1], "asymmetry_minor": lesion["asymmetry"][1]}
            flat |= {name: value for name, value in lesion.items() if isinstance(value, (int, float)) and not isinstance(value, bool)}
            same &= all(float(line[name]) == value for name, value in flat.items())
            pieces += 1
        got[photo] = masks[photo] if same else None
    assert not rows
    return row("Python's csv (figures)", masks, got, pieces, True)


def row(name, masks, got, pieces, exact):
    equal = sum(np.array_equal(got[path], mask) for path, mask in masks.items())
    differing = sum((got[path] != mask).sum() for path, mask in masks.items())
    return name, len(masks), pieces, equal, differing / sum(m.size for m in masks.values()), exact


if __name__ == "__main__":
    main()
