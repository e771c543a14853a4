"""Opens what derm-seg writes as DICOM with pydicom, highdicom and, where it is installed, dciodvfy.

    cargo build
    pip install -r tests/oracle/requirements-dicom.txt
    python tests/oracle/dicom_out.py SCRATCH [--program target/debug/derm-seg] [--dciodvfy dciodvfy]

In the empty folder SCRATCH: the files of pydicom's package that hold a picture are segmented, exported as segmentations, and
copied by scrub. Each segmentation must open in highdicom and equal the mask; each copy must hold the pixels of the file, and
none of its texts. Ends with a Markdown table, and with exit code 1 where something does not hold.
"""

import argparse
import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys
import warnings

import highdicom
import numpy as np
import pydicom
from PIL import Image
from pydicom.pixels import pixel_array

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXTS = {"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT", "DA", "TM", "DT"}
warnings.filterwarnings("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


def texts(ds):
    """What the file says of people, as long as it could be told from anything else."""
    found = set()
    for element in ds.iterall():
        if element.VR in TEXTS and element.value:
            found.update(str(v).strip() for v in (element.value if element.VM > 1 else [element.value]))
        if element.VR == "UI" and element.tag not in (0x00080016, 0x00020002, 0x00020010, 0x00081150) and element.value:
            found.update(map(str, element.value if element.VM > 1 else [element.value]))
    return {text for text in found if len(text) > 6 and not text.startswith("1.2.840.10008.")}


def same_segments(seg, results, record):
    mask = np.asarray(Image.open(results / record["mask"]["path"]))
    read = highdicom.seg.segread(seg)
    frames = read.pixel_array.reshape(-1, *mask.shape)
    return all((frames[i] == (mask == i + 1)).all() for i in range(len(frames))) and len(frames) == read.number_of_segments


def validity(dciodvfy, file):
    """Errors that dciodvfy tells."""
    told = subprocess.run([dciodvfy, str(file)], capture_output=True, text=True, errors="replace")
    return [line for line in (told.stdout + told.stderr).splitlines() if line.startswith("Error")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scratch", type=pathlib.Path)
    parser.add_argument("--program", default=str(ROOT / "target/debug/derm-seg"))
    parser.add_argument("--dciodvfy", default=shutil.which("dciodvfy"))
    parser.add_argument("--most", type=int, default=60, help="files")
    args = parser.parse_args()
    photos, results = args.scratch / "photos", args.scratch / "results"
    photos.mkdir(parents=True)
    files = sorted((pathlib.Path(pydicom.__file__).parent / "data/test_files").glob("*.dcm"), key=lambda f: (f.stat().st_size, f.name))
    for file in files:
        ds = pydicom.dcmread(file, force=True)
        if "PixelData" in ds and "SOPInstanceUID" in ds and len(list(photos.iterdir())) < args.most:
            shutil.copy(file, photos / file.name)
    key = args.scratch / "key"
    key.write_text("0123456789abcdefghijklmnopqrstuv")
    key.chmod(0o600)
    say = lambda *words: subprocess.run([args.program, "-q", *map(str, words)], capture_output=True, text=True)
    say("run", photos, "-o", results, "--faces", "off")
    say("export", results, "--format", "dicom-seg", "--photos", photos, "-o", args.scratch / "seg")
    say("scrub", photos, "-o", args.scratch / "clean", "--names", "pseudonym", "--key-file", key, "--table", args.scratch / "table.csv", "--keep-burned-in")
    counts, errors = collections.Counter(), collections.Counter()
    records = {r["input"]["path"]: r for r in map(json.loads, (results / "records.jsonl").read_text().splitlines()) if r["status"] == "done"}

    def tell(what, good, name, why=""):
        counts[what, good] += 1
        if not good:
            print(f"{name}: {what}: {why}", file=sys.stderr)

    for name, record in records.items():
        short = args.scratch / "seg" / re.sub(r"\.dcm(#\d+)?$", ".seg.dcm", name)
        seg = short if short.exists() and "#" not in name else args.scratch / "seg" / f"{name}.seg.dcm"
        if not seg.exists():
            seg = short
        if not seg.exists():
            tell("has a segmentation", False, name)
            continue
        try:
            tell("segmentation equals the mask in highdicom", same_segments(seg, results, record), name)
        except Exception as error:
            tell("segmentation equals the mask in highdicom", False, name, repr(error))
        if args.dciodvfy:
            found = validity(args.dciodvfy, seg)
            errors.update(found)
            tell("segmentation without an error in dciodvfy", not found, name, found[:3])
    table = [line.split(",", 1) for line in (args.scratch / "table.csv").read_text().splitlines()[1:]]
    for code, name in table:
        copy = args.scratch / "clean" / code
        if not copy.exists():
            continue
        before, after = pydicom.dcmread(photos / name, force=True), pydicom.dcmread(copy)
        left = [text for text in texts(before) if text.encode("utf-8", "replace") in copy.read_bytes()]
        tell("copy holds none of the file's texts and identifiers", not left, name, left[:3])
        try:
            equal = (pixel_array(before) == pixel_array(after)).all()
        except Exception as error:
            counts["copy is read by pydicom where the file is not", True] += 1
            continue
        tell("copy holds the file's pixels", bool(equal), name)
        if args.dciodvfy:
            found, had = validity(args.dciodvfy, copy), validity(args.dciodvfy, photos / name)
            new = [line for line in found if line not in had]
            errors.update(new)
            tell("copy has no error in dciodvfy that the file has not", not new, name, new[:3])
    print("| what | holds | does not |\n|---|---|---|")
    for what in dict.fromkeys(what for what, _ in counts):
        print(f"| {what} | {counts[what, True]} | {counts[what, False]} |")
    for error, count in errors.most_common(20):
        print(f"{count} x {error}", file=sys.stderr)
    sys.exit(any(count for (what, good), count in counts.items() if not good))


if __name__ == "__main__":
    main()
