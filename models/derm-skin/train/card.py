"""Writes the figures into ../MODEL_CARD.md, between its two marks, from what the other scripts measured.

python card.py --metrics metrics.json --program program.json --speed speed.json
"""
import argparse, json, os, re

CARD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "MODEL_CARD.md")
REAL = ("ham10000", "isic2017", "pad_ufes", "fuseg")
MADE = ("composed", "plaques")


def interval(v):
    return f"{v[0]:.3f} ({v[1]:.3f}–{v[2]:.3f}), n={v[3]}" if v else "–"


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + ["| " + " | ".join(r) + " |" for r in rows]) + "\n"


def bars(m, speed):
    """What was wished for and what was measured."""
    q, far = m["by_scale_composed"], m["by_scale_pasted"]
    wanted = [
        ("HAM10000 Dice", 0.93, m["ham10000"]["dice"][0]), ("HAM10000 thr. J", 0.82, m["ham10000"]["thresholded_jaccard"][0]),
        ("ISIC 2017 Dice", 0.88, m["isic2017"]["dice"][0]), ("ISIC 2017 thr. J", 0.74, m["isic2017"]["thresholded_jaccard"][0]),
        ("PAD-UFES Dice", 0.78, m["pad_ufes"]["dice"][0]), ("FUSeg Dice (photos with a wound)", 0.70, m["fuseg"]["dice"][0]),
        ("skin IoU, limb crops", 0.80, m["ccp_skin_crops"]["skin_iou"][0]),
        ("false lesion on lesion-free limb crops, share of skin", -0.01, m["ccp_skin_crops"]["false_lesion_of_skin"][0]),
        ("scenes of several plaques, lesion Dice", 0.85, m["plaques"]["dice"][0]), ("the same, skin IoU", 0.90, m["plaques"]["skin_iou"][0]),
        ("the same, component recall", 0.85, m["plaques"]["component_recall"][0]),
        ("groups of plaques, Dice at 1/4 against 1x (ratio)", 0.9, q["0.25"][0] / q["1"][0]),
        ("photos pasted at 1/4 against 1x (ratio)", 0.9, far["0.25"]["all"][0] / far["1"]["all"][0]),
    ]
    rows = [(n, f"at most {-w}" if w < 0 else f"{w}", f"{v:.4f}" if w > v >= w - 5e-4 else f"{v:.3f}", "met" if (v <= -w if w < 0 else v >= w) else "not met") for n, w, v in wanted]
    ratio = speed["two_passes_ms"] / speed["yardstick_ms"]
    rows.append(("file", "8 MB", f"{speed['bytes'] / 1e6:.2f} MB", "met" if speed["bytes"] <= 8e6 else "not met"))
    rows.append(("one thread, ONNX Runtime 1.28, all passes (two at most)", "25 ms where the yardstick takes 41 (ratio 0.61)",
                 f"{speed['two_passes_ms']:.1f} ms where it takes {speed['yardstick_ms']:.1f} (ratio {ratio:.2f}); one pass {speed['one_pass_ms']:.1f} ms", "met" if ratio <= 0.61 else "not met"))
    return table(("bar", "wanted", "measured", ""), rows)


def figures(m, program, speed):
    sets = (*REAL, "ccp_skin_crops", "ccp_skin", *MADE)
    cell = lambda s, k: interval(m[s].get(k))
    out = ["""Mean and 95 % bootstrap interval by photo (2,000 resamples). HAM10000: the first 300 validation photos. "thr. J" is the Jaccard index that counts
as 0 below 0.65. "composed" are hard scenes (thin rings, tiny and faint plaques, a lesion in most of them); "plaques" are scenes of several
lesions that an eye tells from the skin and from each other.
"""]
    out.append(table(("set", "Dice lesion", "thr. J", "skin IoU", "false lesion, share of skin", "ECE"),
                     [(s, cell(s, "dice"), cell(s, "thresholded_jaccard"), cell(s, "skin_iou"), cell(s, "false_lesion_of_skin"), f"{m[s]['ece_lesion']:.3f}") for s in sets]))
    found = "; ".join(f"{s} {m[s]['component_recall'][0]:.3f} of {m[s]['component_recall'][1]}" for s in MADE)
    out.append(f"""Component recall (plaques met by one predicted component with an IoU of at least 0.5): {found}. Expected calibration error of the lesion
probability over all sets with equal weight: {m['ece_lesion_all_sets_equal']:.3f}. Pictures without skin (black frames, rulers, drapes, lettering, furniture, drawn): lesion
on {interval(m['nuisance_lesion_of_frame'])} of the frame.
""")
    if program:
        short = lambda s, k: f"{program[s][k]:.3f}" if program[s].get(k) is not None and not (s.startswith("ccp") and k != "skin.jaccard") else "–"
        out.append("""The same photos as files, through `derm-seg run` and `derm-seg eval` (`train/through_program.py`). There a photo without a lesion counts
as 0 where one is drawn into it, which the table above leaves out:\n""")
        out.append(table(("", *sets), [(n, *(short(s, k) for s in sets)) for n, k in (("Dice lesion", "dice"), ("thr. J", "threshold_jaccard"), ("skin IoU", "skin.jaccard"))]))
    out += ["### Against the bars\n", bars(m, speed)]
    out.append("""### By scale

Photos reduced and pasted on a drape or a street; and scenes of three to eight plaques on skin, the group taking that share of a frame of 640 px.
""")
    pasted = ("isic2017", "pad_ufes", "ham10000", "fuseg", "composed")
    rows = []
    for k, n in (("1", "1x"), ("0.5", "1/2"), ("0.25", "1/4"), ("0.125", "1/8")):
        r = m["by_scale_pasted"][k]
        rows.append((n, *(f"{r[s][0]:.3f}" for s in pasted), interval(r["all"]), str(r["passes"]), interval(m["by_scale_composed"][k][:4])))
    out.append(table(("scale", *pasted, "all", "passes", "groups of plaques"), rows))
    out.append("### By size of the lesion area (share of the frame)\n")
    out.append(table(("share", "real photos", "drawn and composed"),
                     [(f"{lo:.0%}–{hi:.0%}", *(interval(m["by_size"].get(f"{s} {lo}-{hi}")) for s in ("real", "composed"))) for lo, hi in ((0, 0.01), (0.01, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 1))]))
    out.append("""### By estimated tone bin (ITA of normal skin; not a Fitzpatrick type)

For fuseg, normal skin is what the model itself calls skin. Dermoscopy lamps bleach skin, so its bins say little about people.
""")
    bins = ("very_light", "light", "intermediate", "tan", "brown", "dark")
    out.append(table(("bin", *REAL, *MADE), [(b, *(interval(m["by_tone"].get(f"{b} {s}")) for s in (*REAL, *MADE))) for b in bins]))
    return "\n".join(out)


def main():
    ap = argparse.ArgumentParser()
    for n in ("metrics", "program", "speed"):
        ap.add_argument(f"--{n}", default=f"{n}.json")
    a = ap.parse_args()
    m, program, speed = (json.load(open(f)) if os.path.exists(f) else None for f in (a.metrics, a.program, a.speed))
    text = open(CARD).read()
    text, n = re.subn(r"(?<=<!-- figures -->\n).*?(?=<!-- /figures -->)", lambda _: "\n" + figures(m, program, speed) + "\n", text, flags=re.S)
    assert n == 1, "the card has no marks"
    open(CARD, "w").write(text)


if __name__ == "__main__":
    main()
