//! Writes ONNX files: the few protobuf messages of the format that small models need, by hand.

/// Element types by their ONNX numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elem {
    F32 = 1,
    U8 = 2,
    I64 = 7,
    F16 = 10,
}

#[derive(Clone, Copy, Debug)]
pub enum Dim {
    Fixed(i64),
    Free(&'static str),
}

pub enum Attr {
    Int(i64),
    Ints(Vec<i64>),
    Float(f32),
    Text(&'static str),
}

/// A graph under construction. Values are named by the nodes that make them: `v0`, `v1`, ...
#[derive(Default)]
pub struct Graph {
    body: Vec<u8>,
    made: usize,
    /// Where weights go that do not stay in the model file: the path that it will name, and the bytes so far.
    pub external: Option<(String, Vec<u8>)>,
    /// Weights are listed among the inputs, as old exporters do.
    pub weights_are_inputs: bool,
}

impl Graph {
    pub fn input(&mut self, name: &str, elem: Elem, dims: &[Dim]) -> String {
        message(&mut self.body, 11, &value_info(name, elem, dims));
        name.to_owned()
    }

    pub fn output(&mut self, name: &str, elem: Elem, dims: &[Dim]) {
        message(&mut self.body, 12, &value_info(name, elem, dims));
    }

    pub fn floats(&mut self, dims: &[i64], values: &[f32]) -> String {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.initializer(Elem::F32, dims, raw)
    }

    pub fn ints(&mut self, values: &[i64]) -> String {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let name = self.fresh();
        // Shapes and axes stay inside: the runtime reads them before it looks at other files.
        let mut tensor = tensor_head(Elem::I64, &[values.len() as i64], &name);
        message(&mut tensor, 9, &raw);
        message(&mut self.body, 5, &tensor);
        name
    }

    fn initializer(&mut self, elem: Elem, dims: &[i64], raw: Vec<u8>) -> String {
        let name = self.fresh();
        let mut tensor = tensor_head(elem, dims, &name);
        if let Some((path, bytes)) = &mut self.external {
            let (offset, length) = (bytes.len().to_string(), raw.len().to_string());
            for (key, value) in [("location", path.as_str()), ("offset", &offset), ("length", &length)] {
                let mut entry = Vec::new();
                message(&mut entry, 1, key.as_bytes());
                message(&mut entry, 2, value.as_bytes());
                message(&mut tensor, 13, &entry);
            }
            number(&mut tensor, 14, 1);
            bytes.extend(raw);
        } else {
            message(&mut tensor, 9, &raw);
        }
        message(&mut self.body, 5, &tensor);
        if self.weights_are_inputs {
            let dims: Vec<Dim> = dims.iter().map(|&n| Dim::Fixed(n)).collect();
            message(&mut self.body, 11, &value_info(&name, elem, &dims));
        }
        name
    }

    /// Adds a node with one output and returns that output's name.
    pub fn op(&mut self, kind: &str, inputs: &[&str], attributes: &[(&str, Attr)]) -> String {
        let name = self.fresh();
        self.op_into(&name, kind, inputs, attributes);
        name
    }

    pub fn op_into(&mut self, output: &str, kind: &str, inputs: &[&str], attributes: &[(&str, Attr)]) {
        let mut node = Vec::new();
        for input in inputs {
            message(&mut node, 1, input.as_bytes());
        }
        message(&mut node, 2, output.as_bytes());
        message(&mut node, 4, kind.as_bytes());
        for (name, value) in attributes {
            message(&mut node, 5, &attribute(name, value));
        }
        message(&mut self.body, 1, &node);
    }

    /// A convolution with a kernel of one pixel: `weights` has a row for every output channel.
    pub fn mix(&mut self, input: &str, weights: &[&[f32]], bias: &[f32]) -> String {
        let dims = [weights.len() as i64, weights[0].len() as i64, 1, 1];
        let w = self.floats(&dims, &weights.concat());
        let b = self.floats(&[bias.len() as i64], bias);
        self.op("Conv", &[input, &w, &b], &[])
    }

    pub fn cast(&mut self, input: &str, to: Elem) -> String {
        self.op("Cast", &[input], &[("to", Attr::Int(to as i64))])
    }

    pub fn finish(mut self) -> Vec<u8> {
        message(&mut self.body, 2, b"graph");
        let mut opset = Vec::new();
        message(&mut opset, 1, b"");
        number(&mut opset, 2, 13);
        let mut model = Vec::new();
        number(&mut model, 1, 8);
        message(&mut model, 2, b"derm-seg test kit");
        message(&mut model, 7, &self.body);
        message(&mut model, 8, &opset);
        model
    }

    fn fresh(&mut self) -> String {
        self.made += 1;
        format!("v{}", self.made - 1)
    }
}

fn tensor_head(elem: Elem, dims: &[i64], name: &str) -> Vec<u8> {
    let mut tensor = Vec::new();
    for &dim in dims {
        number(&mut tensor, 1, dim as u64);
    }
    number(&mut tensor, 2, elem as u64);
    message(&mut tensor, 8, name.as_bytes());
    tensor
}

fn value_info(name: &str, elem: Elem, dims: &[Dim]) -> Vec<u8> {
    let mut shape = Vec::new();
    for dim in dims {
        let mut one = Vec::new();
        match dim {
            Dim::Fixed(n) => number(&mut one, 1, *n as u64),
            Dim::Free(name) => message(&mut one, 2, name.as_bytes()),
        }
        message(&mut shape, 1, &one);
    }
    let mut tensor = Vec::new();
    number(&mut tensor, 1, elem as u64);
    message(&mut tensor, 2, &shape);
    let mut kind = Vec::new();
    message(&mut kind, 1, &tensor);
    let mut info = Vec::new();
    message(&mut info, 1, name.as_bytes());
    message(&mut info, 2, &kind);
    info
}

fn attribute(name: &str, value: &Attr) -> Vec<u8> {
    let mut out = Vec::new();
    message(&mut out, 1, name.as_bytes());
    match value {
        Attr::Float(f) => {
            varint(&mut out, 2 << 3 | 5);
            out.extend(f.to_le_bytes());
            number(&mut out, 20, 1);
        }
        Attr::Int(i) => {
            number(&mut out, 3, *i as u64);
            number(&mut out, 20, 2);
        }
        Attr::Text(text) => {
            message(&mut out, 4, text.as_bytes());
            number(&mut out, 20, 3);
        }
        Attr::Ints(all) => {
            for i in all {
                number(&mut out, 8, *i as u64);
            }
            number(&mut out, 20, 7);
        }
    }
    out
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn message(out: &mut Vec<u8>, field: u64, content: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, content.len() as u64);
    out.extend(content);
}
