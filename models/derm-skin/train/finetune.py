"""A model for your own study, from the built-in one and your photos with masks:

python finetune.py PHOTOS MASKS -o my-model [--minutes 50] [--keep PHOTOS_WITHOUT_MASKS] [--groups groups.csv] [--review review.csv]

MASKS is a folder of PNG masks or of LabelMe files (labels.py says how they are found and read). Nothing else is needed:
the weights come out of ../model.onnx (of its two networks the one for photos that are no dermoscopy; --dermoscopy takes the other). In each of --folds rounds the model learns from the other groups and is measured on
this one, before and after; then it learns from all, for as long as was best in the rounds. Written are my-model/model.onnx,
manifest.json (for `derm-seg run --model my-model`) and report.json.

So that it does not forget: in a quarter of what it learns from, the right answer is what the built-in model says (on --keep,
otherwise on the drawn samples of the project), and --blend of the way back to the old weights is taken at the end.
"""
import argparse, copy, csv, json, pathlib, re, tempfile, time
import numpy as np, onnx, torch, torch.nn.functional as F
from onnx import numpy_helper
from PIL import Image
import data, labels
from evaluate import dice, interval
from experts import alone
from export import to_onnx
from lite import ConvNorm
from model import ARCH, build
from quantize import Pictures, eight_bits
from train import marginal_loss

HERE = pathlib.Path(__file__).resolve().parent
BATCH, KEPT = 6, 2  # photos with masks, and without, in a step
data.GEOMETRY["own"] = (0.6, 1.15, 0.1, 2)


# ------------------------------------------------------------------ the built-in model, to be trained again
def convolutions(path):
    """{name of the layer: (weights, bias)} of an ONNX file in eight bits or in floats."""
    g = onnx.load(path).graph
    value = {i.name: numpy_helper.to_array(i) for i in g.initializer}
    for n in g.node:
        if n.op_type in ("DequantizeLinear", "Cast") and n.input[0] in value:
            v = value[n.input[0]].astype(np.float32)
            if n.op_type == "DequantizeLinear":  # symmetric, one scale for each output channel
                v = v * value[n.input[1]].reshape(-1, *[1] * (v.ndim - 1))
            value[n.output[0]] = v
    out = {}
    for n in g.node:
        if n.op_type == "Conv":
            name = []
            for part in n.name.strip("/").split("/")[:-1]:  # "stages.0/stages.0.0/f/f.1" is stages.0.0.f.1
                if name and part.startswith(name[-1] + "."):
                    name[-1] = part
                else:
                    name.append(part)
            out[".".join(name)] = [value[i] for i in n.input[1:]]
    return out


def restored(path):
    """The network whose layers these are, with their weights; normalisations are part of them and stay."""
    convs = convolutions(path)
    for arch in ("lite", *ARCH):
        net = build(arch)
        parts = {n: m for n, m in net.named_modules() if isinstance(m, (torch.nn.Conv2d, ConvNorm))}
        if parts.keys() == convs.keys() and all(parts[n].weight.shape == w.shape for n, (w, _) in convs.items()):
            break
    else:
        raise SystemExit(f"{path} is none of the networks in model.py and lite.py")
    modules = dict(net.named_modules())
    with torch.no_grad():
        for n, (w, b) in convs.items():
            m, b = parts[n], torch.tensor(b)
            m.weight.copy_(torch.tensor(w))
            if isinstance(m, ConvNorm):
                m.beta.copy_(b), m.gamma.fill_(1), m.mean.zero_(), m.var.fill_(1 - m.eps)
            elif m.bias is not None:
                m.bias.copy_(b)
            else:
                norm = modules[n.rpartition(".")[0] + ".1"]
                norm.bias.copy_(b), norm.weight.fill_(1), norm.running_mean.zero_(), norm.running_var.fill_(1 - norm.eps)
    return arch, net.eval().to(memory_format=torch.channels_last)  # eval: statistics stay while weights learn


# ------------------------------------------------------------------ learning and measuring
class Own(data.Sampler):
    def __init__(self, items, seed):
        super().__init__({"own": items}, {"own": 1.0}, seed)

    def one(self, size):
        x, t = self.warp("own", size)
        return data.photometric(self.rng, x, 0.7), t


class Study:
    """What all rounds share: the old model, its input, the photos that it keeps its answers on."""

    def __init__(self, a):
        with tempfile.TemporaryDirectory() as tmp:
            folder = alone(a.model, "dermoscopy" if a.dermoscopy else "others", tmp)
            self.m = json.loads(pathlib.Path(folder, "manifest.json").read_text())
            self.arch, self.old = restored(f"{folder}/{self.m['file']}")
        self.size = self.m["input"]["size"]["width"]
        self.mean, self.std = (torch.tensor(self.m["input"][k]).view(1, 3, 1, 1) for k in ("mean", "std"))
        self.keep = [labels.reduced(x := labels.photo(p), np.zeros(x.shape[:2], np.uint8)) for p in labels.found(a.keep)[:2000]]
        self.lr, self.blend, self.steps = a.lr, a.blend, a.steps

    def normal(self, x):
        return ((torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255 - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def dice(self, net, items):
        """The lesion's Dice by photo, one look; a photo without a lesion counts as 1 where none is marked and 0 where one is."""
        threshold, T, out = self.m["output"]["thresholds"]["lesion"], self.m["output"]["temperature"], []
        for _, im, t in items:
            x = np.array(Image.fromarray(im).resize((self.size, self.size), Image.BILINEAR))[None]
            p = F.softmax(F.interpolate(net(self.normal(x)), size=t.shape, mode="bilinear", align_corners=False) / T, 1)[0, 2].numpy()
            y, les = (p >= threshold) & (t != 255), t == 2
            out.append(dice(y, les) if les.any() else float(not y.any()))
        return out

    def agreement(self, net):
        """How much of what the old model marks on the kept photos the new one still marks: mean Dice of the two."""
        size = lambda im: np.array(Image.fromarray(im).resize((self.size, self.size), Image.BILINEAR))[None]
        marked = lambda n, im: (n(self.normal(size(im))).argmax(1) == 2).numpy()
        with torch.no_grad():
            pairs = [(marked(self.old, im), marked(net, im)) for im, _ in self.keep[:100]]
        return float(np.mean([dice(a, b) if (a | b).any() else 1.0 for a, b in pairs])) if pairs else None

    def learn(self, items, judge, until, seed, steps=0):
        """(network, its step, the scores on the way). With `judge` photos: the step that is best on them, 0 for the old model;
        without: after `steps`. Ends at the time `until` in any case."""
        torch.manual_seed(seed)
        net, own = copy.deepcopy(self.old), Own([(im, t) for _, im, t in items], seed)
        kept = Own(self.keep, seed + 1) if self.keep else None
        opt = torch.optim.AdamW(net.parameters(), lr=self.lr, weight_decay=0)
        best, way, every = (net, 0), [], max(1, min(20, (self.steps or steps) // 3))
        if judge:
            way.append((0, float(np.mean(self.dice(net, judge)))))
        mean = copy.deepcopy(net)  # of the weights on the way
        for step in range(1, (self.steps or 10**6 if judge else steps) + 1):
            for g in opt.param_groups:
                g["lr"] = self.lr * min(1, step / 20)
            x, t = own.batch(BATCH, self.size)
            o = step % 4
            loss = marginal_loss(net(self.normal(x)), torch.from_numpy(np.ascontiguousarray(t[:, o % 2 :: 2, o // 2 :: 2])))
            if kept:
                z = self.normal(kept.batch(KEPT, self.size)[0])
                with torch.no_grad():
                    answer = F.softmax(self.old(z), 1)
                loss = loss + F.cross_entropy(net(z), answer) * KEPT / BATCH
            opt.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            opt.step()
            with torch.no_grad():
                for e, n in zip(mean.parameters(), net.parameters()):
                    e.lerp_(n, max(0.02, 1 / step))
            if judge and step % every == 0:
                way.append((step, float(np.mean(self.dice(mean, judge)))))
                if way[-1][1] > max(s for _, s in way[:-1]):
                    best = (copy.deepcopy(mean), step)
                elif step - best[1] >= 8 * every:
                    break
            if time.time() > until:
                break
        net, step = best if judge else (mean, steps)
        with torch.no_grad():
            for n, o in zip(net.parameters(), self.old.parameters()):
                n.lerp_(o, self.blend)
        return net, step, way


# ------------------------------------------------------------------ groups and rounds
def groups(items, file):
    """A group for each photo: from a CSV with the columns photo and group; else its folder, or itself where there are no folders."""
    names = [n for n, *_ in items]
    if file:
        given = {r["photo"]: r["group"] for r in csv.DictReader(open(file))}
        if missing := [n for n in names if n not in given]:
            raise SystemExit(f"{file} has no group for {missing[0]} and {len(missing) - 1} more")
        return [given[n] for n in names]
    folders = [str(pathlib.PurePosixPath(n).parent) for n in names]
    return folders if len(set(folders)) > 1 else names


def parts(items, group, k, seed):
    """k lists of photos of about the same length; a group is in one only."""
    order, out = list(dict.fromkeys(group)), [[] for _ in range(k)]
    np.random.default_rng(seed).shuffle(order)
    for g in order:
        min(out, key=len).extend(i for i, x in zip(items, group) if x == g)
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("photos")
    ap.add_argument("masks")
    ap.add_argument("-o", "--out", required=True)
    ap.add_argument("--model", default=str(HERE.parent), help="the model folder to begin with")
    ap.add_argument("--dermoscopy", action="store_true", help="the photos are dermoscopy: adapt the network that is asked about those, not the one for all others")
    ap.add_argument("--keep", default=str(HERE.parents[2] / "samples"), help="photos without masks on which the old answers stay right")
    ap.add_argument("--groups", default="", help="CSV with the columns photo and group (patient); else a photo's folder is its group")
    ap.add_argument("--review", default="", help="review.csv from derm-seg's report: photos marked poor or redo are left out")
    ap.add_argument("--minutes", type=float, default=50, help="for all of it")
    ap.add_argument("--folds", type=int, default=3)
    ap.add_argument("--steps", type=int, default=0, help="so many steps at most in a round")
    ap.add_argument("--lr", type=float, default=3e-4)
    ap.add_argument("--blend", type=float, default=0.2)
    ap.add_argument("--seed", type=int, default=1)
    a = ap.parse_args()
    out = pathlib.Path(a.out)
    if out.exists() and any(out.iterdir()):
        raise SystemExit(f"{out} is not empty")
    begun, study = time.time(), Study(a)
    items = labels.load(a.photos, a.masks)
    if a.review:
        aside = labels.set_aside(a.review)
        print(f"marked poor or redo, and left out: {sum(n in aside for n, *_ in items)} of {len(items)} photos", flush=True)
        items = [i for i in items if i[0] not in aside]
    group = dict(zip((n for n, *_ in items), groups(items, a.groups)))
    if len(set(group.values())) < 2 * a.folds:
        raise SystemExit(f"{len(set(group.values()))} groups are too few for {a.folds} rounds; a round needs two")
    of = lambda some: [group[n] for n, *_ in some]
    turn = a.minutes * 60 / (a.folds + 1)
    rounds, steps, folds = [], [], parts(items, of(items), a.folds, a.seed)
    for k, held in enumerate(folds):
        rest = [i for f in folds if f is not held for i in f]
        judge, *learn = parts(rest, of(rest), min(4, len(set(of(rest)))), a.seed + k)
        net, step, way = study.learn(sum(learn, []), judge, begun + (k + 1) * turn, a.seed + k)
        steps.append(step)
        rounds += [dict(photo=n, group=group[n], before=b, after=c) for (n, *_), b, c in zip(held, study.dice(study.old, held), study.dice(net, held))]
        print(f"round {k + 1} of {a.folds}: best after {step} steps", json.dumps([[s, round(v, 3)] for s, v in way]), flush=True)
    gain = {}
    for r in rounds:
        gain.setdefault(r["group"], []).append(r["after"] - r["before"])
    gain = interval([np.mean(v) for v in gain.values()], np.random.default_rng(0))
    before, after = (float(np.mean([r[k] for r in rounds])) for k in ("before", "after"))
    net, *_ = study.learn(items, [], begun + 1.2 * a.minutes * 60, a.seed, steps=int(np.median(steps)))
    print(f"photos never learnt from: Dice {before:.3f} before, {after:.3f} after; gain by group {gain[0]:+.3f} ({gain[1]:+.3f} to {gain[2]:+.3f}, {gain[3]} groups)")

    out.mkdir(parents=True, exist_ok=True)
    m = copy.deepcopy(study.m)
    m["name"], m["version"], m["file"] = re.sub(r"[^a-z0-9._-]+", "-", out.resolve().name.lower()), "1.0.0", "model.onnx"
    m["output"]["thresholds_source"] = f"those of {study.m['name']} {study.m['version']}"
    m["provenance"] = dict(data=[f"{study.m['name']} {study.m['version']}", f"{len(items)} photos of {len(set(group.values()))} groups"],
                           metrics=dict(where="photos never learnt from, in float32, one look; intervals by group in report.json", dice_before=round(before, 4), dice_after=round(after, 4)),
                           notes=f"Adapted with train/finetune.py for {int(np.median(steps))} steps. Research use only.")
    m["intended_use"] = "Research use only, best effort: photos like those it was adapted on. Not a medical device."
    with tempfile.TemporaryDirectory() as tmp:
        to_onnx(net, study.size, f"{tmp}/float.onnx")
        many = Own([(im, t) for _, im, t in items] + study.keep, a.seed)
        eight_bits(f"{tmp}/float.onnx", str(out), m, Pictures(many, m["input"]["mean"], m["input"]["std"], study.size, 60))
    report = dict(photos=len(items), groups=len(set(group.values())), steps=steps, dice_before=before, dice_after=after, gain_by_group=gain,
                  agreement_with_old_on_kept=study.agreement(net), minutes=round((time.time() - begun) / 60, 1), by_photo=rounds)
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
