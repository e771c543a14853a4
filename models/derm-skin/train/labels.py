"""Photos and what people marked on them: masks as PNG, or LabelMe files as `derm-seg export` writes and LabelMe saves them.

A mask holds 0 background, 1 normal skin, 2 lesion, 255 says nothing. Where no mask of a folder has any normal skin, what is
not lesion is known to be "not lesion" only (3): it may be skin or background. A mask of 0 and 255 alone is such a mask.
"""
import csv, json, pathlib
import cv2
import numpy as np

PHOTOS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
CLASSES = dict(background=0, _background_=0, skin=1, normal_skin=1, lesion=2, ignore=255)


def outline(shape):
    """The corners of a polygon, of a rectangle given by two, or of a circle given by its centre and a point of its rim."""
    kind, p = shape.get("shape_type") or "polygon", np.float64(shape["points"])
    if kind == "polygon":
        return p
    (x0, y0), (x1, y1) = p
    if kind == "rectangle":
        return np.float64([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    if kind == "circle":
        a = np.linspace(0, 2 * np.pi, 180, endpoint=False)
        return np.column_stack([np.cos(a), np.sin(a)]) * np.hypot(x1 - x0, y1 - y0) + (x0, y0)
    raise SystemExit(f"a {kind} has no area; draw polygons, rectangles or circles")


def painted(shapes, h, w):
    """LabelMe's shapes in their order; a pixel belongs where its centre is inside, by the even-odd rule."""
    m = np.zeros((h, w), np.uint8)
    x = np.arange(w) + 0.5
    for s in shapes:
        name = s["label"].strip().lower().replace(" ", "_")
        if name not in CLASSES:
            raise SystemExit(f'label "{s["label"]}" is none of {", ".join(CLASSES)}')
        p = outline(s)
        q = np.roll(p, -1, 0)
        for row in range(max(0, int(p[:, 1].min()) - 1), min(h, int(p[:, 1].max()) + 2)):
            y = row + 0.5
            on = (p[:, 1] <= y) != (q[:, 1] <= y)
            cuts = p[on, 0] + (y - p[on, 1]) * (q[on, 0] - p[on, 0]) / (q[on, 1] - p[on, 1])
            m[row, (cuts[:, None] <= x).sum(0) % 2 == 1] = CLASSES[name]
    return m


def reduced(im, m, side=640):
    k = side / max(m.shape)
    if k >= 1:
        return im, m
    size = (max(1, round(m.shape[1] * k)), max(1, round(m.shape[0] * k)))
    return cv2.resize(im, size, interpolation=cv2.INTER_AREA), cv2.resize(m, size, interpolation=cv2.INTER_NEAREST)


def photo(path):
    im = cv2.imread(str(path))
    if im is None:
        raise SystemExit(f"{path}: not a photo that can be read")
    return np.ascontiguousarray(im[:, :, ::-1])


def set_aside(review):
    """Photos that somebody marked poor or redo in derm-seg's report (review.csv, by their path below the photos)."""
    text = pathlib.Path(review).read_text(encoding="utf-8-sig")
    separator = max(",;\t", key=text.split("\n", 1)[0].count)  # a spreadsheet may have saved it with another one
    lines = list(csv.DictReader(text.splitlines(), delimiter=separator))
    if not lines or not {"path", "mark"} <= lines[0].keys():
        raise SystemExit(f"{review}: a review has the columns path and mark; save it in the report")
    plain = lambda cell: cell[1:] if cell[:1] == "'" and cell[1:2] in tuple("=+-@|%") else cell
    return {plain(line["path"]) for line in lines if line["mark"].strip().lower() in ("poor", "redo")}


def found(folder):
    return sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in PHOTOS and not p.name.startswith("."))


def mask_of(path, photos, masks, shape):
    """The mask of photos/sub/a.jpg: masks/sub/a.jpg.png, a.png, a.jpg.json or a.json; None where there is none."""
    at = pathlib.Path(masks) / path.relative_to(photos)
    for f in (at.with_name(at.name + ".png"), at.with_suffix(".png"), at.with_name(at.name + ".json"), at.with_suffix(".json")):
        if f.exists() and f.suffix == ".json":
            return painted(json.loads(f.read_text())["shapes"], *shape)
        if f.exists():
            from PIL import Image

            with Image.open(f) as i:
                return np.array(i if i.mode in ("P", "L") else i.convert("L"))


def load(photos, masks):
    """[(name, rgb, target)] of all photos with a mask, at most 640 px."""
    out = []
    for p in found(photos):
        im = photo(p)
        m = mask_of(p, photos, masks, im.shape[:2])
        if m is None:
            continue
        if m.shape != im.shape[:2]:
            raise SystemExit(f"{p}: its mask has another size")
        out.append((str(p.relative_to(photos)), *reduced(im, m)))
    if not out:
        raise SystemExit(f"no photo of {photos} has a mask in {masks}")
    values = set(np.unique(np.concatenate([np.unique(m) for *_, m in out])))
    if not values <= {0, 1, 2, 255}:
        raise SystemExit(f"masks hold 0 background, 1 normal skin, 2 lesion, 255 unknown; these hold {sorted(map(int, values))}")
    if values <= {0, 255}:
        out = [(n, im, np.where(m == 255, 2, 3).astype(np.uint8)) for n, im, m in out]
    elif 1 not in values:
        out = [(n, im, np.where(m == 0, 3, m).astype(np.uint8)) for n, im, m in out]
    return out
