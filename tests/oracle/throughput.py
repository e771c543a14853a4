"""Pairs of 12-megapixel masks a minute: `derm-seg eval` with all its figures, and MONAI with five of them.

    venv/bin/python tests/oracle/throughput.py --program target/release/derm-seg

Both read the same PNG files and use one processor; derm-seg is then measured on all of them, too.
"""

import argparse
import os
import pathlib
import resource
import subprocess
import tempfile
import time
import warnings

import numpy as np
import torch
from monai.metrics import compute_average_surface_distance, compute_dice, compute_hausdorff_distance, compute_surface_dice
from PIL import Image

import masks

WIDTH, HEIGHT = 4000, 3000


def large(mask):
    """A drawn mask at the size of a photo; its rim stays rough at the scale of the drawing."""
    picture = Image.fromarray(mask.astype(np.uint8) * 255).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    return np.asarray(picture) > 128


def by_monai(prediction, truth):
    read = lambda path: torch.from_numpy((np.asarray(Image.open(path)) > 128).astype(np.float32)[None, None])
    p, t = read(prediction), read(truth)
    compute_dice(p, t)
    compute_hausdorff_distance(p, t, include_background=True, percentile=95)
    compute_hausdorff_distance(p, t, include_background=True)
    compute_average_surface_distance(p, t, include_background=True, symmetric=True)
    compute_surface_dice(p, t, [2.0], include_background=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--monai-pairs", type=int, default=6)
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        names = [f"{i:03}.png" for i in range(args.pairs)]
        shares = []
        for name in names:
            truth = masks.blob(rng, 300, 400)
            prediction = large(masks.perturbed(rng, truth))
            masks.save(prediction, folder / "predictions" / name)
            masks.save(large(truth), folder / "truth" / name)
            shares.append(prediction.mean())
        print(f"{args.pairs} pairs of {WIDTH}x{HEIGHT}, lesion {min(shares):.0%} to {max(shares):.0%} of the frame\n")
        print("| program | jobs | pairs | s a pair | processor s a pair | pairs a minute |\n|---|---|---|---|---|---|")
        for jobs in sorted({1, os.cpu_count()}):
            command = [args.program, "eval", folder / "predictions", "--truth", folder / "truth", "-o", folder, "-j", str(jobs)]
            started, used = time.perf_counter(), children()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            report("derm-seg, all figures", jobs, args.pairs, time.perf_counter() - started, children() - used)
        started, used = time.perf_counter(), time.process_time()
        for name in names[: args.monai_pairs]:
            by_monai(folder / "predictions" / name, folder / "truth" / name)
        report("MONAI 1.6.1, Dice, HD95, HD100, ASSD, NSD", 1, args.monai_pairs, time.perf_counter() - started, time.process_time() - used)


def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def report(program, jobs, pairs, seconds, used):
    """The processor's time tells more than the clock's on a machine that is busy with other things."""
    print(f"| {program} | {jobs} | {pairs} | {seconds / pairs:.3f} | {used / pairs:.3f} | {60 * pairs / seconds:.0f} |")


if __name__ == "__main__":
    main()
