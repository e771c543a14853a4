"""What a good programmer would write in an afternoon instead of derm-seg: the same model, both looks, masks only.

python script.py PHOTOS OUT MODEL_FOLDER JOBS

As fast as Python's usual libraries allow: OpenCV decodes JPEG at a reduced size, one process for each core with one thread, probabilities
enlarged as two planes. It writes no figures, checks no metadata, and loses what fails.
"""
import json, multiprocessing, pathlib, sys
import cv2, numpy as np, onnxruntime

REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


def start(folder):
    global M, S, SIDE, MEAN, STD
    cv2.setNumThreads(1)
    M = json.loads((folder / "manifest.json").read_text())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    S = onnxruntime.InferenceSession(folder / M["file"], options, providers=["CPUExecutionProvider"])
    SIDE = M["input"]["size"]["width"]
    MEAN, STD = (np.float32(M["input"][k]) for k in ("mean", "std"))


def size_of(path):
    """Width and height out of the JPEG's header."""
    with open(path, "rb") as f:
        f.read(2)
        while True:
            marker, length = f.read(2), int.from_bytes(f.read(2), "big")
            if 0xC0 <= marker[1] <= 0xCF and marker[1] not in (0xC4, 0xC8, 0xCC):
                f.read(1)
                h, w = (int.from_bytes(f.read(2), "big") for _ in range(2))
                return w, h
            f.seek(length - 2, 1)


def probabilities(rgb):
    x = cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA if rgb.shape[1] > SIDE else cv2.INTER_LINEAR)
    x = (x.astype(np.float32) * np.float32(M["input"]["scale"]) - MEAN) / STD
    y = S.run(None, {M["input"]["name"]: x.transpose(2, 0, 1)[None]})[0][0] / M["output"]["temperature"]
    y = np.exp(y - y.max(0))
    return y / y.sum(0)


def mask(path):
    w, h = size_of(path)
    k = next((k for k in (8, 4, 2) if max(w, h) / k >= 3 * SIDE), 1)
    rgb = cv2.cvtColor(cv2.imread(str(path), REDUCED.get(k, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB)
    p, rule = probabilities(rgb), M["second_look"]
    cells = p.shape[1]
    planes = [cv2.resize(v, (w, h), interpolation=cv2.INTER_LINEAR) for v in (p[2], p[1] - p[0])]
    ys, xs = np.nonzero(p[2] >= rule["min_probability"])
    if len(xs):
        box = np.array([xs.min() * w, ys.min() * h, (xs.max() + 1) * w, (ys.max() + 1) * h]) / cells
        side = max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * rule["margin"])
        cw, ch = int(min(side, w)), int(min(side, h))
        x, y = (int(np.clip((box[i] + box[i + 2] - s) / 2, 0, limit - s)) for i, s, limit in ((0, cw, w), (1, ch, h)))
        crop = rgb[y // k : (y + ch) // k, x // k : (x + cw) // k]
        q = probabilities(np.ascontiguousarray(crop[:, ::-1]))[:, :, ::-1]
        for plane, v in zip(planes, (q[2], q[1] - q[0])):
            part = plane[y : y + ch, x : x + cw]
            cv2.addWeighted(part, 1 - rule["weight"], cv2.resize(np.ascontiguousarray(v), (cw, ch)), rule["weight"], 0, dst=part)
    labels = (planes[1] > 0).astype(np.uint8)
    labels[planes[0] >= M["output"]["thresholds"]["lesion"]] = 2
    return labels


def work(job):
    path, out = job
    cv2.imwrite(str(out), mask(path), [cv2.IMWRITE_PNG_COMPRESSION, 1])


if __name__ == "__main__":
    photos, out, model, jobs = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), int(sys.argv[4])
    out.mkdir(parents=True, exist_ok=True)
    todo = [(p, out / (p.name + ".png")) for p in sorted(photos.rglob("*.jpg"))]
    with multiprocessing.get_context("fork").Pool(jobs, start, [model]) as pool:
        for _ in pool.imap_unordered(work, todo):
            pass
