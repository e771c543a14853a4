//! Small models made by code. One rule, "redder than the rest of the skin is lesion", in every dress that models come in.
//!
//! The rule segments the drawn photos well enough for golden tests; it knows nothing of real skin.

use super::graph::{Attr, Dim, Elem, Graph};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Fixed(i64),
    /// Any height and width.
    Free,
    /// Declared free, but fails unless both are multiples of 32.
    Multiple32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Background, skin, lesion.
    Logits3,
    /// Lesion only, a probability, and six more outputs that do not count, as u2net has them.
    Sigmoid,
    /// Background and lesion, probabilities.
    Softmax2,
    /// Background, cloth, skin, lesion that is red, lesion that is dark; logits.
    Logits5,
    /// The index of the class, as exported with the argmax inside.
    ArgMax,
    /// Background, skin, and two kinds of lesion: red, and very red; logits of a softmax.
    Kinds4,
    /// The two kinds alone, each a logit of its own; where it is very red, both hold.
    Kinds2,
}

/// A dress for the rule.
#[derive(Clone, Debug)]
pub struct Variant {
    pub side: Side,
    pub head: Head,
    pub elem: Elem,
    pub nhwc: bool,
    pub free_batch: bool,
    /// The output has a quarter of the input's height and width.
    pub quarter: bool,
    pub not_a_number: bool,
    /// The output has two axes.
    pub flat: bool,
    /// The weights are in this other file, as the model names it.
    pub weights_at: Option<&'static str>,
    /// The weights are listed among the graph's inputs: ONNX Runtime warns of each, in every session.
    pub weights_are_inputs: bool,
}

impl Default for Variant {
    fn default() -> Self {
        Self {
            side: Side::Fixed(192),
            head: Head::Logits3,
            elem: Elem::F32,
            nhwc: false,
            free_batch: false,
            quarter: false,
            not_a_number: false,
            flat: false,
            weights_at: None,
            weights_are_inputs: false,
        }
    }
}

pub struct Files {
    pub model: Vec<u8>,
    /// Content of the file that `weights_at` names.
    pub weights: Option<Vec<u8>>,
}

/// Three classes, NCHW, float32, logits, 192 by 192, RGB from 0 to 1.
pub fn colour_rule() -> Vec<u8> {
    Variant::default().build().model
}

impl Variant {
    pub fn build(&self) -> Files {
        let mut g = Graph::default();
        g.weights_are_inputs = self.weights_are_inputs;
        g.external = self.weights_at.map(|path| (path.to_owned(), Vec::new()));
        let input = g.input("image", self.elem, &self.shape(3, self.side));
        let rgb = self.undress(&mut g, &input);
        let evidence = rule(&mut g, &rgb, self.side == Side::Multiple32);
        let names = match self.head {
            Head::Sigmoid => ["d0", "d1", "d2", "d3", "d4", "d5", "d6"].as_slice(),
            _ => &["out"],
        };
        let (value, channels) = self.head(&mut g, &evidence);
        let out = self.dress(&mut g, &value);
        let elem = if self.head == Head::ArgMax { Elem::I64 } else { self.out_elem() };
        for (i, name) in names.iter().enumerate() {
            // Only the first of several outputs is the answer; the others are what early layers thought.
            let rough = if i == 0 { out.clone() } else { g.op("Mul", &[&out, &out], &[]) };
            g.op_into(name, "Identity", &[&rough], &[]);
            if self.flat {
                g.output(name, elem, &[Dim::Fixed(1), Dim::Free("n")]);
            } else {
                g.output(name, elem, &self.shape(channels, self.out_side()));
            }
        }
        let weights = g.external.as_ref().map(|(_, bytes)| bytes.clone());
        Files { model: g.finish(), weights }
    }

    fn shape(&self, channels: i64, side: Side) -> [Dim; 4] {
        let batch = if self.free_batch { Dim::Free("batch") } else { Dim::Fixed(1) };
        let (h, w) = match side {
            Side::Fixed(n) => (Dim::Fixed(n), Dim::Fixed(n)),
            Side::Free | Side::Multiple32 => (Dim::Free("height"), Dim::Free("width")),
        };
        let c = Dim::Fixed(channels);
        if self.nhwc { [batch, h, w, c] } else { [batch, c, h, w] }
    }

    fn out_side(&self) -> Side {
        match self.side {
            Side::Fixed(n) if self.quarter => Side::Fixed(n / 4),
            side => side,
        }
    }

    fn out_elem(&self) -> Elem {
        if self.elem == Elem::F16 { Elem::F16 } else { Elem::F32 }
    }

    /// Whatever comes in becomes NCHW, float32, 0 to 1.
    fn undress(&self, g: &mut Graph, input: &str) -> String {
        let mut value = input.to_owned();
        if self.elem != Elem::F32 {
            value = g.cast(&value, Elem::F32);
        }
        if self.elem == Elem::U8 {
            let most = g.floats(&[1], &[255.0]);
            value = g.op("Div", &[&value, &most], &[]);
        }
        if self.nhwc {
            value = g.op("Transpose", &[&value], &[("perm", Attr::Ints(vec![0, 3, 1, 2]))]);
        }
        value
    }

    fn head(&self, g: &mut Graph, evidence: &str) -> (String, i64) {
        let (skin, red) = ([40.0, 0.0].as_slice(), [40.0, 30.0].as_slice());
        let nothing = [0.0, 0.0].as_slice();
        let logits = g.mix(evidence, &[nothing, skin, red], &[0.0, 0.0, -3.6]);
        let axis = || [("axis", Attr::Int(1))];
        match self.head {
            Head::Logits3 => (logits, 3),
            Head::Sigmoid => {
                let chances = g.op("Softmax", &[&logits], &axis());
                (g.mix(&chances, &[&[0.0, 0.0, 1.0]], &[0.0]), 1)
            }
            Head::Softmax2 => {
                let chances = g.op("Softmax", &[&logits], &axis());
                (g.mix(&chances, &[&[1.0, 1.0, 0.0], &[0.0, 0.0, 1.0]], &[0.0, 0.0]), 2)
            }
            Head::Logits5 => {
                let shares: [&[f32]; 5] =
                    [&[1.0, 0.0, 0.0], &[0.5, 0.0, 0.0], &[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0], &[0.0, 0.0, 1.0]];
                (g.mix(&logits, &shares, &[0.0, -1.0, 0.0, -0.2, -0.4]), 5)
            }
            Head::Kinds4 => {
                let rows: [&[f32]; 4] = [nothing, skin, red, &[40.0, 45.0]];
                (g.mix(evidence, &rows, &[0.0, 0.0, -3.6, -3.6 - VERY_RED * 15.0]), 4)
            }
            Head::Kinds2 => (g.mix(evidence, &[&[0.0, 30.0], &[0.0, 45.0]], &[-3.6, -VERY_RED * 45.0]), 2),
            Head::ArgMax => (g.op("ArgMax", &[&logits], &[("axis", Attr::Int(1)), ("keepdims", Attr::Int(1))]), 1),
        }
    }

    /// The reverse of `undress`, and the faults.
    fn dress(&self, g: &mut Graph, value: &str) -> String {
        let mut value = value.to_owned();
        if self.quarter {
            let four = || Attr::Ints(vec![4, 4]);
            value = g.op("AveragePool", &[&value], &[("kernel_shape", four()), ("strides", four())]);
        }
        if self.not_a_number {
            let far = g.floats(&[1], &[-1.0e6]);
            let below = g.op("Add", &[&value, &far], &[]);
            value = g.op("Log", &[&below], &[]);
        }
        if self.nhwc {
            value = g.op("Transpose", &[&value], &[("perm", Attr::Ints(vec![0, 2, 3, 1]))]);
        }
        if self.flat {
            value = g.op("Flatten", &[&value], &[("axis", Attr::Int(1))]);
        }
        if self.elem == Elem::F16 && self.head != Head::ArgMax {
            value = g.cast(&value, Elem::F16);
        }
        value
    }
}

/// From here on, red is the second kind of lesion.
const VERY_RED: f32 = 0.2;

/// Two channels of evidence: "is skin" and "is redder than the skin of this photo on the whole".
fn rule(g: &mut Graph, rgb: &str, needs_multiple: bool) -> String {
    let smooth = pool(g, rgb, 5);
    let some = g.floats(&[1], &[0.02]);
    let lifted = g.op("Add", &[&smooth, &some], &[]);
    let log = g.op("Log", &[&lifted], &[]);
    // log R/G and log G/B: shade and exposure cancel out.
    let ratios = g.mix(&log, &[&[1.0, -1.0, 0.0], &[0.0, 1.0, -1.0]], &[0.0, 0.0]);
    let both = g.mix(&ratios, &[&[1.0, 0.0], &[0.0, 1.0]], &[-0.08, 0.06]);
    let mut skin = g.op("ReduceMin", &[&both], &[("axes", Attr::Ints(vec![1])), ("keepdims", Attr::Int(1))]);
    if needs_multiple {
        let side = || Attr::Ints(vec![32, 32]);
        let coarse = g.op("MaxPool", &[&skin], &[("kernel_shape", side()), ("strides", side())]);
        let scales = g.floats(&[4], &[1.0, 1.0, 32.0, 32.0]);
        let wide = g.op("Resize", &[&coarse, "", &scales], &[("mode", Attr::Text("nearest"))]);
        // Smaller or equal, so this changes nothing but the sizes that fit.
        skin = g.op("Min", &[&skin, &wide], &[]);
    }
    let steep = g.mix(&skin, &[&[60.0]], &[0.0]);
    let gate = g.op("Sigmoid", &[&steep], &[]);
    let warmth = g.mix(&ratios, &[&[1.0, 0.4]], &[0.0]);
    let gated = g.op("Mul", &[&warmth, &gate], &[]);
    let (total, share) = (g.op("GlobalAveragePool", &[&gated], &[]), g.op("GlobalAveragePool", &[&gate], &[]));
    let share = g.op("Add", &[&share, &some], &[]);
    let usual = g.op("Div", &[&total, &share], &[]);
    let redder = g.op("Sub", &[&warmth, &usual], &[]);
    let redder = pool(g, &redder, 7);
    // Beyond this, more skin-like says nothing more; far less would drown the rest.
    let (low, high) = (g.floats(&[], &[-0.2]), g.floats(&[], &[0.1]));
    let skin = g.op("Clip", &[&skin, &low, &high], &[]);
    g.op("Concat", &[&skin, &redder], &[("axis", Attr::Int(1))])
}

fn pool(g: &mut Graph, input: &str, side: i64) -> String {
    let pads = Attr::Ints(vec![side / 2; 4]);
    g.op("AveragePool", &[input], &[("kernel_shape", Attr::Ints(vec![side; 2])), ("pads", pads)])
}

/// Every variant that must run, with a name to tell them by.
pub fn that_work() -> Vec<(&'static str, Variant)> {
    let v = Variant::default;
    vec![
        ("colour_rule", v()),
        ("one_channel_sigmoid", Variant { head: Head::Sigmoid, ..v() }),
        ("two_class_softmax", Variant { head: Head::Softmax2, ..v() }),
        ("five_classes", Variant { head: Head::Logits5, ..v() }),
        ("nhwc", Variant { nhwc: true, ..v() }),
        ("float16", Variant { elem: Elem::F16, ..v() }),
        ("uint8_nhwc", Variant { elem: Elem::U8, nhwc: true, ..v() }),
        ("free_size", Variant { side: Side::Free, free_batch: true, ..v() }),
        ("multiple_of_32", Variant { side: Side::Multiple32, free_batch: true, ..v() }),
        ("quarter_output", Variant { quarter: true, ..v() }),
        ("class_index", Variant { head: Head::ArgMax, ..v() }),
        ("weights_are_inputs", Variant { weights_are_inputs: true, ..v() }),
        ("external_weights", Variant { weights_at: Some("model.onnx.data"), ..v() }),
    ]
}

/// Every variant that must be refused or fail with a cause.
pub fn that_fail() -> Vec<(&'static str, Variant)> {
    let v = Variant::default;
    vec![
        ("not_a_number", Variant { not_a_number: true, ..v() }),
        ("two_axes", Variant { flat: true, ..v() }),
        ("weights_outside", Variant { weights_at: Some("../outside.data"), ..v() }),
    ]
}

/// What the small classifier answers.
pub const KINDS: [&str; 3] = ["red", "pale", "lesion_rich"];

/// Says "red" or "pale" by the mean colour of what it sees, and "lesion_rich" by the share of lesions where it is given the mask
/// as a fourth channel. One sigmoid a label without, a softmax with the mask; 64 by 64, RGB from 0 to 1, logits.
pub fn classifier(mask: bool) -> Vec<u8> {
    let mut g = Graph::default();
    let channels = if mask { 4 } else { 3 };
    let side = Dim::Fixed(64);
    let input = g.input("image", Elem::F32, &[Dim::Fixed(1), Dim::Fixed(channels), side, side]);
    let mean = g.op("GlobalAveragePool", &[&input], &[]);
    let logits = match mask {
        false => g.mix(&mean, &[&[40.0, -40.0, 0.0], &[-40.0, 40.0, 0.0], &[0.0; 3]], &[-9.0, 9.0, -4.0]),
        true => {
            let weights: [&[f32]; 3] = [&[2.0, -2.0, 0.0, 0.0], &[-2.0, 2.0, 0.0, 0.0], &[0.0, 0.0, 0.0, 9.0]];
            g.mix(&mean, &weights, &[-0.45, 0.45, -2.0])
        }
    };
    g.op_into("kinds", "Flatten", &[&logits], &[("axis", Attr::Int(1))]);
    g.output("kinds", Elem::F32, &[Dim::Fixed(1), Dim::Fixed(3)]);
    g.finish()
}

/// One channel of any size: lesion is what is over a level.
pub fn over(level: f32) -> Vec<u8> {
    let mut g = Graph::default();
    let input = one_channel(&mut g);
    let logit = g.mix(&input, &[&[4000.0]], &[-4000.0 * level]);
    answer(g, &logit)
}

/// Of a chest in slices, -1000 to 400 Hounsfield units as 0 to 1: what is dense, and has lung around.
pub fn nodules() -> Vec<u8> {
    let mut g = Graph::default();
    let input = one_channel(&mut g);
    let around = pool(&mut g, &input, 31);
    let dense = g.mix(&input, &[&[30.0]], &[-30.0 * 0.42]);
    let in_lung = g.mix(&around, &[&[-60.0]], &[60.0 * 0.24]);
    let both = g.op("Min", &[&dense, &in_lung], &[]);
    answer(g, &both)
}

fn one_channel(g: &mut Graph) -> String {
    g.input("slice", Elem::F32, &[Dim::Fixed(1), Dim::Fixed(1), Dim::Free("height"), Dim::Free("width")])
}

fn answer(mut g: Graph, logit: &str) -> Vec<u8> {
    g.op_into("lesion", "Identity", &[logit], &[]);
    g.output("lesion", Elem::F32, &[Dim::Fixed(1), Dim::Fixed(1), Dim::Free("height"), Dim::Free("width")]);
    g.finish()
}
