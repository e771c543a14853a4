"""Speed of the candidates: training pictures a second in PyTorch, and milliseconds on one thread in ONNX Runtime."""
import sys, time, tempfile, os
import numpy as np, torch, onnxruntime as ort
from model import ARCH, build
torch.set_num_threads(2)


def ort_ms(m, size, n=30):
    m.eval()
    f = tempfile.mktemp(suffix=".onnx")
    torch.onnx.export(m, torch.zeros(1, 3, size, size), f, input_names=["image"], output_names=["logits"], opset_version=17, dynamo=False)
    so = ort.SessionOptions(); so.intra_op_num_threads = 1; so.inter_op_num_threads = 1
    s = ort.InferenceSession(f, so, providers=["CPUExecutionProvider"])
    x = np.random.randn(1, 3, size, size).astype(np.float32)
    t = []
    for _ in range(n):
        a = time.perf_counter(); s.run(None, {"image": x}); t.append(time.perf_counter() - a)
    b = os.path.getsize(f); os.remove(f)
    return 1e3 * float(np.median(t)), b


def train_ips(m, size, bs=32, bf16=False, n=4):
    m = m.train().to(memory_format=torch.channels_last)
    x = torch.randn(bs, 3, size, size).contiguous(memory_format=torch.channels_last)
    for k in range(n + 1):
        if k == 1: a = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            y = m(x)
        y.float().square().mean().backward()
    return bs * n / (time.perf_counter() - a)


if __name__ == "__main__":
    names = sys.argv[1:] or ["mnv2-unet"] + list(ARCH)
    print("%-10s %8s %8s %8s %8s | train img/s at 192: fp32, bf16" % ("arch", "params", "ms@256", "ms@320", "ms@384"))
    for a in names:
        p = sum(q.numel() for q in build(a).parameters())
        ms = [ort_ms(build(a), s)[0] for s in (256, 320, 384)]
        tr = [train_ips(build(a), 192, bf16=h) for h in (False, True)]
        print("%-10s %8d %8.1f %8.1f %8.1f | %.1f %.1f" % (a, p, *ms, *tr), flush=True)
