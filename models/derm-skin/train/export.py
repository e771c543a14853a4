"""From a checkpoint's averaged weights to model.onnx (weights stored in half precision, computed in single).

python export.py --ckpt work/main.pt --size 320 --out model.onnx
"""
import argparse
import numpy as np, onnx, torch
from onnx import helper, numpy_helper
from model import build


def halve(path):
    """Large weights as float16 with a Cast, which ONNX Runtime folds when it loads: half the file, the same speed."""
    m = onnx.load(path)
    g, casts = m.graph, []
    for i, w in enumerate(list(g.initializer)):
        a = numpy_helper.to_array(w)
        if a.dtype == np.float32 and a.size > 256:
            name = w.name
            h = numpy_helper.from_array(a.astype(np.float16), name + "_h")
            g.initializer.remove(w)
            g.initializer.append(h)
            casts.append(helper.make_node("Cast", [name + "_h"], [name], to=onnx.TensorProto.FLOAT))
    for c in reversed(casts):
        g.node.insert(0, c)
    m.producer_name, m.producer_version = "derm-skin", ""
    onnx.checker.check_model(m)
    onnx.save(m, path)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--ckpt", required=True)
    ap.add_argument("--size", type=int, default=320)
    ap.add_argument("--out", default="model.onnx")
    ap.add_argument("--fp32", action="store_true")
    a = ap.parse_args()
    c = torch.load(a.ckpt, map_location="cpu", weights_only=False)
    net = build(c["arch"])
    net.load_state_dict(c["ema"])
    net.eval()
    torch.onnx.export(net, torch.zeros(1, 3, a.size, a.size), a.out, input_names=["image"], output_names=["logits"], opset_version=17, dynamo=False)
    if not a.fp32:
        halve(a.out)
    print(c["arch"], "step", c["step"], "seen", c["seen"], "->", a.out)


if __name__ == "__main__":
    main()
