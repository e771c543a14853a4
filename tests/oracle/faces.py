"""Compares the search for faces with OpenCV's FaceDetectorYN on the same weights, and counts what is found.

    python3 -m venv venv && venv/bin/pip install -r tests/oracle/requirements-faces.txt
    cargo build --release --example find_faces --example draw_faces
    venv/bin/python tests/oracle/faces.py FOLDER [--list LIST] [--changed] [--sample N]
    target/release/examples/draw_faces drawn && venv/bin/python tests/oracle/faces.py drawn --golden tests/golden/faces.json

LIST names photos in FOLDER, one a line. Photos with a whole face give recall, photos without one false alarms (95 % Wilson
intervals). --changed takes every photo also turned, tilted, with the face small, with a mask drawn over mouth and nose, and with a bar
over the eyes, each with its own line; it needs photos in which OpenCV finds a face. The exit code is 1 when the two programs differ.
"""

import argparse
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile

import cv2
import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
THRESHOLD, HINT, LARGE, SMALL, SAME_FACE = 0.85, 0.4, 512, 256, 0.3
# The same graph on the same copies: what is left is the rounding of single precision and of the copies.
SCORE, PLACE = 0.01, 0.01


def detector(threshold):
    return cv2.FaceDetectorYN.create(str(ROOT / "models/faces/yunet_n_dynamic.onnx"), "", (LARGE, LARGE), threshold, SAME_FACE, 5000)


CLOSE, GLANCE = detector(THRESHOLD), detector(HINT)


def look(by, picture):
    """Rows of x, y, width, height, five landmarks, score."""
    picture = np.ascontiguousarray(picture[:, :, ::-1])
    by.setInputSize((picture.shape[1], picture.shape[0]))
    found = by.detect(picture)[1]
    return np.empty((0, 15)) if found is None else found.astype(float)


def copy(picture, longer_side):
    height, width = picture.shape[:2]
    scale = longer_side / max(height, width)
    size = max(1, math.floor(width * scale + 0.5)), max(1, math.floor(height * scale + 0.5))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))


def turned_back(row, turns, width, height):
    """A face in a picture that np.rot90 turned, as it lies in the picture before."""
    points = row[:14].reshape(7, 2).copy()
    points[1] += points[0]  # the box by its corners
    x, y = points.T
    x, y = [(x, y), (width - y, x), (width - x, height - y), (y, height - x)][turns]
    place = [min(x[:2]), min(y[:2]), abs(x[1] - x[0]), abs(y[1] - y[0])]
    return np.array([*place, *np.stack([x, y], 1)[2:].ravel(), row[14]])


def overlap(a, b):
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(across, 0) * max(down, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def search(picture):
    """What derm-seg does, with OpenCV's detector; also the highest hint of all turns and the best score after it."""
    large, small = copy(picture, LARGE), copy(picture, SMALL)
    found = []
    for turns in range(4):
        if len(look(GLANCE, np.rot90(small, turns))):
            found += [turned_back(row, turns, large.shape[1], large.shape[0]) for row in look(CLOSE, np.rot90(large, turns))]
    kept = []
    for row in sorted(found, key=lambda row: -row[14]):
        if all(overlap(row, other) <= SAME_FACE for other in kept):
            kept.append(row)
    across, down = picture.shape[1] / large.shape[1], picture.shape[0] / large.shape[0]
    return [np.append(row[:14] * np.tile([across, down], 7), row[14]) for row in kept]


def changes(picture, face):
    """The photo in ways that make a face harder to find."""
    height, width = picture.shape[:2]
    for turns in (1, 2, 3):
        yield f"turned by {90 * turns} degrees", np.rot90(picture, turns)
    for angle in (15, 30, 45):
        side = math.ceil(math.hypot(height, width))
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
        turn[:, 2] += (side - width) / 2, (side - height) / 2
        yield f"tilted by {angle} degrees", cv2.warpAffine(picture, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)
    x, y, w, h = face[:4]
    right_eye, left_eye, nose, right_mouth, left_mouth = face[4:14].reshape(5, 2)
    eyes, mouth, longer = (right_eye + left_eye) / 2, (right_mouth + left_mouth) / 2, max(height, width)
    for part in (16, 20, 24, 32):
        size = longer / part / h
        if size < 1:
            small = np.asarray(Image.fromarray(picture).resize((max(1, round(width * size)), max(1, round(height * size))), Image.Resampling.BILINEAR))
            wall = np.full_like(picture, picture.mean((0, 1)).astype(np.uint8))
            top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
            wall[top : top + small.shape[0], left : left + small.shape[1]] = small
            yield f"face 1/{part} of the longer side", wall
    over_nose = 0.35 * eyes + 0.65 * nose
    mask = [over_nose - (0.42 * w, 0), over_nose, over_nose + (0.42 * w, 0), (x + 0.88 * w, mouth[1]), (mouth[0] + 0.2 * w, y + 1.02 * h), (mouth[0] - 0.2 * w, y + 1.02 * h), (x + 0.12 * w, mouth[1])]
    masked = picture.copy()
    cv2.fillPoly(masked, [np.array(mask).astype(np.int32)], (175, 205, 225), cv2.LINE_AA)
    yield "masked", masked
    yield "masked, turned by 90 degrees", np.rot90(masked)
    barred = picture.copy()
    beside = 0.6 * (left_eye - right_eye)
    ends = [tuple(int(v) for v in end) for end in (right_eye - beside, left_eye + beside)]
    cv2.line(barred, *ends, (0, 0, 0), max(3, int(0.22 * h)))
    yield "bar over the eyes", barred


def wilson(hits, of, z=1.96):
    share, spread = hits / of, z * math.sqrt(hits / of * (1 - hits / of) / of + z * z / (4 * of * of))
    middle, scale = share + z * z / (2 * of), 1 + z * z / of
    return (middle - spread) / scale, (middle + spread) / scale


def ask(program, files):
    told = subprocess.run([program], input="".join(f"{file}\n" for file in files), capture_output=True, text=True, check=True)
    rows = lambda faces: [np.array([*face["place"], *np.ravel(face["landmarks"]), face["score"]]) for face in faces]
    return [rows(json.loads(line)["faces"]) for line in told.stdout.splitlines()]


def differences(ours, theirs, longer_side):
    """The largest difference of scores, and of places in parts of the longer side; None where another number of faces was found."""
    if len(ours) != len(theirs):
        return None
    pairs = [(a, min(theirs, key=lambda b: abs(a[:4] - b[:4]).max())) for a in ours]
    return max((abs(a[14] - b[14]) for a, b in pairs), default=0), max((abs(a[:14] - b[:14]).max() / longer_side for a, b in pairs), default=0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--list", type=pathlib.Path)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("--golden", type=pathlib.Path, help="write what OpenCV finds, for the test of drawn faces")
    parser.add_argument("--program", default=ROOT / "target/release/examples/find_faces")
    args = parser.parse_args()
    names = args.list.read_text().split() if args.list else sorted(path.name for path in args.folder.iterdir())
    if args.sample and args.sample < len(names):
        names = sorted(random.Random(7).sample(names, args.sample))

    groups, golden, other, scores, places = {}, {}, 0, [0], [0]
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(names):
            picture = np.asarray(Image.open(args.folder / name).convert("RGB"))
            found = search(picture)
            pictures = [("as it is", picture), *(changes(picture, found[0]) if args.changed and found else [])]
            for what, changed in pictures:
                file = pathlib.Path(folder) / f"{number}-{len(groups.setdefault(what, []))}-{what.translate(str.maketrans(' /', '__'))}.png"
                Image.fromarray(np.ascontiguousarray(changed)).save(file)
                groups[what].append((file, search(changed), max(changed.shape)))
            golden[pathlib.Path(name).stem] = [[round(v, 3) for v in row] for row in found]
        for what, photos in groups.items():
            ours = ask(args.program, [file for file, _, _ in photos])
            for mine, (_, theirs, longer) in zip(ours, photos, strict=True):
                differ = differences(mine, theirs, longer)
                if differ is None:
                    other += 1
                    print("another number of faces:", [round(r[14], 3) for r in mine], [round(r[14], 3) for r in theirs])
                else:
                    scores.append(differ[0]), places.append(differ[1])
            hits = sum(bool(mine) for mine in ours)
            low, high = wilson(hits, len(ours))
            print(f"{what}: found in {hits} of {len(ours)} = {hits / len(ours):.1%} ({low:.1%} to {high:.1%})")
    print(f"against OpenCV: {len(scores) - 1 + other} pictures, another number of faces in {other}; largest difference of scores {max(scores):.4f}, of places {max(places):.4f} of the longer side")
    if args.golden:
        args.golden.write_text(json.dumps(golden, indent=1) + "\n")
    return int(other > 0 or max(scores) > SCORE or max(places) > PLACE)


if __name__ == "__main__":
    sys.exit(main())
