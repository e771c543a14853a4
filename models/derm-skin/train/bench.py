"""Speed: milliseconds on one thread in ONNX Runtime, all in turn in one run, the fastest of many.

python bench.py --model .. --work work --out speed.json     what ships, beside the yardstick: on a dermoscopy photo and on another, the slower counts
python bench.py                                 every network, also training pictures a second
"""
import argparse, json, os, tempfile, time
import numpy as np, onnxruntime as ort, torch
import data
from evaluate import Predictor
from model import ARCH, build

YARDSTICK = ("mnv2-unet", 384)


def session(path):
    so = ort.SessionOptions()
    so.intra_op_num_threads = so.inter_op_num_threads = 1
    return ort.InferenceSession(path, so, providers=["CPUExecutionProvider"])


def exported(name, size):
    f = tempfile.mktemp(suffix=".onnx")
    torch.onnx.export(build(name).eval(), torch.zeros(1, 3, size, size), f, input_names=["image"], output_names=["logits"], opset_version=17, dynamo=False)
    s, n = session(f), os.path.getsize(f)
    os.remove(f)
    return s, n


def fastest(sessions, rounds=40):
    """Milliseconds of each {name: (session, picture)}; taken in turn, so that other work on the machine disturbs all alike."""
    best = dict.fromkeys(sessions, 1e9)
    for _ in range(rounds):
        for name, (s, x) in sessions.items():
            i = s.get_inputs()[0]
            x = np.random.default_rng(0).standard_normal(i.shape, np.float32) if x is None else x
            a = time.perf_counter()
            s.run(None, {i.name: x})
            best[name] = min(best[name], 1e3 * (time.perf_counter() - a))
    return best


def training_rate(m, size=192, bs=32, n=4):
    m = m.train().to(memory_format=torch.channels_last)
    x = torch.randn(bs, 3, size, size).contiguous(memory_format=torch.channels_last)
    for k in range(n + 1):
        if k == 1:
            a = time.perf_counter()
        m(x).square().mean().backward()
    return bs * n / (time.perf_counter() - a)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--model", default="")
    ap.add_argument("--work", default="work")
    ap.add_argument("--out", default="")
    a = ap.parse_args()
    yard, _ = exported(*YARDSTICK)
    if a.model:
        f = f"{a.model}/model.onnx"
        val, pred = data.load(a.work, val=True), Predictor(a.model)
        t = fastest({s: (session(f), pred.tensor(val[s][0][0])) for s in ("ham10000", "fuseg")} | {"yardstick": (yard, None)})
        t["ours"] = max(t["ham10000"], t["fuseg"])
        passes = 2 if "second_look" in json.load(open(f"{a.model}/manifest.json")) else 1
        speed = dict(one_pass_ms=round(t["ours"], 2), two_passes_ms=round(passes * t["ours"], 2), yardstick_ms=round(t["yardstick"], 2), bytes=os.path.getsize(f))
        print(json.dumps(speed))
        if a.out:
            json.dump(speed, open(a.out, "w"))
        return
    made = {(n, s): exported(n, s) for n in ARCH for s in (224, 288, 320)}
    t = fastest({k: (v[0], None) for k, v in made.items()} | {YARDSTICK: (yard, None)})
    torch.set_num_threads(2)
    for (n, s), ms in t.items():
        p = sum(q.numel() for q in build(n).parameters())
        print(f"{n:10} {s} px  {p / 1e6:.2f} M  {ms:.1f} ms  trains {training_rate(build(n)):.0f} pictures a second", flush=True)


if __name__ == "__main__":
    main()
