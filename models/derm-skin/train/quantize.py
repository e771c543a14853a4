"""From float32 to what ships: activations in eight bits, weights in seven, which no processor's eight-bit sums can overflow.

python quantize.py --ckpt work/run5.pt --model .. --work work --out ..
"""
import argparse, hashlib, json, os, pickle
import numpy as np
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
import torch
import data, lite, stream, train
from export import join_pads, to_onnx
from model import build


class Pictures(CalibrationDataReader):
    """Augmented training pictures, in the shares of the training; never validation groups."""

    def __init__(self, sampler, mean, std, size, n):
        x = sampler.batch(n, size)[0].astype(np.float32) / 255
        self.left = iter(((x - np.float32(mean)) / np.float32(std)).transpose(0, 3, 1, 2))

    def get_next(self):
        x = next(self.left, None)
        return None if x is None else {"image": np.ascontiguousarray(x[None])}


def eight_bits(whole, folder, m, pictures):
    """model.onnx and manifest.json in `folder`, from a graph with float weights, a manifest and pictures to measure ranges on."""
    tidy, small = f"{folder}/tidy.onnx", f"{folder}/model.onnx"
    quant_pre_process(whole, tidy)
    join_pads(tidy)
    quantize_static(tidy, small, pictures, quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax, reduce_range=True)
    os.remove(tidy)
    m["sha256"] = hashlib.sha256(open(small, "rb").read()).hexdigest()
    with open(f"{folder}/manifest.json", "w") as f:
        f.write(json.dumps(m, indent=2) + "\n")
    print(os.path.getsize(small), "bytes ->", small)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--ckpt", required=True)
    ap.add_argument("--model", default="..", help="the folder whose manifest it takes")
    ap.add_argument("--work", default="work")
    ap.add_argument("--n", type=int, default=160)
    ap.add_argument("--size", type=int, default=0, help="of the input, instead of the manifest's")
    ap.add_argument("--out", required=True)
    a = ap.parse_args()
    os.makedirs(a.out, exist_ok=True)
    m = json.load(open(f"{a.model}/manifest.json"))
    if a.size:
        m["input"]["size"] = dict(width=a.size, height=a.size)
    size, whole = m["input"]["size"]["width"], f"{a.out}/float.onnx"
    c = torch.load(a.ckpt, map_location="cpu", weights_only=False)
    if c["arch"] == "lite":
        mean, std, sampler = lite.MEAN, lite.STD, stream.Stream(pickle.load(open(f"{a.work}/stream.pkl", "rb")), stream.MIX, 5)
    else:
        mean, std, sampler = train.MEAN, train.STD, data.Sampler(data.load(a.work) | {"composed": []}, train.MIX, 5)
    m["input"]["mean"], m["input"]["std"] = mean, std
    net = build(c["arch"])
    net.load_state_dict(c["ema"])
    to_onnx(net, size, whole)
    eight_bits(whole, a.out, m, Pictures(sampler, mean, std, size, a.n))
    os.remove(whole)


if __name__ == "__main__":
    main()
