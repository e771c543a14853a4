"""From float32 to what ships: activations in eight bits, weights in seven, which no processor's eight-bit sums can overflow.

python quantize.py --ckpt work/run5.pt --model .. --work work --out ..
"""
import argparse, hashlib, json, os, subprocess, sys
import numpy as np
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
import data
from train import MEAN, MIX, STD


class Pictures(CalibrationDataReader):
    """Augmented training pictures, in the shares of the training; never validation groups."""

    def __init__(self, work, size, n):
        sampler = data.Sampler(data.load(work) | {"composed": []}, MIX, 5)
        x = sampler.batch(n, size)[0].astype(np.float32) / 255
        self.left = iter(((x - np.float32(MEAN)) / np.float32(STD)).transpose(0, 3, 1, 2))

    def get_next(self):
        x = next(self.left, None)
        return None if x is None else {"image": np.ascontiguousarray(x[None])}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--ckpt", required=True)
    ap.add_argument("--model", default="..", help="the folder whose manifest it takes")
    ap.add_argument("--work", default="work")
    ap.add_argument("--n", type=int, default=160)
    ap.add_argument("--out", required=True)
    a = ap.parse_args()
    os.makedirs(a.out, exist_ok=True)
    m = json.load(open(f"{a.model}/manifest.json"))
    size, whole, tidy, small = m["input"]["size"]["width"], f"{a.out}/float.onnx", f"{a.out}/tidy.onnx", f"{a.out}/model.onnx"
    subprocess.run([sys.executable, "export.py", "--ckpt", a.ckpt, "--size", str(size), "--out", whole, "--fp32"], check=True)
    quant_pre_process(whole, tidy)
    quantize_static(tidy, small, Pictures(a.work, size, a.n), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax, reduce_range=True)
    m["sha256"] = hashlib.sha256(open(small, "rb").read()).hexdigest()
    with open(f"{a.out}/manifest.json", "w") as f:
        f.write(json.dumps(m, indent=2) + "\n")
    os.remove(whole), os.remove(tidy)
    print(os.path.getsize(small), "bytes ->", small)


if __name__ == "__main__":
    main()
