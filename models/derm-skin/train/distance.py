"""Do crops of one lesion agree from near and from far?

Each photo is pasted at seven sizes, over an 8x range, into a frame of drawn skin that has the photo's own colour and a drawn texture: what a
camera would see from ever farther away. derm-seg cuts the lesion out of each; boxes are held against the one from nearby, in the
photo's own coordinates. Where nothing is found any more, that is counted.

    python distance.py --photos images --masks masks --program derm-seg --work scratch --count 40
    python distance.py --data pad_ufes pad_ufes_more --program derm-seg --work scratch --count 1000

Masks (2 is lesion) choose photos with one lesion that does not touch the photo's edge. `figures.json` and a table in
Markdown are what is printed in docs/crops.md, with why crops do not agree. With `--data`, the photos are those of people of whom the
model has seen none (`data.py`).
"""
import argparse
import json
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

FRAME = 768
STEPS = [1, 2**0.5, 2, 2 * 2**0.5, 4, 4 * 2**0.5, 8]


def skin(photo, rng):
    """A frame in the colour of the photo's rim: uneven light, and texture as fine as pores."""
    pixels = np.asarray(photo, np.float32)
    rim = np.concatenate([pixels[:8].reshape(-1, 3), pixels[-8:].reshape(-1, 3), pixels[:, :8].reshape(-1, 3), pixels[:, -8:].reshape(-1, 3)])
    light = Image.fromarray(rng.normal(128, 40, (6, 6)).clip(0, 255).astype(np.uint8)).resize((FRAME, FRAME), Image.BICUBIC)
    pores = Image.fromarray(rng.normal(128, 50, (FRAME, FRAME)).clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1.5))
    texture = (np.asarray(light, np.float32) - 128) * 0.08 + (np.asarray(pores, np.float32) - 128) * 0.3
    return Image.fromarray((np.median(rim, 0) + texture[..., None]).clip(0, 255).astype(np.uint8))


def compose(photo, box, step, rng):
    """The photo, `step` times smaller than the frame, and where it lies: x, y and its scale."""
    scale = FRAME / max(photo.size) / step
    size = [max(1, round(side * scale)) for side in photo.size]
    frame = skin(photo, rng)
    room = [FRAME - side for side in size]
    at = [round(r * (0.5 if step == 1 else rng.uniform(0.2, 0.8))) for r in room]
    # Whole around the lesion, and from there fading into the skin: no rim of the photo is seen.
    def fade(length, low, high):
        place = (np.arange(length) + 0.5) / length
        grow = 0.1 * (high - low)
        return np.clip(np.minimum(place / max(low - grow, 0.02), (1 - place) / max(1 - high - grow, 0.02)), 0, 1)
    shares = [side / whole for side, whole in zip(box, photo.size * 2)]
    across, down = fade(size[0], shares[0], shares[2]), fade(size[1], shares[1], shares[3])
    mask = Image.fromarray((np.minimum(across[None], down[:, None]) * 255).astype(np.uint8))
    frame.paste(photo.resize(size, Image.LANCZOS), at, mask)
    return frame, at, scale


def usable(path):
    """The box of the one lesion, or none."""
    mask = np.asarray(Image.open(path)) == 2
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows) or min(rows[0], columns[0]) < 0.1 * min(mask.shape) or rows[-1] > 0.9 * mask.shape[0] or columns[-1] > 0.9 * mask.shape[1]:
        return None
    filled = mask.sum() / (rows[-1] - rows[0] + 1) / (columns[-1] - columns[0] + 1)
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1] if filled > 0.5 else None


def square(box, margin=0.25):
    """The crop that the program cuts around a box."""
    (x, y), half = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), max(box[2] - box[0], box[3] - box[1]) * (0.5 + margin)
    return [x - half, y - half, x + half, y + half]


def overlap(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return both / (area(a) + area(b) - both)


def inside(lesion, crop):
    """The share of a box that lies in a crop."""
    width, height = min(lesion[2], crop[2]) - max(lesion[0], crop[0]), min(lesion[3], crop[3]) - max(lesion[1], crop[1])
    return max(width, 0) * max(height, 0) / ((lesion[2] - lesion[0]) * (lesion[3] - lesion[1]))


def pairs(args):
    """Masks and their photos, in order."""
    if not args.data:
        return [(path, next(args.photos.glob(path.stem + ".*"))) for path in sorted(args.masks.iterdir())]
    import data
    seen = [(f"{data.DATA}/{row['set']}", row["id"]) for name in args.data for row in data.rows(name) if row["val"]]
    return sorted(((Path(f"{root}/masks/{id}.png"), Path(f"{root}/images/{id}.jpg")) for root, id in seen), key=lambda pair: pair[0].name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--masks", type=Path)
    parser.add_argument("--data", nargs="+", default=[], metavar="SET")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--program", default="derm-seg")
    parser.add_argument("--count", type=int, default=40)
    args = parser.parse_args()
    frames, truth, lesions, placed = args.work / "frames", {}, {}, {}
    frames.mkdir(parents=True, exist_ok=True)
    for path, photo in pairs(args):
        box = usable(path)
        if box is None or path.stem in truth or len(truth) == args.count:
            continue
        photo = Image.open(photo).convert("RGB")
        truth[path.stem], lesions[path.stem] = square(box), box
        for number, step in enumerate(STEPS):
            rng = np.random.default_rng([len(truth), number])
            frame, at, scale = compose(photo, box, step, rng)
            name = f"{path.stem}-{number}.jpg"
            frame.save(frames / name, quality=95)
            placed[name] = (path.stem, number, at, scale)
    command = [args.program, "run", frames, "-o", args.work / "out", "--crops", "photo", "--crop-border", "pad", "--faces", "off", "--quiet"]
    subprocess.run(command, check=True)
    boxes, largest = {}, {}
    for line in (args.work / "out" / "records.jsonl").read_text().splitlines():
        record = json.loads(line)
        photo, number, at, scale = placed[record["input"]["path"]]
        for crop in record.get("crops", []):
            box = crop["box"]
            corners = [box["x"] - at[0], box["y"] - at[1], box["x"] + box["width"] - at[0], box["y"] + box["height"] - at[1]]
            boxes[photo, number] = [corner / scale for corner in corners]
            x, y, width, height = record["lesions"][0]["bbox"]
            largest[photo, number] = square([(x - at[0]) / scale, (y - at[1]) / scale, (x + width - at[0]) / scale, (y + height - at[1]) / scale])
    scales = {(photo, number): scale for photo, number, _, scale in placed.values()}
    near = [photo for photo in truth if (photo, 0) in boxes]
    good = [photo for photo in near if overlap(boxes[photo, 0], truth[photo]) >= 0.5]
    rows = []
    for number, step in enumerate(STEPS):
        found = [photo for photo in good if (photo, number) in boxes]
        to_near = [overlap(boxes[photo, number], boxes[photo, 0]) for photo in found]
        sides = [(boxes[p, number][2] - boxes[p, number][0]) / (boxes[p, 0][2] - boxes[p, 0][0]) for p in found]
        pixels = [max(lesions[p][2] - lesions[p][0], lesions[p][3] - lesions[p][1]) * scales[p, number] for p in good]
        to_truth = [overlap(boxes[photo, number], truth[photo]) for photo in found]
        apart = [photo for photo, iou in zip(found, to_near) if iou < 0.8]
        side = dict(zip(found, sides))
        rows.append({
            "apart": len(apart), "apart_larger": sum(side[p] > 0.8**-0.5 for p in apart), "apart_smaller": sum(side[p] < 0.8**0.5 for p in apart),
            "apart_by_another_lesion": sum(overlap(largest[p, number], largest[p, 0]) >= 0.8 for p in apart),
            "farther": round(step, 2), "photos": len(good), "found": len(found),
            "median_iou_to_near": float(np.median(to_near)) if found else None,
            "share_iou_0.8": float(np.mean(np.array(to_near) >= 0.8)) if found else None,
            "median_iou_to_expert": float(np.median(to_truth)) if found else None,
            "median_lesion_px": float(np.median(pixels)), "median_side_to_near": float(np.median(sides)) if found else None,
            "expert_lesion_inside": float(np.mean([inside(lesions[p], boxes[p, number]) for p in found])) if found else None,
        })
    (args.work / "figures.json").write_text(json.dumps({"photos": len(truth), "found_near": len(near), "good_near": len(good), "rows": rows}, indent=1))
    print(f"{len(truth)} photos; a lesion found from nearby in {len(near)}, the right one in {len(good)}")
    print("| times farther | lesion, pixels | found | median IoU to the crop from nearby | IoU at least 0.8 | side, to that from nearby (median) | expert's lesion inside |\n|---|---|---|---|---|---|---|")
    for row in rows:
        cells = [f"{row['farther']:g}", f"{row['median_lesion_px']:.0f}", f"{row['found']} of {row['photos']}"]
        figures = ("median_iou_to_near", "share_iou_0.8", "median_side_to_near", "expert_lesion_inside")
        cells += [f"{row[key]:.2f}" if row[key] is not None else "" for key in figures]
        print("| " + " | ".join(cells) + " |")
    many = {key: sum(row[key] for row in rows) for key in rows[0] if key.startswith("apart")}
    print(f"of {many['apart']} crops under 0.8, {many['apart_larger']} are larger than that from nearby and {many['apart_smaller']} smaller; "
          f"in {many['apart_by_another_lesion']} the largest lesion alone would agree")


if __name__ == "__main__":
    main()
