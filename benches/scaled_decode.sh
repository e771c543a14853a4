#!/usr/bin/env bash
# What decoding large JPEG photos at a reduced size changes: masks and figures against those of `--full-decode`, and the CPU of both.
# Usage: benches/scaled_decode.sh PHOTOS [PROGRAM]     PHOTOS: a folder of large JPEG photos
set -euo pipefail
photos=$1
program=${2:-target/release/derm-seg}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in full reduced; do
    option=$([ $name = full ] && echo --full-decode || true)
    # shellcheck disable=SC2086
    ( TIMEFORMAT="$name: %U s user, %S s system"; time "$program" run "$photos" -o "$work/$name" --jobs 1 --quiet $option )
done
# Percentiles over photos of what changed.
"$program" compare "$work/full" "$work/reduced" --json --max-change pixels=off --max-change dice=off --max-change figures=off --max-change inputs=0 --max-change status=0 > "$work/compare.json"
python3 - "$work" <<'PYTHON'
import csv, json, sys
work = sys.argv[1]
read = lambda name: {r["path"]: r for r in csv.DictReader(open(f"{work}/{name}/summary.csv"))}
full, reduced = read("full"), read("reduced")
masks = [i["mask"] for i in json.load(open(f"{work}/compare.json"))["images"] if i.get("mask")]
def show(what, values):
    values = sorted(values)
    at = lambda q: values[min(len(values) - 1, int(q * len(values)))]
    print(f"{what:44} median {at(.5):.4f}  95 % {at(.95):.4f}  most {values[-1]:.4f}  ({len(values)} photos)")
show("pixels of another class, share of the photo", [m["changed_fraction"] for m in masks])
show("1 - Dice of the lesion", [1 - m["dice"] for m in masks if m["dice"] is not None])
for figure, unit in (("lesion_fraction_of_frame", ""), ("delta_a", ""), ("delta_e2000", ""), ("ita", " degrees"), ("delta_erythema_index", ""), ("sharpness", ", share")):
    pairs = [(float(full[p][figure]), float(reduced[p][figure])) for p in full if full[p][figure] and reduced.get(p, {}).get(figure)]
    show(figure + unit, [abs(a - b) / (a if "share" in unit else 1) for a, b in pairs])
PYTHON
