"""Training by the clock: `--minutes` of it, the learning rate at zero when they are over, resumable from its checkpoint.

python train.py --arch res --minutes 100 --work DIR [--stages 0:160:48,0.45:224:32,0.8:288:24:0.5]

A stage: the part of the time at which it begins, the picture size, the batch, and how strong the photometric changes are (1).
"""
import argparse, copy, json, multiprocessing as mp, os, time
import numpy as np, torch, torch.distributed as dist, torch.nn.functional as F
import data
from model import build, grown

MEAN, STD = (0.62, 0.48, 0.44), (0.23, 0.21, 0.21)
MIX = dict(ham10000=0.15, isic2017=0.08, pad_ufes=0.15, fuseg=0.10, ccp_skin=0.03, ccp_skin_crops=0.12, composed=0.37)


def sets_for(work, names):
    """The training sets and the scenes of these names; a name given twice counts twice, in the same memory."""
    scenes = {}
    for n in set(names):
        if os.path.exists(f"{work}/composed_{n}.npz"):
            z = np.load(f"{work}/composed_{n}.npz")
            scenes[n] = list(zip(z["x"], z["t"]))
    return data.load(work) | {"composed": [x for n in names for x in scenes.get(n, [])]}


def marginal_loss(logits, t):
    """Cross-entropy over what a pixel's code claims, and soft Dice per picture on lesion and on skin where annotated."""
    logits = F.interpolate(logits.float(), size=t.shape[1:], mode="bilinear", align_corners=False)
    lp = F.log_softmax(logits, 1)
    p = lp.exp()
    not_les = torch.log1p(-(p[:, 2]).clamp(max=1 - 1e-4))
    ce = torch.zeros_like(not_les)
    for c in range(3):
        ce = torch.where(t == c, lp[:, c], ce)
    ce = torch.where(t == 3, not_les, ce)
    ce = torch.where(t == 4, not_les + 0.4 * lp[:, 1], ce)
    known = (t != 255).float()
    loss = -(ce * known).sum() / known.sum().clamp(min=1)

    def dice(pc, y, m):
        pc, y = (pc * m).flatten(1), (y * m).flatten(1)
        n = y.sum(1)
        d = 1 - (2 * (pc * y).sum(1) + 1) / (pc.sum(1) + n + 1)
        on = (n > 6).float()
        return (d * on).sum(), on.sum()

    full = ((t == 0) | (t == 1) | (t == 2)).float()
    a, n = dice(p[:, 2], (t == 2).float(), known)
    b, k = dice(p[:, 1], (t == 1).float(), full)
    # Where nothing is a lesion, every bit of one costs, the first bits most: "no lesion" has to be said without a doubt.
    none = (full.flatten(1).mean(1) > 0.9) & ~(t == 2).flatten(1).any(1)
    area = (p[:, 2] * known).flatten(1).sum(1)
    false = (none * area / (area + 40)).sum() / none.sum().clamp(min=1)
    return loss + a / n.clamp(min=1) * 1.0 + b / k.clamp(min=1) * 0.4 + 0.09 * false


def val_sets(work, n=dict(ham10000=120, fuseg=90, ccp_skin_crops=90, composed=90, plaques=90)):
    v = data.load(work, val=True)
    for name, file in (("composed", "val"), ("plaques", "plaques_val")):
        z = np.load(f"{work}/composed_{file}.npz")
        v[name] = list(zip(z["x"], z["t"]))
    return {s: x[: n.get(s, 99)] for s, x in v.items() if s != "ccp_skin"}


@torch.no_grad()
def quick_eval(model, vs, size):
    """One pass, no threshold tuned; the mean Dice (lesion) or IoU (skin) by set."""
    from PIL import Image
    model.eval()
    out, mean, std = {}, torch.tensor(MEAN).view(1, 3, 1, 1), torch.tensor(STD).view(1, 3, 1, 1)
    for s, items in vs.items():
        d, iou, fp = [], [], []
        for im, t in items:
            x = torch.from_numpy(np.array(Image.fromarray(im).resize((size, size), Image.BILINEAR))).permute(2, 0, 1)[None].float() / 255
            y = F.interpolate(model(((x - mean) / std).contiguous(memory_format=torch.channels_last)), size=t.shape, mode="bilinear", align_corners=False)[0].argmax(0).numpy()
            if (t == 2).any():
                a, b = y == 2, t == 2
                d.append(2 * (a & b).sum() / max(1, a.sum() + b.sum()))
            if s.startswith("ccp") or s in ("composed", "plaques"):
                a, b = y == 1, t == 1
                iou.append((a & b).sum() / max(1, (a | b).sum()))
            if not (t == 2).any() and (t == 1).any():
                fp.append((y == 2).sum() / (t == 1).sum())
        out[s] = [round(float(np.mean(v)), 4) if v else None for v in (d, iou, fp)]
    model.train()
    return out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--arch", default="res")
    ap.add_argument("--minutes", type=float, default=100)
    ap.add_argument("--until", type=float, default=0, help="end at this time of the clock (seconds since 1970) instead")
    ap.add_argument("--work", default="work")
    ap.add_argument("--name", default="run")
    ap.add_argument("--stages", default="0:160:48,0.4:224:32,0.75:288:20")
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--composed", default="train")
    ap.add_argument("--eval-every", type=float, default=8)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--steps", type=int, default=0, help="so many steps instead of a time (to compare networks on equal pictures)")
    ap.add_argument("--ranks", type=int, default=2)
    ap.add_argument("--init", default="")
    a = ap.parse_args()
    sets, vs = sets_for(a.work, a.composed.split(",")), val_sets(a.work)
    print({k: len(v) for k, v in sets.items()}, {k: len(v) for k, v in vs.items()}, flush=True)
    rdv = f"{a.work}/.rendezvous-{os.getpid()}"
    t0 = time.time()
    ps = [mp.get_context("fork").Process(target=rank_main, args=(r, a, sets, vs, rdv, t0)) for r in range(a.ranks)]
    [p.start() for p in ps]
    [p.join() for p in ps]
    if os.path.exists(rdv):
        os.remove(rdv)
    raise SystemExit(int(any(p.exitcode for p in ps)))


def rank_main(rank, a, sets, vs, rdv, t0):
    """One of `--ranks` processes of one thread; gradients are averaged over them at every step."""
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    dist.init_process_group("gloo", init_method="file://" + rdv, rank=rank, world_size=a.ranks)
    stages = [tuple(float(v) for v in s.split(":")) for s in a.stages.split(",")]
    assert all(s[1] % 32 == 0 for s in stages), "sizes are multiples of 32"
    net = build(a.arch)
    if a.init:
        net.load_state_dict(grown(torch.load(a.init, weights_only=False)["ema"], net))
    net = net.to(memory_format=torch.channels_last).train()
    ema = copy.deepcopy(net)
    params = list(net.parameters())
    opt = torch.optim.AdamW([dict(params=[p for p in params if p.ndim > 1], weight_decay=0.03), dict(params=[p for p in params if p.ndim < 2], weight_decay=0)], lr=a.lr)
    ck, step, seen, spent = f"{a.work}/{a.name}.pt", 0, 0, 0.0
    if os.path.exists(ck):
        c = torch.load(ck, weights_only=False)
        net.load_state_dict(c["net"]); ema.load_state_dict(c["ema"]); opt.load_state_dict(c["opt"])
        step, seen, spent = c["step"], c["seen"], c["spent"]
        print("resumed", step, flush=True)
    t0 -= spent
    total = (a.until - t0) if a.until else a.minutes * 60
    sampler = data.Sampler(sets, MIX, a.seed * 100003 + step * 17 + rank)
    mean, std = torch.tensor(MEAN).view(1, 3, 1, 1) * 255, torch.tensor(STD).view(1, 3, 1, 1) * 255
    run, last_eval, last_log, last_save = [], time.time(), time.time(), time.time()
    clock = torch.zeros(1, dtype=torch.float64)
    while True:
        clock[0] = (time.time() - t0) / total if not a.steps else step / a.steps
        dist.broadcast(clock, 0)
        p = clock.item()
        if p >= 1:
            break
        _, size, bs, sampler.strength = (*[s for s in stages if p >= s[0]][-1], 1.0)[:4]
        size, bs = int(size), int(bs) // a.ranks
        lr = float(a.lr * min(1, (step + 1) / 200) * (0.5 * (1 + np.cos(np.pi * p)) * 0.995 + 0.005))
        for g in opt.param_groups:
            g["lr"] = lr
        x, t = sampler.batch(bs, size)
        x = torch.from_numpy(x).permute(0, 3, 1, 2).float().sub_(mean).div_(std)
        o = step % 4
        t = torch.from_numpy(np.ascontiguousarray(t[:, o % 2::2, o // 2::2]))
        loss = marginal_loss(net(x), t)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        flat = torch.cat([p.grad.contiguous().view(-1) for p in params])
        dist.all_reduce(flat)
        flat /= a.ranks
        flat *= (2.0 / (flat.norm() + 1e-6)).clamp(max=1)
        for p_, g in zip(params, flat.split([p.numel() for p in params])):
            p_.grad.copy_(g.view(p_.shape))
        opt.step()
        step += 1
        seen += bs * a.ranks
        run.append(loss.item())
        if rank:
            continue
        d = min(0.9985, (step + 1) / (step + 20))
        with torch.no_grad():
            for e, n in zip(ema.state_dict().values(), net.state_dict().values()):
                e.lerp_(n, 1 - d) if e.dtype.is_floating_point else e.copy_(n)
        now = time.time()
        if now - last_log > 60:
            print(json.dumps(dict(min=round((now - t0) / 60, 1), step=step, seen=seen, size=size, lr=round(lr, 6), loss=round(float(np.mean(run)), 4), ips=round(len(run) * bs * a.ranks / (now - last_log), 1))), flush=True)
            run, last_log = [], now
        if now - last_save > 240:
            torch.save(dict(net=net.state_dict(), ema=ema.state_dict(), opt=opt.state_dict(), step=step, seen=seen, spent=now - t0, arch=a.arch), ck + ".tmp")
            os.replace(ck + ".tmp", ck)
            last_save = time.time()
        if now - last_eval > a.eval_every * 60:
            print("val", json.dumps(quick_eval(ema, vs, int(stages[-1][1]))), flush=True)
            last_eval = time.time()
    if rank == 0:
        torch.save(dict(net=net.state_dict(), ema=ema.state_dict(), opt=opt.state_dict(), step=step, seen=seen, spent=total, arch=a.arch), ck)
        print("final", step, seen, "val", json.dumps({k: quick_eval(ema, vs, k) for k in sorted({int(s[1]) for s in stages[-2:]} | {size})}), flush=True)


if __name__ == "__main__":
    main()
