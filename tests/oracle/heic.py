"""Draws the small HEIC files of tests/golden/heic, and beside each the pixels that libheif decodes from it.

pip install -r tests/oracle/requirements-heic.txt && python3 tests/oracle/heic.py
pillow-heif 1.8.1 brings libheif 1.23.6, x265 4.3 and libde265 1.1.3: another encoder and another decoder than those of derm-seg.
"""

from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageDraw, ImageFilter

SENTINEL = "Zx9SENTINELq"
FOLDER = Path(__file__).parent.parent / "golden" / "heic"
pillow_heif.register_heif_opener()


def drawing(width, height):
    """Skin, two spots, and two corners by which its turns are known."""
    y, x = np.mgrid[0:height, 0:width]
    skin = np.stack([215 - 30 * x / width, 170 - 25 * y / height, 145 + 10 * np.sin(x / 17)], -1)
    picture = Image.fromarray(skin.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((width * 0.3, height * 0.35, width * 0.6, height * 0.7), fill=(150, 70, 60))
    pen.ellipse((width * 0.55, height * 0.2, width * 0.7, height * 0.35), fill=(120, 50, 40))
    pen.rectangle((0, 0, width // 8, height // 8), fill=(255, 0, 0))
    pen.rectangle((width - width // 8, 0, width, height // 8), fill=(0, 0, 255))
    return picture.filter(ImageFilter.GaussianBlur(0.7))


def telling():
    """EXIF and XMP with what a copy must not have."""
    exif = Image.Exif()
    exif[0x112] = 6
    exif[0x10F] = exif[0x13B] = SENTINEL
    exif.get_ifd(0x8825).update({1: "N", 2: (35.0, 39.0, 31.0), 3: "E", 4: (139.0, 44.0, 28.0)})
    xmp = f'<x:xmpmeta><dc:creator>{SENTINEL}</dc:creator></x:xmpmeta>'
    return {"exif": exif.tobytes(), "xmp": xmp.encode()}


def write(name, picture, **how):
    file = FOLDER / f"{name}.heic"
    picture.save(file, quality=70, **how)
    decoded = Image.open(file)
    decoded.convert("RGBA" if decoded.mode == "RGBA" else "RGB").save(FOLDER / f"{name}.png", optimize=True)
    print(name, file.stat().st_size, decoded.mode, decoded.size)


FOLDER.mkdir(parents=True, exist_ok=True)
write("turned", drawing(160, 120), chroma=444, **telling())
write("odd", drawing(97, 61))
write("p3", drawing(80, 64), chroma=444, color_primaries=12, transfer_characteristics=13, matrix_coefficients=6, full_range_flag=1)
see_through = drawing(80, 64)
see_through.putalpha(Image.linear_gradient("L").resize(see_through.size))
write("see-through", see_through, chroma=444)
ten = np.asarray(drawing(80, 64)).astype(np.uint16) * 257
write("ten-bits", pillow_heif.from_bytes("RGB;16", (80, 64), ten.tobytes()), chroma=444)
