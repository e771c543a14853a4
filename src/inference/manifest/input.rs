//! How the photo enters the graph: the manifest, completed by what the graph shows of its input.

use serde::Serialize;

use super::graph::{Dim, Element, GraphInfo, TensorInfo};
use super::{Channels, InputManifest, Layout, Resize, SizeRule, Unclear, WindowRule};
use crate::domain::values::GreyValues;

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
    /// One more channel, of the lesions.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mask: bool,
    /// Of DICOM files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowRule>,
    /// More than the 256 steps of a photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<GreyValues>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
}

impl Input {
    /// Channels of the tensor.
    pub fn planes(&self) -> usize {
        self.channels.count() + usize::from(self.mask)
    }
}

/// The frame of a graph of any size whose manifest names none.
pub(super) const USUAL_SIZE: SizeRule = SizeRule::Multiple { multiple_of: 32, long_side: 512 };
const SIDES: std::ops::RangeInclusive<u32> = 8..=8192;

/// Also returns what was assumed.
pub fn resolve_input(wanted: &InputManifest, graph: &GraphInfo) -> Result<(Input, Vec<String>), Unclear> {
    let mut assumed = Vec::new();
    let tensor = image_input(wanted, graph)?;
    let mask = wanted.mask.unwrap_or(false);
    let layout = wanted.layout.or_else(|| layout_shown(tensor, mask)).ok_or_else(|| {
        Unclear::Open(format!("Input {} does not show which axis holds the colours.", tensor.describe()))
    })?;
    let axes = axes(tensor, layout);
    let channels = channels(wanted.channels, colours(axes.channels, mask), tensor, &mut assumed)?;
    let size = size(wanted.size, &axes, tensor, &mut assumed)?;
    if wanted
        .window
        .is_some_and(|window| !(window.center.is_finite() && window.width > 0.0 && window.width.is_finite()))
    {
        return Err(Unclear::Wrong("The manifest's window needs a center and a width over 0.".into()));
    }
    check_values(wanted, channels, tensor.element)?;
    let (scale, mean, std) = normalisation(wanted, tensor.element, channels.count())?;
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
        mask,
        window: wanted.window,
        values: wanted.values,
        range: wanted.range,
    };
    Ok((input, assumed))
}

/// Grey values go into one channel of decimals, and what the manifest says of them must fit together.
fn check_values(wanted: &InputManifest, channels: Channels, element: Element) -> Result<(), Unclear> {
    let wrong = |why: &str| Err(Unclear::Wrong(why.to_owned()));
    let is_stored = wanted.values == Some(GreyValues::Stored);
    if wanted.values.is_some() && (channels != Channels::Grey || wanted.mask == Some(true)) {
        return wrong("The manifest's values are for models of one channel: channels must be grey.");
    }
    if wanted.values.is_some() && element == Element::Uint8 {
        return wrong("The graph takes 8-bit pixels: leave values out of the manifest.");
    }
    if is_stored && wanted.pad.is_some() {
        return wrong("The manifest's pad is a colour; with stored values, bars hold the lower end of range.");
    }
    match wanted.range {
        Some(_) if !is_stored => wrong("The manifest's range is for \"values\": \"stored\"."),
        Some([least, most]) if !(least.is_finite() && most.is_finite() && least < most) => {
            wrong("The manifest's range needs two numbers, the smaller one first.")
        }
        None if is_stored && wanted.resize == Some(Resize::Letterbox) => {
            wrong("With stored values and letterbox, the manifest needs a range: bars hold its lower end.")
        }
        _ => Ok(()),
    }
}

/// The one input, if it can take a photo.
fn image_input<'a>(wanted: &InputManifest, graph: &'a GraphInfo) -> Result<&'a TensorInfo, Unclear> {
    let Some(tensor) = graph.input(wanted.name.as_deref()) else {
        let names: Vec<String> = graph.inputs.iter().map(TensorInfo::describe).collect();
        return Err(Unclear::Open(format!(
            "The graph's inputs are: {}. Which one takes the photo is not clear.",
            names.join("; ")
        )));
    };
    let shown = tensor.describe();
    if graph.inputs.len() > 1 {
        return Err(Unclear::Wrong(format!(
            "The graph wants {} inputs ({}); only models with one image input can be run. Export it with the others as constants.",
            graph.inputs.len(),
            graph.inputs.iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ")
        )));
    }
    if !matches!(tensor.element, Element::Float32 | Element::Float16 | Element::Uint8) {
        return Err(Unclear::Wrong(format!(
            "Input {shown} is of a type that is not supported; float32, float16 and uint8 are."
        )));
    }
    if tensor.dims.len() != 4 {
        return Err(Unclear::Wrong(format!("Input {shown} must have four axes (batch, channels, height, width).")));
    }
    if tensor.dims[0].is_some_and(|batch| batch != 1) {
        return Err(Unclear::Wrong(format!(
            "Input {shown} has a fixed batch; export the model with batch 1 or a dynamic batch."
        )));
    }
    Ok(tensor)
}

/// Colour channels of an axis that may have one more for the lesions.
pub(super) fn colours(axis: Dim, mask: bool) -> Dim {
    axis.map(|channels| channels.saturating_sub(u32::from(mask)))
}

/// Where an axis of 1 or 3 can only be the colours.
pub(super) fn layout_shown(tensor: &TensorInfo, mask: bool) -> Option<Layout> {
    let is_colours = |axis: usize| tensor.dims.get(axis).is_some_and(|dim| matches!(colours(*dim, mask), Some(1 | 3)));
    match (is_colours(1), is_colours(3)) {
        (true, false) => Some(Layout::Nchw),
        (false, true) => Some(Layout::Nhwc),
        _ => None,
    }
}

pub(super) struct Axes {
    pub channels: Dim,
    pub height: Dim,
    pub width: Dim,
}

pub(super) fn axes(tensor: &TensorInfo, layout: Layout) -> Axes {
    let axis = |i: usize| tensor.dims.get(i).copied().flatten();
    match layout {
        Layout::Nchw => Axes { channels: axis(1), height: axis(2), width: axis(3) },
        Layout::Nhwc => Axes { channels: axis(3), height: axis(1), width: axis(2) },
    }
}

fn channels(
    wanted: Option<Channels>,
    shown: Dim,
    tensor: &TensorInfo,
    assumed: &mut Vec<String>,
) -> Result<Channels, Unclear> {
    match (wanted, shown) {
        (Some(c), Some(n)) if c.count() != n as usize => Err(Unclear::Wrong(format!(
            "The manifest says {} colour channels, but input {} has {n}.",
            c.count(),
            tensor.describe()
        ))),
        (Some(channels), _) => Ok(channels),
        (None, Some(1)) => Ok(Channels::Grey),
        (None, None | Some(3)) => {
            assumed.push("channel order rgb".to_owned());
            Ok(Channels::Rgb)
        }
        (None, Some(n)) => {
            Err(Unclear::Wrong(format!("Input {} has {n} colour channels; 1 or 3 can be fed.", tensor.describe())))
        }
    }
}

fn size(
    wanted: Option<SizeRule>,
    axes: &Axes,
    tensor: &TensorInfo,
    assumed: &mut Vec<String>,
) -> Result<SizeRule, Unclear> {
    let differs = |axis: Dim, side: u32| axis.is_some_and(|fixed| fixed != side);
    let size = match (wanted, axes.width, axes.height) {
        (Some(SizeRule::Fixed { width, height }), w, h) if differs(w, width) || differs(h, height) => {
            return Err(Unclear::Wrong(format!(
                "The manifest says {width} x {height}, but input {} is fixed.",
                tensor.describe()
            )));
        }
        (Some(SizeRule::Multiple { .. }), Some(width), Some(height)) => {
            return Err(Unclear::Wrong(format!(
                "The manifest wants a flexible size, but the graph takes {width} x {height} only."
            )));
        }
        (Some(size), _, _) => size,
        (None, Some(width), Some(height)) => SizeRule::Fixed { width, height },
        (None, None, None) => {
            assumed.push("size: longer side 512, multiples of 32".to_owned());
            USUAL_SIZE
        }
        _ => return Err(Unclear::Open(format!("Input {} fixes only one of its sides.", tensor.describe()))),
    };
    match size {
        SizeRule::Fixed { width, height } if !SIDES.contains(&width) || !SIDES.contains(&height) => {
            Err(Unclear::Wrong(format!("An input size of {width} x {height} is out of bounds (8 to 8192).")))
        }
        SizeRule::Multiple { multiple_of, long_side }
            if multiple_of == 0 || !SIDES.contains(&long_side) || multiple_of > long_side =>
        {
            Err(Unclear::Wrong(format!(
                "A longer side of {long_side} in multiples of {multiple_of} is out of bounds (8 to 8192)."
            )))
        }
        size => Ok(size),
    }
}

/// Pixels from 0 to 255 become 0 to 1; stored values stay as they are.
pub(super) fn usual_scale(wanted: &InputManifest) -> f64 {
    if wanted.values == Some(GreyValues::Stored) { 1.0 } else { 1.0 / 255.0 }
}

/// Scale, mean and standard deviation. A float graph does not show how its pixels were scaled in training, and a wrong guess
/// gives masks that look almost right.
fn normalisation(
    wanted: &InputManifest,
    element: Element,
    channels: usize,
) -> Result<(f64, Vec<f64>, Vec<f64>), Unclear> {
    let given = wanted.scale.is_some() || wanted.mean.is_some() || wanted.std.is_some();
    if element == Element::Uint8 {
        return match given {
            true => Err(Unclear::Wrong(
                "The graph takes raw 8-bit pixels: scale, mean and std must not be in the manifest.".into(),
            )),
            false => Ok((1.0, vec![0.0; channels], vec![1.0; channels])),
        };
    }
    if !given {
        return Err(Unclear::Open("The graph does not say how pixels are scaled (scale, mean, std).".into()));
    }
    let per_channel = |what: &str, values: &Option<Vec<f64>>, default: f64| match values {
        None => Ok(vec![default; channels]),
        Some(v) if v.len() == 1 => Ok(vec![v[0]; channels]),
        Some(v) if v.len() == channels => Ok(v.clone()),
        Some(v) => Err(Unclear::Wrong(format!(
            "The manifest's {what} has {} values; the model has {channels} colour channels.",
            v.len()
        ))),
    };
    let scale = wanted.scale.unwrap_or(usual_scale(wanted));
    let (mean, std) = (per_channel("mean", &wanted.mean, 0.0)?, per_channel("std", &wanted.std, 1.0)?);
    if !scale.is_finite() || mean.iter().chain(&std).any(|v| !v.is_finite()) || std.contains(&0.0) {
        return Err(Unclear::Wrong("The manifest's scale, mean and std must be finite, and std must not be 0.".into()));
    }
    Ok((scale, mean, std))
}
