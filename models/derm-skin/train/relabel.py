"""Skin or background, where a set only says "not lesion": asked of the model that ships, and taken where it is sure.

So photos of feet, faces and arms teach what skin is as well, and disease can be drawn onto them.
"""
import numpy as np
import data
from evaluate import Predictor

SETS = ("isic2017", "pad_ufes", "pad_ufes_more", "fuseg")
SURE = 0.85


def relabel(sets, folder):
    """`sets` with codes 3 and 4 of the clinical sets turned into 0 or 1 where the model in `folder` is sure. Lesion masks stay."""
    p = Predictor(folder, look=False)
    out = dict(sets)
    for s in SETS:
        out[s] = []
        for im, t in sets[s]:
            q, t = p.probabilities(im), t.copy()
            free = (t == 3) | (t == 4)
            t[free & (q[..., 1] > SURE)] = 1
            t[free & (t != 1) & (q[..., 0] > SURE)] = 0
            out[s].append((im, t))
    return out
