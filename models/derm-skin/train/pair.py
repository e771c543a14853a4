"""Two networks as one model: the answers of both, averaged as probabilities, in one ONNX file.

python pair.py --first .. --second lite4.d --weight 0.5 --out pair

The input is the first one's; the second gets it at its own size and scale. What two networks that were trained differently agree on is
surer than what either says; where one has never seen a disease, the other still speaks, because probabilities are averaged and not logits.
"""
import argparse, hashlib, json, os
import numpy as np, onnx
from onnx import TensorProto, compose, helper, numpy_helper


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--first", default="..")
    ap.add_argument("--second", required=True)
    ap.add_argument("--weight", type=float, default=0.5, help="of the second")
    ap.add_argument("--temperature", type=float, default=1.65, help="of the second")
    ap.add_argument("--out", required=True)
    a = ap.parse_args()
    ma, mb = (json.load(open(f"{f}/manifest.json")) for f in (a.first, a.second))
    one, two = (compose.add_prefix(onnx.load(f"{f}/model.onnx"), p) for f, p in ((a.first, "first/"), (a.second, "second/")))
    (ia, oa), (ib, ob) = (((m["input"]["mean"], m["input"]["std"], m["input"]["size"]["width"]), m["output"]) for m in (ma, mb))
    constants, nodes = [], []

    def const(name, value, dtype=np.float32):
        constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def node(op, inputs, output, **more):
        nodes.append(helper.make_node(op, inputs, [output], name=output, **more))
        return output

    # (x * std_a + mean_a - mean_b) / std_b
    column = lambda v: np.reshape(v, (1, 3, 1, 1))
    scale, shift = np.divide(ia[1], ib[1]), np.divide(np.subtract(ia[0], ib[0]), ib[1])
    x = node("Add", [node("Mul", ["image", const("scale", column(scale))], "scaled"), const("shift", column(shift))], "shifted")
    if ia[2] != ib[2]:
        x = node("Resize", [x, "", const("input_ratio", [1, 1, ib[2] / ia[2], ib[2] / ia[2]])], "reduced", mode="linear", coordinate_transformation_mode="half_pixel")

    def probabilities(logits, temperature, weight, name):
        soft = node("Softmax", [node("Div", [logits, const(f"{name}_temperature", temperature)], f"{name}_cooled")], f"{name}_soft", axis=1)
        return node("Mul", [soft, const(f"{name}_weight", weight)], f"{name}_share")

    p = probabilities(one.graph.output[0].name, oa["temperature"], 1 - a.weight, "one")
    q = probabilities(two.graph.output[0].name, a.temperature, a.weight, "two")
    if ia[2] != ib[2]:
        q = node("Resize", [q, "", const("output_ratio", [1, 1, ia[2] / ib[2], ia[2] / ib[2]])], "two_enlarged", mode="linear", coordinate_transformation_mode="half_pixel")
    p = node("Add", [p, q], "both")
    node("Log", [node("Max", [p, const("floor", 1e-6)], "floored")], "logits")
    rename = {one.graph.input[0].name: "image", two.graph.input[0].name: x}
    body = []
    for n in [*one.graph.node, *two.graph.node]:
        for i, name in enumerate(n.input):
            n.input[i] = rename.get(name, name)
        body.append(n)
    cut = 2 if ia[2] == ib[2] else 3
    size = [1, 3, ia[2] // 2, ia[2] // 2]
    graph = helper.make_graph([*nodes[:cut], *body, *nodes[cut:]], "pair", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, ia[2], ia[2]])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, size)], [*one.graph.initializer, *two.graph.initializer, *constants])
    model = helper.make_model(graph, opset_imports=one.opset_import, ir_version=one.ir_version)
    onnx.checker.check_model(model)
    os.makedirs(a.out, exist_ok=True)
    data = model.SerializeToString()
    open(f"{a.out}/model.onnx", "wb").write(data)
    ma["sha256"], ma["output"]["temperature"] = hashlib.sha256(data).hexdigest(), 1.0
    json.dump(ma, open(f"{a.out}/manifest.json", "w"), indent=2)
    print(len(data), "bytes ->", a.out)


if __name__ == "__main__":
    main()
