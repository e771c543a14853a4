"""Training of lite.py by the clock, one process of one thread beside one generator (stream.py), resumable.

python train_lite.py --work DIR --name lite1 --minutes 95 [--init DIR/other.pt] [--stages 0:192:12,0.5:256:8,0.78:288:7]

A stage: the part of the time at which it begins, the picture size, the batch. Needs DIR/composed_*.npz (compose.py).
A CPU's time goes to memory here: bfloat16 but for depthwise filters, an encoder whose normalisation is fixed and whose
first blocks rest, and malloc that keeps what it has (run with MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000):
together 3.3 times the pictures a second of the plain way.
"""
import argparse, copy, json, os, pickle, time
import cv2, numpy as np, torch
import data, lite, stream
from evaluate import Predictor
from relabel import relabel
from train import marginal_loss, sets_for

EVERY = 240  # seconds between checkpoints


def training_sets(a):
    """All that is trained on, from a cache after the first time."""
    f = f"{a.work}/stream.pkl"
    if not os.path.exists(f):
        sets = sets_for(a.work, a.composed.split(","))
        sets = relabel(sets, a.teacher)
        sets["faces"] = stream.faces(sets["ccp_skin"], a.faces) if a.faces else []
        rng = np.random.default_rng(0)
        sets["ham10000"] = [sets["ham10000"][i] for i in rng.permutation(len(sets["ham10000"]))[: a.ham]]
        pickle.dump(sets, open(f, "wb"), protocol=5)
    return pickle.load(open(f, "rb"))


def normalised(x):
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) * 255 for v in (lite.MEAN, lite.STD))
    return torch.from_numpy(x).permute(0, 3, 1, 2).float().sub_(mean).div_(std).contiguous(memory_format=torch.channels_last)


def voice(folder):
    """What a teacher says of a picture: its probabilities at half the size."""
    if not folder:
        return None
    teacher = Predictor(folder, look=False)
    return lambda x: cv2.resize(teacher.soft(teacher.run(x)), (x.shape[1] // 2, x.shape[0] // 2), interpolation=cv2.INTER_LINEAR)


def taught_loss(y, said):
    """Cross-entropy to the teacher's probabilities, over the pixels of which it was asked."""
    p = said.permute(0, 3, 1, 2).float() / 255
    known = p.sum(1) > 0.5
    return -(p * y.float().log_softmax(1)).sum(1)[known].mean() if known.any() else y.sum() * 0


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--work", default="work")
    ap.add_argument("--name", default="lite1")
    ap.add_argument("--minutes", type=float, default=95)
    ap.add_argument("--until", type=float, default=0, help="end at this time of the clock (seconds since 1970) instead")
    ap.add_argument("--stages", default="0:192:12,0.5:256:8,0.78:288:7")
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--encoder", type=float, default=0.35, help="the encoder's part of that rate")
    ap.add_argument("--frozen", type=int, default=3, help="the encoder's first blocks that stay as they are")
    ap.add_argument("--init", default="", help="weights to begin with, instead of ImageNet's")
    ap.add_argument("--composed", default="train,train3")
    ap.add_argument("--teacher", default="..", help="the model folder that relabels")
    ap.add_argument("--taught-by", default="", help="a model folder whose probabilities are learnt besides the masks (pair.py)")
    ap.add_argument("--taught", type=float, default=0.5, help="how much they count")
    ap.add_argument("--faces", default="", help="a YuNet ONNX file, to cut faces from the street photos")
    ap.add_argument("--ham", type=int, default=5000, help="how many of the dermoscopy photos")
    ap.add_argument("--pool", type=int, default=2400)
    ap.add_argument("--first", type=int, default=800, help="pictures made before the training begins")
    ap.add_argument("--seed", type=int, default=1)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    stages = [tuple(float(v) for v in s.split(":")) for s in a.stages.split(",")]
    ck = f"{a.work}/{a.name}.pt"
    c = torch.load(ck, weights_only=False) if os.path.exists(ck) else None
    sets = training_sets(a)
    print({k: len(v) for k, v in sets.items()}, flush=True)
    at = lambda p: [s for s in stages if p >= s[0]][-1]
    t0 = time.time() - (c["spent"] if c else 0)
    total = (a.until - t0) if a.until else a.minutes * 60
    seed = a.seed * 100003 + (c["step"] if c else 0)
    pool = stream.Pool(f"{a.work}/{a.name}.pool", a.pool, int(max(s[1] for s in stages)), lambda: voice(a.taught_by))
    pool.size.value = int(at((time.time() - t0) / total)[1])
    pool.start(sets, stream.MIX, seed, a.first)
    del sets

    rng = np.random.default_rng(a.seed + (c["step"] if c else 0))
    net = lite.Lite()
    if c or a.init:
        net.load_state_dict((c or torch.load(a.init, weights_only=False))["net" if c else "ema"])
    else:
        net.enc.load_imagenet()
        lite.settle(net, (normalised(pool.batch(rng, 24, pool.size.value)[0]) for _ in range(16)))
    net.fix(a.frozen)
    net = net.to(memory_format=torch.channels_last).train()
    ema = copy.deepcopy(net)
    groups = [dict(params=[p], weight_decay=0.02 if p.ndim > 1 else 0, part=a.encoder if n.startswith("enc.") else 1.0) for n, p in net.named_parameters() if p.requires_grad]
    opt = torch.optim.AdamW(groups, lr=a.lr)
    step = seen = 0
    if c:
        ema.load_state_dict(c["ema"]); opt.load_state_dict(c["opt"])
        step, seen = c["step"], c["seen"]
        print("resumed", step, flush=True)
    run, logged, saved, wait, counted = [], time.time(), time.time(), 0.0, seen
    while (p := (time.time() - t0) / total) < 1:
        _, size, bs = (int(v) for v in at(p))
        pool.size.value = int(at(p + 240 / total)[1])  # the generator goes ahead, so that a stage begins with a full pool
        lr = a.lr * min(1, (step + 1) / 100) * (0.5 * (1 + np.cos(np.pi * p)) * 0.99 + 0.01)
        for g in opt.param_groups:
            g["lr"] = float(lr * g["part"])
        w = time.time()
        x, t, said = pool.batch(rng, bs, size)
        wait += time.time() - w
        o = step % 4  # the loss sees one pixel of each cell of four, in turn
        t = torch.from_numpy(np.ascontiguousarray(t[:, o % 2 :: 2, o // 2 :: 2]))
        with torch.autocast("cpu", torch.bfloat16):
            y = net(normalised(x))
        loss = marginal_loss(y, t)
        if a.taught_by:
            loss = loss + a.taught * taught_loss(y, torch.from_numpy(said))
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([q for g in opt.param_groups for q in g["params"]], 2.0)
        opt.step()
        step, seen = step + 1, seen + bs
        run.append(loss.item())
        d = min(0.998, (step + 1) / (step + 12))
        with torch.no_grad():
            for e, n in zip(ema.state_dict().values(), net.state_dict().values()):
                e.lerp_(n, 1 - d) if e.dtype.is_floating_point else e.copy_(n)
        now = time.time()
        if now - logged > 60:
            print(json.dumps(dict(min=round((now - t0) / 60, 1), step=step, seen=seen, size=size, lr=round(float(lr), 6), loss=round(float(np.mean(run)), 4),
                                  a_second=round((seen - counted) / (now - logged), 1), waited=round(wait / (now - logged), 2), drawn=pool.made.value)), flush=True)
            run, logged, wait, counted = [], now, 0.0, seen
        if now - saved > EVERY:
            save(ck, net, ema, opt, step, seen, now - t0)
            saved = time.time()
    save(ck, net, ema, opt, step, seen, total)
    print("final", step, seen, flush=True)


def save(ck, net, ema, opt, step, seen, spent):
    torch.save(dict(arch="lite", net=net.state_dict(), ema=ema.state_dict(), opt=opt.state_dict(), step=step, seen=seen, spent=spent), ck + ".tmp")
    os.replace(ck + ".tmp", ck)


if __name__ == "__main__":
    main()
