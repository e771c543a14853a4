"""Opens what derm-seg writes with the programs of its users, and gives derm-seg what they write.

    cargo build
    python tests/oracle/readers.py RESULTS PHOTOS SUBJECTS.csv [--program target/debug/derm-seg]

RESULTS is a results folder of `derm-seg run PHOTOS`; nothing in it is changed. Ends with a Markdown table, and exit code 1 where
a reader does not find what is there. R (Rscript) and LibreOffice (soffice) are left out where they are not installed.
"""

import argparse
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import openpyxl
import pandas
import roifile
import tifffile
from PIL import Image

os.environ.setdefault("LOGURU_LEVEL", "WARNING")  # LabelMe logs every file otherwise.
from labelme._label_file import LabelFile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLES = ("photos.csv", "by_subject.csv", "groups.csv", "paper.csv")
found = []


def told(reader, what, files, good):
    found.append((reader, what, files, good))
    print(f"{reader}: {what}: {good} of {files}", file=sys.stderr)


def cells(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("photos", type=pathlib.Path)
    parser.add_argument("subjects", type=pathlib.Path)
    parser.add_argument("--program", default=str(ROOT / "target/debug/derm-seg"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        results = folder / "results"
        shutil.copytree(args.results, results)
        say = lambda *words: subprocess.run([args.program, "-q", *map(str, words)], check=True, capture_output=True, text=True)
        records = [json.loads(line) for line in (results / "records.jsonl").read_text().splitlines()]
        masks = {r["input"]["path"]: np.asarray(Image.open(results / r["mask"]["path"])) for r in records if r["status"] == "done"}
        say("table", results, "--subjects", args.subjects, "-o", folder / "tables")
        tables = [results / "summary.csv"] + [folder / "tables" / name for name in TABLES]
        with_pandas(tables, folder / "tables/paper.xlsx")
        with_r(tables, folder)
        with_libreoffice(tables, folder)
        with_labelme(say, results, args.photos, folder, masks)
        with_imagej(say, results, args.photos, folder, masks)
    print("| reader | what it was given | files | as they are |\n|---|---|---|---|")
    for line in found:
        print("| {} | {} | {} | {} |".format(*line))
    sys.exit(any(files != good for _, _, files, good in found))


def same_table(frame, path):
    """Same columns, as many rows, and every number a number."""
    header, *rows = cells(path)
    numbers = lambda column: [float(row[column]) for row in rows if row[column] != ""]
    is_number = lambda column: all(is_float(row[column]) for row in rows) and any(row[column] for row in rows)
    return (
        list(frame.columns) == header
        and len(frame) == len(rows)
        and all(np.allclose(frame[name].dropna().astype(float), numbers(i)) for i, name in enumerate(header) if is_number(i))
    )


def is_float(text):
    try:
        return text == "" or float(text) is not None
    except ValueError:
        return False


def with_pandas(tables, workbook):
    told("pandas", "CSV: columns, rows, numbers", len(tables), sum(same_table(pandas.read_csv(t, keep_default_na=False, na_values=[""]), t) for t in tables))
    book = openpyxl.load_workbook(workbook)
    sheets = pandas.read_excel(workbook, sheet_name=None, dtype=str)
    text = workbook.with_suffix(".md").read_text()
    ok = book.sheetnames == list(sheets) and all(
        str(cell.value) in text and cell.data_type == "s" for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None
    )
    told("openpyxl, pandas", "paper.xlsx: every cell is the Markdown's, as text", 1, int(ok))


R = """
files <- commandArgs(trailingOnly = TRUE)
for (file in files) {
  table <- read.csv(file, check.names = FALSE)
  cat(nrow(table), ncol(table), paste(names(table), collapse = ","), sep = "\\t")
  cat("\\n")
}
"""


def with_r(tables, folder):
    if not shutil.which("Rscript"):
        return
    (folder / "read.R").write_text(R)
    lines = subprocess.run(["Rscript", folder / "read.R", *tables], check=True, capture_output=True, text=True).stdout.splitlines()
    expected = [f"{len(t) - 1}\t{len(t[0])}\t{','.join(t[0])}" for t in map(cells, tables)]
    told("R read.csv", "CSV: columns and rows", len(tables), sum(a == b for a, b in zip(lines, expected)))


def with_libreoffice(tables, folder):
    if not shutil.which("soffice"):
        return
    into = folder / "office"
    convert = ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to"]
    # As it opens a double-clicked file: comma, UTF-8; then saved as text again, every sheet.
    subprocess.run([*convert, "csv:Text - txt - csv (StarCalc):44,34,76,1", "--infilter=CSV:44,34,76,1", "--outdir", into, *tables], check=True, capture_output=True)
    close = lambda a, b: a == b or (is_float(a) and is_float(b) and a and b and abs(float(a) - float(b)) <= 1e-9 + 1e-6 * abs(float(b)))
    agree = lambda a, b: len(a) == len(b) and all(len(x) == len(y) and all(map(close, x, y)) for x, y in zip(a, b))
    told("LibreOffice Calc", "CSV: every cell", len(tables), sum(agree(cells(into / t.name), cells(t)) for t in tables))
    book = folder / "tables/paper.xlsx"
    subprocess.run([*convert, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", "--outdir", into, book], check=True, capture_output=True)
    sheets = openpyxl.load_workbook(book)
    rows = lambda sheet: [[str(c.value or "") for c in row] for row in sheet.iter_rows()]
    told("LibreOffice Calc", "paper.xlsx: every cell of every sheet", len(sheets.sheetnames), sum(cells(into / f"paper-{s.title}.csv") == rows(s) for s in sheets))


def with_labelme(say, results, photos, folder, masks):
    drawn = folder / "labelme"
    say("export", results, "--format", "labelme", "-o", drawn)
    opened = 0
    for path in drawn.rglob("*.json"):
        shutil.copy(photos / path.relative_to(drawn).parent / json.loads(path.read_text())["imagePath"], path.parent)
        file = LabelFile(str(path))
        before = json.loads(path.read_text())["shapes"]
        opened += len(file.shapes) == len(before) and file.imagePath is not None
        # Saved without an edit, as LabelMe saves.
        height, width = masks[str(path.relative_to(drawn).parent / file.imagePath).removeprefix("./")].shape
        shapes = [{k: v for k, v in shape.items() if k != "other_data"} for shape in file.shapes]
        file.save(str(path), shapes, file.imagePath, height, width, None, file.other_data, file.flags)
    told("LabelMe", "its loader opens the files", len(masks), opened)
    back = json.loads(say("correct", results, "--masks", drawn, "--photos", photos, "--json").stdout)
    told("LabelMe", "saved by LabelMe, taken in: masks as before", len(masks), back["same"])


def with_imagej(say, results, photos, folder, masks):
    rois = folder / "rois"
    say("export", results, "--format", "imagej", "--only", "lesion", "-o", rois)
    opened = 0
    for path, mask in masks.items():
        zipped = (rois / path).with_suffix(".zip")
        with zipfile.ZipFile(zipped) as file:
            pieces = [roifile.ImagejRoi.frombytes(file.read(name)) for name in file.namelist()]
        opened += np.array_equal(painted(pieces, mask.shape), mask == 2)
    told("roifile (ImageJ's .roi)", "ROI zips: filled, they are the mask", len(masks), opened)
    # Masks as ImageJ saves them: 255 is lesion; with its inverting table, white is zero. And a palette, as Fiji's glasbey.
    for name, options in [("plain", dict(imagej=True)), ("inverting", dict(photometric="miniswhite"))]:
        where = folder / f"tiff-{name}"
        for path, mask in masks.items():
            file = (where / path).with_suffix(".tif")
            file.parent.mkdir(parents=True, exist_ok=True)
            value = (mask == 2).astype(np.uint8) * 255
            tifffile.imwrite(file, 255 - value if name == "inverting" else value, **options)
        back = json.loads(say("correct", results, "--masks", where, "--photos", photos, "--json").stdout)
        told("tifffile (ImageJ's TIFF)", f"8-bit masks, {name} table, taken in: masks as before", len(masks), back["same"])


def painted(pieces, shape):
    """A pixel is inside where its centre is, by the even-odd rule, as in ImageJ."""
    mask = np.zeros(shape, bool)
    for piece in pieces:
        if piece.composite:
            paths = piece.path2coords(piece.multi_coordinates)
        else:
            paths = [piece.coordinates()]
        inside = np.zeros(shape, bool)
        for path in paths:
            inside ^= filled(np.asarray(path, float), shape)
        mask |= inside
    return mask


def filled(path, shape):
    out = np.zeros(shape, bool)
    ends = np.roll(path, -1, 0)
    x = np.arange(shape[1]) + 0.5
    for row in range(max(0, int(path[:, 1].min())), min(shape[0], int(path[:, 1].max()) + 1)):
        y = row + 0.5
        crosses = (path[:, 1] <= y) != (ends[:, 1] <= y)
        cuts = path[crosses, 0] + (y - path[crosses, 1]) * (ends[crosses, 0] - path[crosses, 0]) / (ends[crosses, 1] - path[crosses, 1])
        out[row] = (cuts[:, None] <= x).sum(0) % 2 == 1
    return out


if __name__ == "__main__":
    main()
