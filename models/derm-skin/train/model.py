"""The networks that were compared up to 1.3.0, and the one that ships. The next one is in lite.py.

All are U-shaped: a stem to stride 4, an encoder to stride 32 with a global context, and a light decoder back to
stride 4, whose three logits the program enlarges to the photo. They differ in their blocks:
  res    two dense 3x3 convolutions (basic residual block)
  fused  3x3 that widens, then 1x1 back (fused inverted residual, EfficientNetV2)
  mb     1x1 that widens, 3x3 by channel, 1x1 back (inverted residual, MobileNet)
  unext  basic residual blocks early, token-mixing by 7x7 channel-wise convolution and an MLP late (UNeXt-like)
"""
import torch
import torch.nn as nn
import torch.nn.functional as F
from lite import Lite


def cbr(i, o, k=3, s=1, g=1, act=True):
    m = [nn.Conv2d(i, o, k, s, k // 2, groups=g, bias=False), nn.BatchNorm2d(o)]
    return nn.Sequential(*m, nn.ReLU(inplace=True)) if act else nn.Sequential(*m)


class Block(nn.Module):
    def __init__(self, kind, i, o, s=1, e=2):
        super().__init__()
        self.skip = i == o and s == 1
        self.relu = kind == "res"
        if kind == "res":
            self.f = nn.Sequential(cbr(i, o, 3, s), cbr(o, o, 3, act=False))
            self.short = nn.Identity() if self.skip else cbr(i, o, 1 if s == 1 else 2, s, act=False)
            if s == 2:
                self.short[0].padding = (0, 0)
        elif kind == "fused":
            self.f = nn.Sequential(cbr(i, e * i, 3, s), cbr(e * i, o, 1, act=False))
        elif kind == "mb":
            self.f = nn.Sequential(cbr(i, e * i, 1), cbr(e * i, e * i, 3, s, g=e * i), cbr(e * i, o, 1, act=False))
        elif kind == "mix":
            self.f = nn.Sequential(cbr(i, i, 7, 1, g=i, act=False), cbr(i, e * i, 1), cbr(e * i, o, 1, act=False))
        nn.init.zeros_(self.f[-1][1].weight) if self.skip else None

    def forward(self, x):
        y = self.f(x)
        if self.relu:
            return F.relu(y + self.short(x), inplace=True)
        return x + y if self.skip else y


class Net(nn.Module):
    def __init__(self, kind="res", width=(32, 48, 96, 128), depth=(1, 2, 3, 2), dec=(64, 48, 32), stem=16, e=3, split=1):
        super().__init__()
        self.stem = nn.Sequential(cbr(3, stem, 3, 2), cbr(stem, width[0], 3, 2))
        late = {"unext": "mix"}.get(kind, kind)
        early = {"unext": "res"}.get(kind, kind)
        stages, c = [], width[0]
        for n, (w, d) in enumerate(zip(width, depth)):
            bl = []
            for b in range(d):
                s = 2 if (n > 0 and b == 0) else 1
                k = early if n < 2 or s == 2 else late
                bl.append(Block(k, c, w, s, e))
                c = w
            stages.append(nn.Sequential(*bl))
        self.stages = nn.ModuleList(stages)
        self.ctx = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, c, 1), nn.ReLU(inplace=True), nn.Conv2d(c, c, 1))
        self.lat = nn.ModuleList([nn.Conv2d(c, dec[0], 1)] + [nn.Conv2d(w, d, 1) for w, d in zip(width[-2::-1], dec)])
        up = []
        for n, d in enumerate(dec):
            nxt = dec[min(n + 1, len(dec) - 1)]
            up.append(cbr(d, nxt, 3))
        self.up = nn.ModuleList(up)
        self.last = cbr(dec[-1], dec[-1], 3)
        self.split = split
        self.head = nn.Conv2d(dec[-1], 3 * split**2, 1)

    def forward(self, x):
        x = self.stem(x)
        fs = []
        for s in self.stages:
            x = s(x)
            fs.append(x)
        x = F.relu(x + self.ctx(x))
        x = self.lat[0](x)
        for n, f in enumerate(fs[-2::-1]):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = self.up[n](F.relu(x + self.lat[n + 1](f)))
        x = self.head(self.last(x))
        return F.pixel_shuffle(x, self.split) if self.split > 1 else x


class MobileNetV2UNet(nn.Module):
    """The yardstick for speed: MobileNetV2 encoder, U-Net decoder, about 1.9 M parameters."""

    def __init__(self):
        super().__init__()
        cfg = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1)]
        self.stem = cbr(3, 32, 3, 2)
        c, self.st = 32, nn.ModuleList()
        for e, o, n, s in cfg:
            b = []
            for k in range(n):
                b.append(Block("mb", c, o, s if k == 0 else 1, e))
                c = o
            self.st.append(nn.Sequential(*b))
        b = []
        for k in range(2):
            b.append(Block("mb", c, 160, 2 if k == 0 else 1, 6))
            c = 160
        self.st.append(nn.Sequential(*b))
        self.d = nn.ModuleList([Block("mb", 160 + 96, 128, 1, 6), Block("mb", 128 + 32, 64, 1, 6), Block("mb", 64 + 24, 32, 1, 4), Block("mb", 32 + 16, 16, 1, 2)])
        self.head = nn.Conv2d(16, 3, 1)

    def forward(self, x):
        x = self.stem(x)
        f = []
        for s in self.st:
            x = s(x)
            f.append(x)
        for d, s in zip(self.d, [f[4], f[2], f[1], f[0]]):
            x = d(torch.cat([F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False), s], 1))
        return F.interpolate(self.head(x), scale_factor=2, mode="bilinear", align_corners=False)


ARCH = {
    "res": dict(kind="res", width=(32, 48, 96, 128), depth=(1, 2, 3, 2), dec=(64, 48, 32)),
    "res-w": dict(kind="res", width=(32, 56, 112, 160), depth=(1, 2, 3, 2), dec=(64, 48, 32)),
    "res-w2": dict(kind="res", width=(32, 56, 112, 160), depth=(1, 2, 3, 2), dec=(64, 48, 32), split=2),
    "res-w3": dict(kind="res", width=(32, 56, 112, 160), depth=(1, 3, 4, 4), dec=(64, 48, 32), split=2),
    "res-s": dict(kind="res", width=(24, 48, 80, 112), depth=(1, 2, 2, 2), dec=(64, 48, 32)),
    "fused": dict(kind="fused", width=(24, 48, 80, 112), depth=(1, 2, 3, 2), dec=(64, 48, 32), e=3),
    "mb": dict(kind="mb", width=(24, 48, 96, 160), depth=(2, 3, 4, 3), dec=(64, 48, 32), e=4),
    "unext": dict(kind="unext", width=(32, 48, 96, 160), depth=(1, 2, 3, 3), dec=(64, 48, 32), e=2),
}


def grown(state, net):
    """Weights of a smaller network for a larger one, which begins with the same answers: every part of a split cell says
    what the cell said, and a further residual block (whose last scale is zero) hands on what it is given."""
    fresh = net.state_dict()
    for k in ("head.weight", "head.bias"):
        state[k] = state[k].repeat_interleave(fresh[k].shape[0] // state[k].shape[0], 0)
    return fresh | state


def build(name):
    if name == "lite":
        return Lite()
    return MobileNetV2UNet() if name == "mnv2-unet" else Net(**ARCH[name])
