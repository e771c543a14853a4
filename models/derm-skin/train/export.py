"""From a checkpoint's averaged weights to model.onnx (weights stored in half precision, computed in single).

python export.py --ckpt work/main.pt --size 320 --out model.onnx
"""
import argparse
import numpy as np, onnx, torch
from onnx import helper, numpy_helper
from lite import plain
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


def join_pads(path):
    """Paddings become part of the convolutions that follow them: on their own they cost a third of the time in eight bits."""
    m = onnx.load(path)
    g = m.graph
    known = {i.name: numpy_helper.to_array(i) for i in g.initializer} | {n.output[0]: numpy_helper.to_array(n.attribute[0].t) for n in g.node if n.op_type == "Constant"}
    pads = {n.output[0]: n for n in g.node if n.op_type == "Pad"}
    for n in g.node:
        if n.op_type == "Conv" and n.input[0] in pads:
            p = pads[n.input[0]]
            top, left, bottom, right = (int(v) for v in known[p.input[1]][[2, 3, 6, 7]])
            at = next(a for a in n.attribute if a.name == "pads")
            at.ints[:] = [top, left, bottom, right]
            n.input[0] = p.input[0]
    for p in pads.values():
        g.node.remove(p)
    onnx.checker.check_model(m)
    onnx.save(m, path)


def to_onnx(net, size, out):
    torch.onnx.export(plain(net), torch.zeros(1, 3, size, size), out, input_names=["image"], output_names=["logits"], opset_version=17, dynamo=False)


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
    to_onnx(net, a.size, a.out)
    if not a.fp32:
        halve(a.out)
    print(c["arch"], "step", c["step"], "seen", c["seen"], "->", a.out)


if __name__ == "__main__":
    main()
