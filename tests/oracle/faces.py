"""Photos in which the face detector finds something, at several thresholds, with 95 % Wilson intervals.

    cargo build --release --example find_faces
    python3 tests/oracle/faces.py FOLDER [--list LIST]

LIST names photos in FOLDER, one a line: those that show a whole face (the figure is then recall), or none of them
(false alarms). Without it all photos count. Needs nothing but Python.
"""

import argparse
import math
import pathlib
import subprocess

THRESHOLDS = [0.95, 2.0, 3.85, 6.0]


def wilson(hits, of, z=1.96):
    share, spread = hits / of, z * math.sqrt(hits / of * (1 - hits / of) / of + z * z / (4 * of * of))
    middle, scale = share + z * z / (2 * of), 1 + z * z / of
    return (middle - spread) / scale, (middle + spread) / scale


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--list", type=pathlib.Path)
    parser.add_argument("--program", default="target/release/examples/find_faces")
    args = parser.parse_args()
    folder = args.folder
    names = args.list.read_text().split() if args.list else sorted(path.name for path in folder.iterdir())
    told = subprocess.run([args.program], input="".join(f"{folder / name}\n" for name in names), capture_output=True, text=True, check=True)
    best = [max(map(float, line.split("\t")[1].split()), default=0.0) for line in told.stdout.splitlines()]
    for threshold in THRESHOLDS:
        hits = sum(score >= threshold for score in best)
        low, high = wilson(hits, len(best))
        print(f"threshold {threshold}: {hits} of {len(best)} = {hits / len(best):.1%} ({low:.1%} to {high:.1%})")


if __name__ == "__main__":
    main()
