"""Two networks as one model: one for dermoscopy, one for all other photos. A third, very small one (kind.py) says which is asked.

python experts.py --dermoscopy 1.3.0 --others lite4.d --kind kind.pt --out experts
python experts.py --apart experts dermoscopy --out 1.3.0      one of them as a model folder of its own

Each photo pays for one network only. Each answers at its own temperature; the second one's answers are moved so that a lesion begins
at the first one's threshold.
"""
import argparse, hashlib, json, math, os
import numpy as np, onnx, torch
from onnx import TensorProto, compose, helper, numpy_helper
from kind import SIDE, Kind


def prefixed(path, prefix):
    return compose.add_prefix(onnx.load(path), prefix)


def column(v):
    return np.reshape(v, (1, 3, 1, 1))


def odds(p):
    return math.log(p / (1 - p))


class Nodes:
    def __init__(self):
        self.nodes, self.constants = [], []

    def const(self, name, value, dtype=np.float32):
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, op, inputs, output, **more):
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **more))
        return output


def expert(folder, name, image, side, begins, temperature=None, threshold=None):
    """The graph of one branch: from colours between 0 and 1 to logits at half of `side`."""
    m = json.load(open(f"{folder}/manifest.json"))
    model, i, o = prefixed(f"{folder}/model.onnx", f"{name}/"), m["input"], m["output"]
    t, thr = temperature or o["temperature"], threshold or o["thresholds"]["lesion"]
    own, n = i["size"]["width"], Nodes()
    x = n.add("Div", [n.add("Sub", [image, n.const(f"{name}_mean", column(i["mean"]))], f"{name}_shifted"), n.const(f"{name}_std", column(i["std"]))], f"{name}_input")
    if own != side:
        x = n.add("Resize", [x, "", n.const(f"{name}_smaller", [1, 1, own / side, own / side])], f"{name}_reduced", mode="linear", coordinate_transformation_mode="half_pixel")
    body = list(model.graph.node)
    for node in body:
        for k, name_in in enumerate(node.input):
            if name_in == model.graph.input[0].name:
                node.input[k] = x
    y = Nodes()
    logits = y.add("Div", [model.graph.output[0].name, y.const(f"{name}_temperature", t)], f"{name}_cooled")
    logits = y.add("Add", [logits, y.const(f"{name}_shift", column([0, 0, odds(begins) - odds(thr)]))], f"{name}_moved")
    if own != side:
        logits = y.add("Resize", [logits, "", y.const(f"{name}_larger", [1, 1, side / own, side / own])], f"{name}_enlarged", mode="linear", coordinate_transformation_mode="half_pixel")
    out = helper.make_tensor_value_info(logits, TensorProto.FLOAT, [1, 3, side // 2, side // 2])
    return helper.make_graph([*n.nodes, *body, *y.nodes], name, [], [out], [*model.graph.initializer, *n.constants, *y.constants]), model


def alone(folder, name, out):
    """The folder of one expert out of a model folder made here: as before it was put beside the other. A folder that holds one network only is left as it is."""
    m = json.load(open(f"{folder}/manifest.json"))
    whole = onnx.load(f"{folder}/{m['file']}")
    choice = [n for n in whole.graph.node if n.op_type == "If"]
    if not choice:
        return folder
    branch = next(a.g for a in choice[0].attribute if a.g.name == name)
    value = {i.name: numpy_helper.to_array(i) for i in branch.initializer}
    plain = lambda text: text.removeprefix(f"{name}/")
    nodes = [n for n in branch.node if n.name.startswith(f"{name}/")]
    for n in nodes:
        n.name = plain(n.name)
        n.input[:] = ["image" if i in (f"{name}_input", f"{name}_reduced") else plain(i) for i in n.input]
        n.output[:] = [plain(o) for o in n.output]
    weights = [i for i in branch.initializer if i.name.startswith(f"{name}/")]
    for i in weights:
        i.name = plain(i.name)
    side = m["input"]["size"]["width"]
    own = round(side * float(value[f"{name}_smaller"][2])) if f"{name}_smaller" in value else side
    cooled = next(n for n in branch.node if n.name == f"{name}_cooled")
    shape = lambda name, s: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, s, s])
    graph = helper.make_graph(nodes, name, [shape("image", own)], [shape(plain(cooled.input[0]), own // 2)], weights)
    model = helper.make_model(graph, opset_imports=whole.opset_import, ir_version=whole.ir_version)
    onnx.checker.check_model(model)
    os.makedirs(out, exist_ok=True)
    onnx.save(model, f"{out}/model.onnx")
    begins = odds(m["output"]["thresholds"]["lesion"]) - float(value[f"{name}_shift"].ravel()[2])
    m["file"], m["input"]["size"] = "model.onnx", dict(width=own, height=own)
    m["input"]["mean"], m["input"]["std"] = ([round(float(v), 6) for v in value[f"{name}_{k}"].ravel()] for k in ("mean", "std"))
    m["output"]["name"], m["output"]["temperature"] = graph.output[0].name, round(float(value[f"{name}_temperature"]), 4)
    m["output"]["thresholds"]["lesion"] = round(1 / (1 + math.exp(-begins)), 4)
    m["sha256"] = hashlib.sha256(open(f"{out}/model.onnx", "rb").read()).hexdigest()
    with open(f"{out}/manifest.json", "w") as f:
        f.write(json.dumps(m, indent=2) + "\n")
    return out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--apart", nargs=2, metavar=("FOLDER", "NAME"), help="take one out: dermoscopy or others")
    ap.add_argument("--dermoscopy", help="a model folder; its manifest is taken")
    ap.add_argument("--others", help="a model folder")
    ap.add_argument("--others-threshold", type=float, default=None)
    ap.add_argument("--others-temperature", type=float, default=None)
    ap.add_argument("--kind")
    ap.add_argument("--out", required=True)
    a = ap.parse_args()
    if a.apart:
        print(alone(*a.apart, a.out))
        return
    os.makedirs(a.out, exist_ok=True)
    m = json.load(open(f"{a.dermoscopy}/manifest.json"))
    side = m["input"]["size"]["width"]
    kind = Kind()
    kind.load_state_dict(torch.load(a.kind, weights_only=True))
    torch.onnx.export(kind.eval(), torch.zeros(1, 3, SIDE, SIDE), f"{a.out}/kind.onnx", input_names=["small"], output_names=["logit"], opset_version=17, dynamo=False)
    small = prefixed(f"{a.out}/kind.onnx", "kind/")
    os.remove(f"{a.out}/kind.onnx")
    begins = m["output"]["thresholds"]["lesion"]
    one, model = expert(a.dermoscopy, "dermoscopy", "colours", side, begins)
    two, _ = expert(a.others, "others", "colours", side, begins, a.others_temperature, a.others_threshold)
    n = Nodes()
    n.add("AveragePool", ["image"], small.graph.input[0].name, kernel_shape=[side // SIDE] * 2, strides=[side // SIDE] * 2)
    n.nodes += small.graph.node
    n.add("Squeeze", [n.add("Greater", [small.graph.output[0].name, n.const("even", 0.0)], "seems_dermoscopy")], "is_dermoscopy")
    n.add("Identity", ["image"], "colours")
    n.add("If", ["is_dermoscopy"], "logits", then_branch=one, else_branch=two)
    shape = lambda name, s: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, s, s])
    graph = helper.make_graph(n.nodes, "experts", [shape("image", side)], [shape("logits", side // 2)], [*small.graph.initializer, *n.constants])
    whole = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    onnx.checker.check_model(whole)
    data = whole.SerializeToString()
    with open(f"{a.out}/model.onnx", "wb") as f:
        f.write(data)
    m["sha256"] = hashlib.sha256(data).hexdigest()
    m["input"]["mean"], m["input"]["std"] = [0, 0, 0], [1, 1, 1]
    m["output"]["temperature"] = 1.0
    m["output"]["thresholds_source"] = "of each network by itself: temperature by likelihood of the first look, threshold by the best mean lesion Dice on validation groups; here both begin where the one for dermoscopy does"
    with open(f"{a.out}/manifest.json", "w") as f:
        f.write(json.dumps(m, indent=2) + "\n")
    print(len(data), "bytes ->", a.out)


if __name__ == "__main__":
    main()
