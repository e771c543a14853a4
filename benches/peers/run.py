#!/usr/bin/env python3
"""derm-seg beside its peers on the same photos: `python3 benches/peers/run.py` after `cargo build --release`.

Prints one table (docs/speed.md has one). Each peer lives in an environment of its own under target/peers, with pinned versions; the
first run makes them with pip. Photos are the samples, enlarged or reduced, with grain, as JPEG of quality 90. Peers are measured in turn, `--rounds`
times, and the fastest round counts.
"""
import argparse, os, pathlib, shutil, subprocess, sys, threading, time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target/peers"
SIZES = {"0.04 MP": (231, 173, 240), "1 MP": (1155, 866, 60), "12 MP": (4000, 3000, 24), "48 MP": (8000, 6000, 8)}


def python(name, requirements):
    """The interpreter of a peer's environment, made when it is missing."""
    home = WORK / name
    if not (home / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin/pip", "install", "--quiet", "-r", HERE / requirements], check=True)
        (home / "made").touch()
    return home / "bin/python"


DRAW = """
import sys, pathlib, cv2, numpy as np
samples, out, w, h, n = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), *map(int, sys.argv[3:])
out.mkdir(parents=True)
names, rng = sorted(samples.rglob("*.jpg")), np.random.default_rng(1)
for i in range(n):
    x = cv2.resize(cv2.imread(str(names[i % len(names)])), (w, h), interpolation=cv2.INTER_AREA if w < 800 else cv2.INTER_CUBIC)
    grain = cv2.resize(rng.normal(0, 5, (h // 2, w // 2, 3)).astype(np.float32), (w, h))
    cv2.imwrite(str(out / f"{names[i % len(names)].stem}-{i:03}.jpg"), np.clip(x + grain, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])
"""

AGREE = """
import sys, pathlib, cv2
ours, theirs, scores = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), []
for f in sorted(theirs.glob("*.png")):
    a, b = cv2.imread(str(ours / f.name), cv2.IMREAD_UNCHANGED), cv2.imread(str(f), cv2.IMREAD_UNCHANGED)
    a, b = ((m[..., 2] > 100) & (m[..., 1] < 20) if m.ndim == 3 else m == 2 for m in (a, b))
    if a.any() or b.any():
        scores.append(2 * (a & b).sum() / (a.sum() + b.sum()))
print(f"{sum(scores) / len(scores):.3f}")
"""


def memory(pid):
    """Proportional memory of a process and its children, in MiB."""
    total, todo = 0, [pid]
    while todo:
        p = todo.pop()
        try:
            total += int(next(l for l in open(f"/proc/{p}/smaps_rollup") if l.startswith("Pss:")).split()[1])
            for t in os.listdir(f"/proc/{p}/task"):
                todo += map(int, open(f"/proc/{p}/task/{t}/children").read().split())
        except (OSError, StopIteration):
            pass
    return total / 1024


def measured(command, env):
    """Seconds, seconds of CPU, peak memory in MiB."""
    before, began, peak = os.times(), time.perf_counter(), 0
    running = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ | env)
    said = []
    reader = threading.Thread(target=lambda: said.append(running.stderr.read()))
    reader.start()
    while running.poll() is None:
        peak = max(peak, memory(running.pid))
        time.sleep(0.1)
    reader.join()
    if running.returncode:
        sys.exit(f"{command[0]} failed: {said[0].decode()[-500:]}")
    after = os.times()
    return time.perf_counter() - began, after.children_user + after.children_system - before.children_user - before.children_system, peak


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--program", default=ROOT / "target/release/derm-seg", help="the program, or several with commas, to compare versions")
    ap.add_argument("--model", default=ROOT / "models/derm-skin")
    ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--sizes", default=",".join(SIZES))
    ap.add_argument("--no-rembg", action="store_true")
    a = ap.parse_args()
    script = python("script", "requirements.txt")
    rembg = None if a.no_rembg else python("rembg", "requirements-rembg.txt")
    free = WORK / "free"
    if rembg and not free.exists():
        subprocess.run(["cargo", "run", "--quiet", "--example", "many_photos", "--", free, "1", "rembg"], check=True, cwd=ROOT)
    for old in WORK.glob("out-*"):
        shutil.rmtree(old)
    print("| photos | program | photos a second | CPU a photo | of it start-up | peak memory | lesion Dice to derm-seg |\n|---|---|---|---|---|---|---|")
    for size in a.sizes.split(","):
        w, h, n = SIZES[size]
        photos = WORK / f"photos-{w}"
        for folder, count in ((photos, n), (WORK / f"one-{w}", 1)):
            if not folder.exists():
                subprocess.run([script, "-c", DRAW, ROOT / "samples", folder, str(w), str(h), str(count)], check=True)
        peers = {}
        for i, program in enumerate(str(a.program).split(",")):
            peers[f"derm-seg ({program})" if i else "derm-seg"] = lambda src, out, program=program: [program, "run", src, "-o", out, "--jobs", a.jobs, "--quiet", "--overwrite"]
        peers["derm-seg, no search for faces"] = lambda src, out: [str(a.program).split(",")[0], "run", src, "-o", out, "--jobs", a.jobs, "--quiet", "--overwrite", "--faces", "off"]
        peers["Python script, reduced decoding"] = lambda src, out: [script, HERE / "script.py", src, out, a.model, a.jobs]
        if rembg and w < 8000:
            extra = f'{{"model_path": "{free}/model/model.onnx"}}'
            peers["rembg, a model that costs nothing"] = lambda src, out: [rembg.with_name("rembg"), "p", "-m", "u2net_custom", "-x", extra, "-om", src, out]
        best, start = {}, {}
        for r in range(a.rounds):
            for k, (name, command) in enumerate(peers.items()):
                # rembg loads models from its own folder only.
                env = {"OMP_NUM_THREADS": str(a.jobs), "U2NET_HOME": str(free / "model")} if "rembg" in name else {}
                result = measured(command(photos, WORK / f"out-{w}-{k}"), env)
                best[name] = min(best.get(name, result), result)
                if r == 0:
                    start[name] = measured(command(WORK / f"one-{w}", WORK / f"out-one-{w}-{k}"), env)
        for k, name in enumerate(peers):
            seconds, cpu, peak = best[name]
            dice = "-"
            if k and "rembg" not in name:
                theirs = WORK / f"out-{w}-{k}"
                theirs = theirs / "masks" if (theirs / "masks").exists() else theirs
                dice = subprocess.run([script, "-c", AGREE, WORK / f"out-{w}-0/masks", theirs], check=True, capture_output=True, text=True).stdout.strip()
            ratio = n / seconds / (n / best["derm-seg"][0])
            # What one photo costs more than a further one.
            once = start[name][1] - cpu / n
            print(f"| {size} | {name} | {n / seconds:.2f} ({ratio:.2f} of derm-seg) | {1000 * (cpu - once) / n:.0f} ms | {max(0, once):.1f} s | {peak:.0f} MiB | {dice} |", flush=True)


if __name__ == "__main__":
    main()
