"""Compares the pixels of DICOM files as derm-seg reads them with those of pydicom, file by file.

    cargo build --example dicom_values
    pip install -r tests/oracle/requirements-dicom.txt
    python tests/oracle/dicom.py [FOLDER ...] [--program target/debug/examples/dicom_values]

Without folders: all files inside pydicom's own package and in its data package (pydicom-data). Grey values are compared before any
window, colours as 8-bit RGB; values must be equal, and for JPEG that loses something closer than 6 of 255 (decoders
round, and fill in colours between pixels, differently). Ends with a Markdown table, and with exit code 1 where pixels differ or where one reads what the other does not
without a listed code.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pydicom
from pydicom.pixels import apply_color_lut, pixel_array

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.91"}
warnings.filterwarnings("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


def files_of_pydicom():
    import data_store

    places = [pathlib.Path(pydicom.__file__).parent / "data", pathlib.Path(data_store.__file__).parent]
    return sorted(file for place in places for file in place.rglob("*") if file.is_file() and is_dicom(file))


def is_dicom(file):
    head = file.read_bytes()[:132]
    return file.suffix.lower() == ".dcm" or head[128:] == b"DICM"


def theirs(file, frame):
    """Values, and whether two decoders may differ."""
    ds = pydicom.dcmread(file, force=True)
    values = pixel_array(ds, index=frame - 1)
    syntax = str(ds.file_meta.get("TransferSyntaxUID", "")) if hasattr(ds, "file_meta") else ""
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        # pydicom reads the tables of big-endian files as little-endian ones.
        for table in ("Red", "Green", "Blue") if syntax == "1.2.840.10008.1.2.2" else ():
            entry = ds[f"{table}PaletteColorLookupTableData"]
            entry.value = np.frombuffer(entry.value, ">u2").astype("<u2").tobytes()
        values = apply_color_lut(values, ds)
        values = values >> 8 if values.dtype == np.uint16 else values
    elif ds.SamplesPerPixel == 3 and ds.BitsStored > 8:
        values = values >> (ds.BitsStored - 8)
    return ds, values, syntax in LOSSY


def compare(ours, out):
    try:
        ds, values, lossy = theirs(ours["file"], ours["frame"])
    except Exception as error:
        return ("neither reads it" if "code" in ours else "only derm-seg reads it"), type(error).__name__
    if "code" in ours:
        return f"failed: {ours['code']}", ours["message"]
    raw = (out / f"{ours['number']}.{ours['frame']}.raw").read_bytes()
    mine = np.frombuffer(raw, np.int32 if ours["form"] == "grey" else np.uint8).astype(np.int64)
    values = values.astype(np.int64).ravel()
    if mine.size != values.size:
        return "DIFFERENT", f"{mine.size} values, not {values.size}"
    worst = int(np.abs(mine - values).max(initial=0))
    if worst > (5 if lossy else 0):
        return "DIFFERENT", f"by up to {worst}, in {int((mine != values).sum())} of {values.size}"
    return ("equal" if worst == 0 else "equal but for rounding of JPEG"), ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    parser.add_argument("--program", default=str(ROOT / "target/debug/examples/dicom_values"))
    args = parser.parse_args()
    files = [f for folder in args.folders for f in sorted(folder.rglob("*")) if f.is_file() and is_dicom(f)] or files_of_pydicom()
    counts, seen = collections.Counter(), collections.defaultdict(set)
    with tempfile.TemporaryDirectory() as out:
        lines = subprocess.run([args.program, out, *map(str, files)], check=True, capture_output=True, text=True).stdout
        for line in lines.splitlines():
            ours = json.loads(line)
            result, detail = compare(ours, pathlib.Path(out))
            seen[ours["file"]].add(result)
            if not result.startswith("equal"):
                print(f"{pathlib.Path(ours['file']).name} frame {ours['frame']}: {result}: {detail}", file=sys.stderr)
    order = ["DIFFERENT", "only derm-seg reads it", "failed", "equal but for rounding of JPEG", "equal", "neither reads it"]
    for results in seen.values():
        counts[min(results, key=lambda r: next(i for i, o in enumerate(order) if r.startswith(o)))] += 1
    print("| result | files |\n|---|---|")
    for result, count in counts.most_common():
        print(f"| {result} | {count} |")
    sys.exit(counts["DIFFERENT"] > 0)


if __name__ == "__main__":
    main()
