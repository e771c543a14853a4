//! Manifest and graph together make the complete description that the stages follow; where neither says, the answer is
//! a refusal that prints the manifest to fill in.

use serde::{Deserialize, Serialize};

use super::{
    Activation, Channels, ClassRole, InputManifest, Layout, Manifest, Resize, SizeRule, Thresholds, Values, template,
};
use crate::error::UsageError;

/// Element types that a model may take or give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Element {
    Float32,
    Float16,
    Uint8,
    Int32,
    Int64,
    Other,
}

/// One axis of a graph's tensor; none where it is dynamic.
pub type Dim = Option<u32>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    pub name: String,
    pub element: Element,
    pub dims: Vec<Dim>,
}

impl TensorInfo {
    /// As people write it: `image float32 [1, 3, ?, ?]`.
    pub fn describe(&self) -> String {
        let dims: Vec<String> = self.dims.iter().map(|d| d.map_or("?".to_owned(), |d| d.to_string())).collect();
        let element =
            serde_json::to_value(self.element).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        format!("{} {element} [{}]", self.name, dims.join(", "))
    }
}

/// What the graph says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphInfo {
    pub inputs: Vec<TensorInfo>,
    pub outputs: Vec<TensorInfo>,
}

/// What one run on a test picture showed of the output.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    pub shape: Vec<usize>,
    pub element: Element,
    pub min: f32,
    pub max: f32,
    /// Channel sums are 1 everywhere.
    pub sums_to_one: bool,
}

/// The complete description, with nothing left open. `model show` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resolved {
    pub input: Input,
    pub output: Output,
    /// What was taken from the graph or by convention rather than from the manifest.
    pub assumed: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Input {
    pub name: String,
    pub element: Element,
    pub layout: Layout,
    pub channels: Channels,
    pub size: SizeRule,
    pub resize: Resize,
    pub pad: [u8; 3],
    pub scale: f64,
    pub mean: Vec<f64>,
    pub std: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Output {
    pub name: String,
    pub layout: Layout,
    pub values: Values,
    pub activation: Activation,
    pub classes: Vec<ClassRole>,
    pub temperature: f64,
    pub thresholds: Thresholds,
}

impl Output {
    pub fn has_skin_class(&self) -> bool {
        self.classes.contains(&ClassRole::Skin)
    }
}

/// Long side of the frame for a graph of any size whose manifest names none.
pub(super) const DEFAULT_LONG_SIDE: u32 = 512;
pub(super) const DEFAULT_MULTIPLE: u32 = 32;

fn refuse<T>(problem: String, manifest: &Manifest, graph: &GraphInfo) -> Result<T, UsageError> {
    let known = template(manifest, graph);
    Err(UsageError(format!(
        "{problem}\nWrite what is missing into a manifest.json beside the model (or a file named by --manifest); \
         the values below are guesses where the graph is silent, check them against the model's training code:\n{known}"
    )))
}

/// How the photo enters the graph. Also returns what was assumed.
pub fn resolve_input(manifest: &Manifest, graph: &GraphInfo) -> Result<(Input, Vec<String>), UsageError> {
    let wanted = &manifest.input;
    let mut assumed = Vec::new();
    let Some(tensor) = pick(&graph.inputs, wanted.name.as_deref()) else {
        let names: Vec<String> = graph.inputs.iter().map(TensorInfo::describe).collect();
        return refuse(
            format!("The graph's inputs are: {}. Which one takes the photo is not clear.", names.join("; ")),
            manifest,
            graph,
        );
    };
    if graph.inputs.len() > 1 {
        return Err(UsageError(format!(
            "The graph wants {} inputs ({}); only models with one image input can be run. Export it with the others as constants.",
            graph.inputs.len(),
            graph.inputs.iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ")
        )));
    }
    if !matches!(tensor.element, Element::Float32 | Element::Float16 | Element::Uint8) {
        return Err(UsageError(format!(
            "Input {} is of a type that is not supported; float32, float16 and uint8 are.",
            tensor.describe()
        )));
    }
    let &[batch, d1, d2, d3] = tensor.dims.as_slice() else {
        return Err(UsageError(format!(
            "Input {} must have four axes (batch, channels, height, width).",
            tensor.describe()
        )));
    };
    if batch.is_some_and(|b| b != 1) {
        return Err(UsageError(format!(
            "Input {} has a fixed batch; export the model with batch 1 or a dynamic batch.",
            tensor.describe()
        )));
    }
    let is_channels = |d: Dim| matches!(d, Some(1 | 3));
    let layout = match wanted.layout {
        Some(layout) => layout,
        None => match (is_channels(d1), is_channels(d3)) {
            (true, false) => Layout::Nchw,
            (false, true) => Layout::Nhwc,
            _ => {
                return refuse(
                    format!("Input {} does not show which axis holds the colours.", tensor.describe()),
                    manifest,
                    graph,
                );
            }
        },
    };
    let (channel_dim, height, width) = match layout {
        Layout::Nchw => (d1, d2, d3),
        Layout::Nhwc => (d3, d1, d2),
    };
    let channels = match (wanted.channels, channel_dim) {
        (Some(c), Some(n)) if c.count() != n as usize => {
            return Err(UsageError(format!(
                "The manifest says {} colour channels, but input {} has {n}.",
                c.count(),
                tensor.describe()
            )));
        }
        (Some(channels), _) => channels,
        (None, Some(1)) => Channels::Grey,
        (None, None | Some(3)) => {
            assumed.push("channel order rgb".to_owned());
            Channels::Rgb
        }
        (None, Some(n)) => {
            return Err(UsageError(format!("Input {} has {n} colour channels; 1 or 3 can be fed.", tensor.describe())));
        }
    };
    let size = match (wanted.size, width, height) {
        (Some(SizeRule::Fixed { width: w, height: h }), gw, gh)
            if gw.is_some_and(|g| g != w) || gh.is_some_and(|g| g != h) =>
        {
            return Err(UsageError(format!("The manifest says {w} x {h}, but input {} is fixed.", tensor.describe())));
        }
        (Some(SizeRule::Multiple { .. }), Some(width), Some(height)) => {
            return Err(UsageError(format!(
                "The manifest wants a flexible size, but the graph takes {width} x {height} only."
            )));
        }
        (Some(size), _, _) => size,
        (None, Some(width), Some(height)) => SizeRule::Fixed { width, height },
        (None, None, None) => {
            assumed.push(format!("size: longer side {DEFAULT_LONG_SIDE}, multiples of {DEFAULT_MULTIPLE}"));
            SizeRule::Multiple { multiple_of: DEFAULT_MULTIPLE, long_side: DEFAULT_LONG_SIDE }
        }
        _ => return refuse(format!("Input {} fixes only one of its sides.", tensor.describe()), manifest, graph),
    };
    match size {
        SizeRule::Fixed { width, height } if !(8..=8192).contains(&width) || !(8..=8192).contains(&height) => {
            return Err(UsageError(format!("An input size of {width} x {height} is out of bounds (8 to 8192).")));
        }
        SizeRule::Multiple { multiple_of, long_side }
            if multiple_of == 0 || !(8..=8192).contains(&long_side) || multiple_of > long_side =>
        {
            return Err(UsageError(format!(
                "A longer side of {long_side} in multiples of {multiple_of} is out of bounds (8 to 8192)."
            )));
        }
        _ => {}
    }
    let (scale, mean, std) = normalisation(wanted, tensor.element, channels.count(), manifest, graph)?;
    let input = Input {
        name: tensor.name.clone(),
        element: tensor.element,
        layout,
        channels,
        size,
        resize: wanted.resize.unwrap_or(Resize::Stretch),
        pad: wanted.pad.unwrap_or([0, 0, 0]),
        scale,
        mean,
        std,
    };
    Ok((input, assumed))
}

/// A float graph does not show how its pixels were scaled in training, and a wrong guess gives masks that look almost right.
fn normalisation(
    wanted: &InputManifest,
    element: Element,
    channels: usize,
    manifest: &Manifest,
    graph: &GraphInfo,
) -> Result<(f64, Vec<f64>, Vec<f64>), UsageError> {
    let given = wanted.scale.is_some() || wanted.mean.is_some() || wanted.std.is_some();
    if element == Element::Uint8 {
        return match given {
            true => Err(UsageError(
                "The graph takes raw 8-bit pixels: scale, mean and std must not be in the manifest.".into(),
            )),
            false => Ok((1.0, vec![0.0; channels], vec![1.0; channels])),
        };
    }
    if !given {
        return refuse("The graph does not say how pixels are scaled (scale, mean, std).".into(), manifest, graph);
    }
    let per_channel = |what: &str, values: &Option<Vec<f64>>, default: f64| match values {
        None => Ok(vec![default; channels]),
        Some(v) if v.len() == 1 => Ok(vec![v[0]; channels]),
        Some(v) if v.len() == channels => Ok(v.clone()),
        Some(v) => Err(UsageError(format!(
            "The manifest's {what} has {} values; the model has {channels} colour channels.",
            v.len()
        ))),
    };
    let scale = wanted.scale.unwrap_or(1.0 / 255.0);
    let (mean, std) = (per_channel("mean", &wanted.mean, 0.0)?, per_channel("std", &wanted.std, 1.0)?);
    if !scale.is_finite() || mean.iter().chain(&std).any(|v| !v.is_finite()) || std.contains(&0.0) {
        return Err(UsageError("The manifest's scale, mean and std must be finite, and std must not be 0.".into()));
    }
    Ok((scale, mean, std))
}

/// Which of the graph's outputs holds the map, before it has been run.
pub fn pick<'a>(tensors: &'a [TensorInfo], name: Option<&str>) -> Option<&'a TensorInfo> {
    match name {
        Some(name) => tensors.iter().find(|t| t.name == name),
        // Models with deep supervision (u2net-like) give the fused map first.
        None => tensors.first(),
    }
}

/// How the graph's answer is read, from one run on a test picture.
pub fn resolve_output(
    manifest: &Manifest,
    graph: &GraphInfo,
    input: &Input,
    seen: &Observed,
) -> Result<(Output, Vec<String>), UsageError> {
    let wanted = &manifest.output;
    let mut assumed = Vec::new();
    let Some(tensor) = pick(&graph.outputs, wanted.name.as_deref()) else {
        let names: Vec<&str> = graph.outputs.iter().map(|t| t.name.as_str()).collect();
        return Err(UsageError(format!(
            "The graph has no output named {:?}; it has: {}.",
            wanted.name,
            names.join(", ")
        )));
    };
    if wanted.name.is_none() && graph.outputs.len() > 1 {
        assumed.push(format!("output {} (the first of {})", tensor.name, graph.outputs.len()));
    }
    let shape = || format!("Output {} came out with shape {:?}", tensor.name, seen.shape);
    if seen.shape.first() != Some(&1) || !(3..=4).contains(&seen.shape.len()) {
        return Err(UsageError(format!(
            "{}; a map of one photo ([1, C, H, W], [1, H, W, C] or [1, H, W]) is needed.",
            shape()
        )));
    }
    if !seen.min.is_finite() || !seen.max.is_finite() {
        return Err(UsageError(format!(
            "Output {} holds values that are not numbers; the model is damaged or scaled wrongly.",
            tensor.name
        )));
    }
    let whole = matches!(seen.element, Element::Int32 | Element::Int64 | Element::Uint8);
    let layout = wanted
        .layout
        .unwrap_or_else(|| output_layout(&seen.shape, input.layout, wanted.classes.as_ref().map(Vec::len)));
    let channels = channel_count(&seen.shape, layout);
    let values = wanted.values.unwrap_or_else(|| {
        let values = match (whole, seen.min >= 0.0 && seen.max <= 1.0, channels) {
            (true, _, _) => Values::Labels,
            (false, true, 1) => Values::Probabilities,
            (false, true, _) if seen.sums_to_one => Values::Probabilities,
            _ => Values::Logits,
        };
        assumed.push(format!("values {values:?}, from a range of {:.3} to {:.3}", seen.min, seen.max).to_lowercase());
        values
    });
    if values == Values::Labels && channels != 1 {
        return Err(UsageError(format!("{}; class indices come as one plane.", shape())));
    }
    let activation = wanted.activation.unwrap_or(match (values, channels) {
        (Values::Logits, 1) => Activation::Sigmoid,
        (Values::Logits, _) => Activation::Softmax,
        _ => Activation::None,
    });
    if values != Values::Logits && activation != Activation::None {
        return Err(UsageError(format!(
            "The manifest asks for {activation:?} on {values:?}: an activation is for logits only."
        )));
    }
    let classes = match (&wanted.classes, values, channels) {
        (Some(classes), Values::Labels, _) => classes.clone(),
        (Some(classes), _, n) if classes.len() == n => classes.clone(),
        (Some(classes), _, n) => {
            return Err(UsageError(format!(
                "The manifest names {} classes, but the output has {n} channels.",
                classes.len()
            )));
        }
        (None, Values::Logits | Values::Probabilities, 1) => {
            assumed.push("the one channel is lesion".to_owned());
            vec![ClassRole::Lesion]
        }
        (None, Values::Logits | Values::Probabilities, 2) => {
            assumed.push("classes not_lesion, lesion".to_owned());
            vec![ClassRole::NotLesion, ClassRole::Lesion]
        }
        (None, Values::Logits | Values::Probabilities, 3) => {
            assumed.push("classes background, skin, lesion".to_owned());
            vec![ClassRole::Background, ClassRole::Skin, ClassRole::Lesion]
        }
        (None, _, n) => {
            return refuse(format!("{}: what each of its {n} classes means is not clear.", shape()), manifest, graph);
        }
    };
    if !classes.contains(&ClassRole::Lesion) {
        return Err(UsageError("No class of the model is called lesion.".into()));
    }
    let temperature = wanted.temperature.unwrap_or(1.0);
    let thresholds = wanted.thresholds.unwrap_or(Thresholds { lesion: 0.5 });
    let is_probability = thresholds.lesion > 0.0 && thresholds.lesion < 1.0;
    if !temperature.is_finite() || temperature <= 0.0 || !is_probability {
        return Err(UsageError("The temperature must be above 0 and the lesion threshold between 0 and 1.".into()));
    }
    Ok((Output { name: tensor.name.clone(), layout, values, activation, classes, temperature, thresholds }, assumed))
}

/// The output's channels are where the input's are, unless only the other place can hold them.
fn output_layout(shape: &[usize], input: Layout, classes: Option<usize>) -> Layout {
    let &[_, first, _, last] = shape else { return input };
    let fits = |n: usize| classes.map_or(n <= 16, |c| c == n);
    match (fits(first), fits(last)) {
        (true, false) => Layout::Nchw,
        (false, true) => Layout::Nhwc,
        _ => input,
    }
}

pub fn channel_count(shape: &[usize], layout: Layout) -> usize {
    match (shape, layout) {
        (&[_, c, _, _], Layout::Nchw) | (&[_, _, _, c], Layout::Nhwc) => c,
        _ => 1,
    }
}
