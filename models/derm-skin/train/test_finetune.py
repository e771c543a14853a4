"""python test_finetune.py: finetune.py on a set that is drawn here, in about a minute on two cores."""
import hashlib, json, pathlib, subprocess, sys, tempfile, unittest
import cv2
import numpy as np, onnxruntime as ort, torch
import finetune, labels

HERE = pathlib.Path(__file__).resolve().parent


def drawn(folder, n=8, s=96):
    """n photos of a patch on skin, two of each patient; masks as PNG, and the same as LabelMe files."""
    rng = np.random.default_rng(3)
    for k in range(n):
        name, r, c = f"patient{k // 2}/{k % 2}", int(rng.integers(12, 30)), rng.integers(34, s - 34, 2)
        a = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        outline = np.column_stack([c[0] + r * np.cos(a), c[1] + r * np.sin(a)])
        shapes = [dict(label="normal_skin", points=[[0, 0], [s, 0], [s, s], [0, s]]), dict(label="lesion", points=outline.tolist())]
        m = labels.painted(shapes, s, s)
        x = np.full((s, s, 3), rng.uniform((180, 130, 100), (230, 180, 160))) + rng.normal(0, 6, (s, s, 3))
        x[m == 2] += (-30, 20, 35)  # an odd colour, which the built-in model need not know
        for sub, file, text in (("photos", ".png", None), ("masks", ".png", None), ("labelme", ".json", json.dumps(dict(shapes=shapes)))):
            f = folder / sub / (name + file)
            f.parent.mkdir(parents=True, exist_ok=True)
            f.write_text(text) if text else cv2.imwrite(str(f), m if sub == "masks" else x.clip(0, 255)[:, :, ::-1].astype(np.uint8))


class Finetune(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.dir = pathlib.Path(self.tmp.name)
        drawn(self.dir)

    def tearDown(self):
        self.tmp.cleanup()

    def test_labels(self):
        png, labelme = (labels.load(self.dir / "photos", self.dir / d) for d in ("masks", "labelme"))
        self.assertEqual(len(png), 8)
        for (n, _, a), (_, _, b) in zip(png, labelme):
            self.assertTrue((a == b).all(), n)
        for square in (dict(points=[[1, 1], [4, 1], [4, 3], [1, 3]]), dict(points=[[1, 1], [4, 3]], shape_type="rectangle")):
            self.assertEqual((labels.painted([dict(label="lesion") | square], 6, 6) == 2).sum(), 6)  # three by two: not a pixel more
        for f in (self.dir / "masks").rglob("*.png"):  # black and white: what is not lesion may be skin or background
            cv2.imwrite(str(f), np.where(cv2.imread(str(f), 0) == 2, 255, 0).astype(np.uint8))
        self.assertEqual(set(np.unique(labels.load(self.dir / "photos", self.dir / "masks")[0][2])), {2, 3})

    def test_restored(self):
        """The weights out of the eight-bit file of each expert say what the file says."""
        for name in ("dermoscopy", "others"):
            folder = pathlib.Path(finetune.alone(HERE.parent, name, self.dir / name))
            m = json.loads((folder / "manifest.json").read_text())
            _, net = finetune.restored(str(folder / m["file"]))
            size = m["input"]["size"]["width"]
            im = cv2.resize(labels.photo(HERE.parents[2] / "samples/arm/plaques.jpg"), (size, size))
            x = ((im / 255 - m["input"]["mean"]) / m["input"]["std"]).astype(np.float32).transpose(2, 0, 1)[None]
            said = ort.InferenceSession(str(folder / m["file"])).run(None, {m["input"]["name"]: x})[0].argmax(1)
            with torch.no_grad():
                self.assertGreater((net(torch.tensor(x)).argmax(1).numpy() == said).mean(), 0.985, name)

    def test_review(self):
        """As the report saves it, and as a spreadsheet saves it again."""
        for text in ("\ufeffpath,mark,note,mm_per_px,result\r\np/0.png,poor,hair,,1\r\np/1.png,redo,,,2\r\np/2.png,good,,,3\r\n'=4.png,poor,,,4\r\np/5.png,,,,5\r\n",
                     "path;mark;note\np/0.png;POOR;\np/1.png;redo;\n'=4.png;poor;\n"):
            (self.dir / "review.csv").write_text(text, encoding="utf-8")
            self.assertEqual(labels.set_aside(self.dir / "review.csv"), {"p/0.png", "p/1.png", "=4.png"})

    def test_groups(self):
        items = labels.load(self.dir / "photos", self.dir / "masks")
        group = finetune.groups(items, "")
        self.assertEqual(len(set(group)), 4)
        sides = [{n.split("/")[0] for n, *_ in p} for p in finetune.parts(items, group, 2, 0)]
        self.assertFalse(sides[0] & sides[1])

    def test_run(self):
        out, begin = self.dir / "my-model", self.dir / "begin"
        finetune.alone(HERE.parent, "others", begin)  # made to look at small pictures, so that the test is quick
        m = json.loads((begin / "manifest.json").read_text())
        m["input"]["size"] = dict(width=96, height=96)
        (begin / "manifest.json").write_text(json.dumps(m))
        drawn(self.dir, 10)
        (self.dir / "review.csv").write_text("path,mark\npatient4/0.png,poor\npatient4/1.png,redo\npatient0/0.png,good\n")
        subprocess.run([sys.executable, str(HERE / "finetune.py"), str(self.dir / "photos"), str(self.dir / "labelme"), "-o", str(out), "--model", str(begin),
                        "--folds", "2", "--steps", "6", "--review", str(self.dir / "review.csv")], check=True)
        m, report = (json.loads((out / f).read_text()) for f in ("manifest.json", "report.json"))
        self.assertEqual(m["name"], "my-model")
        self.assertEqual(m["sha256"], hashlib.sha256((out / "model.onnx").read_bytes()).hexdigest())
        self.assertEqual((report["photos"], report["groups"], len(report["by_photo"])), (8, 4, 8))
        size = m["input"]["size"]["width"]
        y = ort.InferenceSession(str(out / "model.onnx")).run(None, {"image": np.zeros((1, 3, size, size), np.float32)})[0]
        self.assertEqual(y.shape[:2], (1, 3))


if __name__ == "__main__":
    unittest.main()
