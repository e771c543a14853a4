"""Fills real photos with every tag that exiftool can write, scrubs them, and lets exiftool and Pillow judge the copies.

Usage: scrub.py DERM_SEG PHOTO_FOLDER [COUNT]
Needs exiftool (Debian: libimage-exiftool-perl) and Pillow (requirements.txt). Exits with 1 if anything is left or changed.
"""

import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

SENTINEL = "Quincy-Sentinel-4711"
# Tags that decide how the pixels are read or shown; filled with nonsense they would break the photo.
LAYOUT = re.compile(
    "Orientation|ColorSpace|Interop|TransferFunction|Subfile|BitsPer|Compression|Photometric|Strip|Tile|SamplesPer|RowsPer|Planar|"
    "Predictor|SampleFormat|ExtraSamples|ColorMap|FillOrder|YCbCr|JPEG|ReferenceBlackWhite|ImageWidth|ImageHeight|Thumbnail|Preview|CFA|"
    "HalftoneHints|InkSet|DotRange|WhitePoint|PrimaryChrom"
)
GROUPS = ["EXIF", "IPTC", "XMP", "Photoshop"]
# Groups that describe the file or its picture, and are no metadata; a profile's own numbers.
ABOUT_THE_PICTURE = {"System", "File", "Composite", "ExifTool", "ICC-header", "ICC_Profile"}
PICTURE_TAGS = {
    "JFIF": {"JFIFVersion", "ResolutionUnit", "XResolution", "YResolution"},
    "IFD0": {
        "Orientation", "ImageWidth", "ImageHeight", "BitsPerSample", "Compression", "PhotometricInterpretation", "StripOffsets",
        "SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "XResolution", "YResolution", "ResolutionUnit", "SampleFormat",
        "PlanarConfiguration", "Predictor", "ExtraSamples",
    },
    "PNG": {"ImageWidth", "ImageHeight", "BitDepth", "ColorType", "Compression", "Filter", "Interlace", "SRGBRendering", "ProfileName"},
    "PNG-pHYs": {"PixelUnits", "PixelsPerUnitX", "PixelsPerUnitY"},
    "RIFF": {"ImageWidth", "ImageHeight", "VP8Version", "HorizontalScale", "VerticalScale", "WebP_Flags", "AlphaIsUsed"},
    "Adobe": {"DCTEncodeVersion", "APP14Flags0", "APP14Flags1", "ColorTransform"},
}
PROFILE_WORDS = {"ProfileDescription", "ProfileCopyright", "DeviceMfgDesc", "DeviceModelDesc", "ProfileDateTime", "ProfileCreator", "DeviceManufacturer", "DeviceModel", "ProfileID"}


def exiftool(*arguments):
    return subprocess.run(["exiftool", *map(str, arguments)], capture_output=True, text=True, check=False)


def writable_tags():
    for group in GROUPS:
        listed = exiftool("-s", "-listw", f"-{group}:all").stdout
        for line in listed.splitlines()[1:]:
            yield from ((group, tag) for tag in line.split())


def fill(files, work):
    """Every tag, as text where it takes text, otherwise as a date or a number."""
    lines = ["-m", "-q", "-overwrite_original", f"-Comment={SENTINEL}"]
    for group, tag in writable_tags():
        if group == "EXIF" and LAYOUT.search(tag):
            continue
        lines += [f"-{group}:{tag}={value}" for value in ("1", "2024:01:02 03:04:05", SENTINEL)]
    thumbnail = work / "thumbnail.jpg"
    Image.new("RGB", (160, 120), "red").save(thumbnail)
    lines += [f"-ThumbnailImage<={thumbnail}", f"-PhotoshopThumbnail<={thumbnail}", "-GPSLatitude=35.0116", "-GPSLatitudeRef=N"]
    arguments = work / "arguments"
    arguments.write_text("\n".join(lines) + "\n")
    exiftool("-@", arguments, *files)
    for number, file in enumerate(files):
        exiftool("-m", "-q", "-overwrite_original", "-n", f"-Orientation={number % 8 + 1}", file)
        with file.open("ab") as end:
            if file.suffix != ".tif":
                end.write(SENTINEL.encode())


def make_corpus(photos, folder, work):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    files = []
    for number, photo in enumerate(photos):
        picture = Image.open(photo).convert("RGB")
        picture.thumbnail((900, 900))
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x927C] = b"Maker\0" + SENTINEL.encode() * 9
        kind = number % 8
        suffix = [".jpg", ".jpg", ".jpg", ".jpg", ".png", ".tif", ".webp", ".webp"][kind]
        file = folder / f"photo-{number}{suffix}"
        options = {
            ".jpg": {"quality": 90, "progressive": kind == 1, "icc_profile": profile, "exif": exif, "comment": SENTINEL.encode()},
            ".png": {"icc_profile": profile, "exif": exif},
            ".tif": {"compression": "tiff_lzw", "icc_profile": profile},
            ".webp": {"lossless": kind == 6, "icc_profile": profile, "exif": exif},
        }[suffix]
        if kind == 2:
            picture, options["icc_profile"] = picture.convert("L"), None
        if kind == 3:
            picture, options["icc_profile"] = picture.convert("CMYK"), None
        picture.save(file, **options)
        files.append(file)
    fill(files, work)
    return files


def metadata(files):
    """(group, tag) of everything that is not the picture itself, for each file."""
    read = json.loads(exiftool("-json", "-a", "-u", "-G1", "-s", *files).stdout)
    for entry in read:
        found = []
        for key, value in entry.items():
            group, _, tag = key.partition(":")
            words = group.startswith("ICC") and tag in PROFILE_WORDS and str(value).strip("\0 0:") not in {"", "none", "None"}
            harmless = group in ABOUT_THE_PICTURE and not words or group == "SourceFile" or tag in PICTURE_TAGS.get(group, ())
            if tag in {"Comment", "Trailer", "Warning"} and group in {"File", "ExifTool"} or not harmless:
                found.append((group, tag))
        yield found


def same_picture(before, after):
    first, second = (ImageOps.exif_transpose(Image.open(file)) for file in (before, after))
    return first.mode == second.mode and first.size == second.size and first.tobytes() == second.tobytes()


def main():
    program, source, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 40
    photos = sorted(file for file in source.iterdir() if file.suffix.lower() in {".jpg", ".png"})
    photos = random.Random(1).sample(photos, min(count, len(photos)))
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        (folder := work / "photos").mkdir()
        files = make_corpus(photos, folder, work)
        run = subprocess.run([program, "scrub", folder, "-o", work / "clean", "--json"], capture_output=True, text=True, check=False)
        if run.returncode:
            sys.exit(f"scrub ended with {run.returncode}\n{run.stdout}{run.stderr}")
        copies = [work / "clean" / file.name for file in files]
        before = [len(found) for found in metadata(files)]
        left = Counter(f"{group}:{tag} ({copy.suffix})" for copy, found in zip(copies, metadata(copies)) for group, tag in found)
        forms = [SENTINEL.encode(), SENTINEL.encode("utf-16-le"), SENTINEL.encode("utf-16-be")]
        raw = sum(any(form in copy.read_bytes() for form in forms) for copy in copies)
        changed = sum(not same_picture(file, copy) for file, copy in zip(files, copies))
        kinds = ", ".join(f"{n} {suffix}" for suffix, n in Counter(file.suffix for file in files).items())
        print(f"{len(files)} photos ({kinds}); {min(before)} to {max(before)} tags each, {sum(before)} in all")
        print(f"after scrub: {sum(left.values())} tags left, sentinel in {raw} files, pixels changed in {changed}")
        for tag, number in left.most_common(20):
            print(f"  left: {tag} in {number}")
        sys.exit(bool(left or raw or changed))


main()
