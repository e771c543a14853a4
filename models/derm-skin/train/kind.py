"""A very small network that tells dermoscopy from other photos, for experts.py: it sees 64 by 64 pixels.

python kind.py --work work --out work/kind.pt [--n 9000]
"""
import argparse, pickle
import cv2, numpy as np, torch, torch.nn as nn, torch.nn.functional as F
import data, stream

SIDE = 64
MIX = dict(ham10000=0.40, isic2017=0.10, pad_ufes=0.06, pad_ufes_more=0.12, fuseg=0.06, ccp_skin=0.02, ccp_skin_crops=0.03, faces=0.02, composed=0.04, drawn=0.15)


class Kind(nn.Module):
    """Colours from 0 to 1 in, the logit of dermoscopy out."""

    def __init__(self, channels=(16, 32, 48, 64)):
        super().__init__()
        layers, i = [], 3
        for o in channels:
            layers += [nn.Conv2d(i, o, 3, 2, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
            i = o
        self.body, self.last = nn.Sequential(*layers), nn.Linear(i, 1)

    def forward(self, x):
        return self.last(F.adaptive_avg_pool2d(self.body(x - 0.5), 1).flatten(1))


def pictures(work, n, seed):
    """Augmented training pictures, half of them dermoscopy, and which are."""
    sets = pickle.load(open(f"{work}/stream.pkl", "rb"))
    s = stream.Stream(sets, MIX, seed)
    x, y = np.empty((n, SIDE, SIDE, 3), np.uint8), np.empty(n, np.float32)
    for k in range(n):
        x[k] = cv2.resize(s.one(2 * SIDE)[0], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        y[k] = s.last in stream.DERMOSCOPY
    return torch.from_numpy(x).permute(0, 3, 1, 2), torch.from_numpy(y)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--work", default="work")
    ap.add_argument("--out", required=True)
    ap.add_argument("--n", type=int, default=9000)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    x, y = pictures(a.work, a.n, 77)
    net, epochs, size = Kind(), 24, 64
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.05)
    plan = torch.optim.lr_scheduler.OneCycleLR(opt, 3e-3, total_steps=epochs * (a.n // size))
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(a.n)[: a.n // size * size].view(-1, size):
            b = x[batch].float() / 255
            b = b.flip(3) if torch.rand(()) < 0.5 else b
            b = b.transpose(2, 3) if torch.rand(()) < 0.5 else b
            loss = F.binary_cross_entropy_with_logits(net(b)[:, 0], y[batch])
            opt.zero_grad()
            loss.backward()
            opt.step()
            plan.step()
            total += loss.item()
        print("epoch", epoch, round(total / (a.n // size), 4), flush=True)
    torch.save(net.state_dict(), a.out)
    net.eval()
    for s, photos in data.load(a.work, val=True).items():
        small = np.stack([cv2.resize(im, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for im, _ in photos])
        with torch.no_grad():
            p = net(torch.from_numpy(small).permute(0, 3, 1, 2).float() / 255)[:, 0].sigmoid()
        print(s, "taken for dermoscopy:", int((p > 0.5).sum()), "of", len(p), flush=True)


if __name__ == "__main__":
    main()
