//! A photo, or a part of it, becomes the tensor that the model was trained on. Pure: no files, no clock.
//!
//! The reduction is a bilinear convolution with antialiasing, as Pillow's `resize(BILINEAR)`, on 8-bit sRGB: the default
//! model's training code does the same. A model of grey values gets them as decimals from the file on, without steps.

use half::f16;
use ndarray::{Array4, Axis};

use crate::domain::geometry::{Placement, Rect, swapped};
use crate::domain::mask::{IGNORE, LESION, LabelMap};
use crate::domain::photo::{Photo, luma, resize};
use crate::domain::values::{GreyValues, Values};
use crate::error::PhotoError;
use crate::inference::manifest::{Channels, Element, Layout, Resize, SizeRule};

/// The model's input: one photo, in the element type and layout that the graph takes.
#[derive(Clone, Debug, PartialEq)]
pub enum TensorData {
    F32(Array4<f32>),
    F16(Array4<f16>),
    U8(Array4<u8>),
}

/// Carries its placement: how to get back to the photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub data: TensorData,
    pub placement: Placement,
}

impl Tensor {
    /// Left and right swapped, bars and all. The placement stays: it holds again when the answer is swapped back.
    pub fn mirrored(self, layout: Layout) -> Self {
        let along = Axis(if layout == Layout::Nchw { 3 } else { 2 });
        let data = match self.data {
            TensorData::F32(values) => TensorData::F32(swapped(values, along)),
            TensorData::F16(values) => TensorData::F16(swapped(values, along)),
            TensorData::U8(values) => TensorData::U8(swapped(values, along)),
        };
        Self { data, ..self }
    }
}

type InputSpec = crate::inference::manifest::Input;

/// Lays `part` of the photo into the model's frame.
pub fn preprocess(photo: &Photo, part: Rect, spec: &InputSpec) -> Result<Tensor, PhotoError> {
    lay(photo, part, None, spec)
}

/// The same of grey values, for a model that takes them; `own` is the size of the photo.
pub fn preprocess_values(values: &Values, own: (u32, u32), part: Rect, spec: &InputSpec) -> Result<Tensor, PhotoError> {
    let placement = place(part, spec);
    let (frame_width, frame_height) = (placement.frame_width as usize, placement.frame_height as usize);
    let (left, top) = (placement.content.x as usize, placement.content.y as usize);
    let width = placement.content.width as usize;
    let content = values.resize(own, part, width as u32, placement.content.height as u32)?;
    let bars = spec.range.map_or_else(|| f32::from(luma(&spec.pad)), |[least, _]| least as f32);
    let mut frame = vec![bars; frame_width * frame_height];
    for (y, row) in content.chunks_exact(width).enumerate() {
        let start = (top + y) * frame_width + left;
        frame[start..start + width].copy_from_slice(row);
    }
    frame.iter_mut().for_each(|v| *v = ((f64::from(*v) * spec.scale - spec.mean[0]) / spec.std[0]) as f32);
    // With one channel, both layouts have the same order.
    let shape = match spec.layout {
        Layout::Nchw => (1, 1, frame_height, frame_width),
        Layout::Nhwc => (1, frame_height, frame_width, 1),
    };
    let array = Array4::from_shape_vec(shape, frame).expect("as many values as the shape holds");
    let data = match spec.element {
        Element::Float16 => TensorData::F16(array.mapv(f16::from_f32)),
        _ => TensorData::F32(array),
    };
    Ok(Tensor { data, placement })
}

/// The same with the lesions in the mask of that part, where the model wants them.
pub fn lay(photo: &Photo, part: Rect, mask: Option<&LabelMap>, spec: &InputSpec) -> Result<Tensor, PhotoError> {
    let placement = place(part, spec);
    let (width, height) = (placement.content.width as u32, placement.content.height as u32);
    let content = resize(photo, part, width, height)?;
    let lesions = mask.map(|mask| lesions(mask, width, height));
    Ok(Tensor { data: fill(&content, lesions.as_deref(), &placement, spec), placement })
}

/// A mask at another size, by the class at the centre of each pixel: 255 in lesions, 0 elsewhere.
fn lesions(mask: &LabelMap, width: u32, height: u32) -> Vec<u8> {
    let centre = |at: u32, to: u32, from: u32| ((2 * u64::from(at) + 1) * u64::from(from) / (2 * u64::from(to))) as u32;
    let class = |x, y| mask.at(centre(x, width, mask.width), centre(y, height, mask.height));
    let is_lesion = |class: u8| (LESION..IGNORE).contains(&class);
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    pixels.map(|(x, y)| if is_lesion(class(x, y)) { 255 } else { 0 }).collect()
}

/// The frame's size and where the content lies in it.
fn place(part: Rect, spec: &InputSpec) -> Placement {
    let (frame_width, frame_height) = match spec.size {
        SizeRule::Fixed { width, height } => (width, height),
        SizeRule::Multiple { multiple_of, long_side } => {
            let scale = f64::from(long_side) / part.width.max(part.height);
            let round = |side: f64| {
                let multiple = f64::from(multiple_of);
                ((side * scale / multiple).round().max(1.0) * multiple) as u32
            };
            (round(part.width), round(part.height))
        }
    };
    let frame = Rect::whole(frame_width, frame_height);
    let content = match spec.resize {
        Resize::Stretch => frame,
        Resize::Letterbox => {
            let scale = (frame.width / part.width).min(frame.height / part.height);
            let width = (part.width * scale).round().clamp(1.0, frame.width);
            let height = (part.height * scale).round().clamp(1.0, frame.height);
            Rect { x: ((frame.width - width) / 2.0).floor(), y: ((frame.height - height) / 2.0).floor(), width, height }
        }
    };
    Placement { source: part, content, frame_width, frame_height }
}

/// Normalised values in the graph's layout; the bars of a letterbox hold the normalised pad colour.
fn fill(content: &[u8], lesions: Option<&[u8]>, placement: &Placement, spec: &InputSpec) -> TensorData {
    let (frame_width, frame_height) = (placement.frame_width as usize, placement.frame_height as usize);
    let (left, top) = (placement.content.x as usize, placement.content.y as usize);
    let width = placement.content.width as usize;
    let (colours, channels) = (spec.channels.count(), spec.planes());
    let shape = match spec.layout {
        Layout::Nchw => (1, channels, frame_height, frame_width),
        Layout::Nhwc => (1, frame_height, frame_width, channels),
    };
    // (channel stride, pixel stride)
    let (plane, step) = match spec.layout {
        Layout::Nchw => (frame_width * frame_height, 1),
        Layout::Nhwc => (1, channels),
    };
    let value = |pixel: &[u8], channel: usize| -> u8 {
        match spec.channels {
            Channels::Rgb => pixel[channel],
            Channels::Bgr => pixel[2 - channel],
            Channels::Grey => luma(pixel),
        }
    };
    let mut bytes = vec![0u8; channels * frame_width * frame_height];
    for channel in 0..colours {
        if placement.content.width as usize != frame_width || placement.content.height as usize != frame_height {
            let pad = value(&spec.pad, channel);
            (0..frame_width * frame_height).for_each(|i| bytes[i * step + channel * plane] = pad);
        }
        for (y, row) in content.chunks_exact(width * 3).enumerate() {
            let start = ((top + y) * frame_width + left) * step + channel * plane;
            for (x, pixel) in row.chunks_exact(3).enumerate() {
                bytes[start + x * step] = value(pixel, channel);
            }
        }
    }
    for (y, row) in lesions.into_iter().flat_map(|all| all.chunks_exact(width).enumerate()) {
        let start = ((top + y) * frame_width + left) * step + colours * plane;
        row.iter().enumerate().for_each(|(x, &lesion)| bytes[start + x * step] = lesion);
    }
    let mut tables: Vec<[f32; 256]> = (0..colours)
        .map(|c| std::array::from_fn(|v| ((v as f64 * spec.scale - spec.mean[c]) / spec.std[c]) as f32))
        .collect();
    // Of the lesions.
    tables.push(std::array::from_fn(|v| v as f32 / 255.0));
    let values = || {
        let mut values = Vec::with_capacity(bytes.len());
        match spec.layout {
            Layout::Nchw => bytes.chunks_exact(plane).zip(&tables).for_each(|(channel, table)| {
                values.extend(channel.iter().map(|&v| table[usize::from(v)]));
            }),
            Layout::Nhwc => bytes.chunks_exact(channels).for_each(|pixel| {
                values.extend(pixel.iter().zip(&tables).map(|(&v, table)| table[usize::from(v)]));
            }),
        }
        Array4::from_shape_vec(shape, values).expect("as many values as the shape holds")
    };
    match spec.element {
        Element::Uint8 => {
            TensorData::U8(Array4::from_shape_vec(shape, bytes).expect("as many values as the shape holds"))
        }
        Element::Float16 => TensorData::F16(values().mapv(f16::from_f32)),
        _ => TensorData::F32(values()),
    }
}

/// Pixels on a photo's longer side beyond which this model gains nothing, also where it looks closer at a part.
pub fn enough_pixels(spec: &InputSpec) -> u32 {
    let side = match spec.size {
        SizeRule::Fixed { width, height } => width.max(height),
        SizeRule::Multiple { long_side, .. } => long_side,
    };
    5 * side / 2
}

/// A picture for trying a model out: a gradient with some texture, so that outputs show their range.
pub fn test_picture() -> Photo {
    let (width, height) = (320u32, 240u32);
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            let texture = ((x * 7 + y * 13) % 31) as u8;
            rgb.extend([(x * 255 / width) as u8 ^ texture, (y * 255 / height) as u8, 255 - texture]);
        }
    }
    Photo { width, height, rgb }
}

/// The tensor that a resolved model is tried with.
pub fn test_tensor(spec: &InputSpec) -> Result<Tensor, PhotoError> {
    let photo = test_picture();
    if let Some(values) = spec.values {
        let values = test_values(&photo, values, spec);
        return preprocess_values(&values, (photo.width, photo.height), Rect::whole(photo.width, photo.height), spec);
    }
    let mask = spec.mask.then(|| LabelMap::filled(photo.width, photo.height, LESION));
    lay(&photo, Rect::whole(photo.width, photo.height), mask.as_ref(), spec)
}

/// The test picture in values such as the model was made for: over all of its range, or two deviations to both sides of its mean.
fn test_values(photo: &Photo, values: GreyValues, spec: &InputSpec) -> Values {
    let steps = Values::of(photo);
    if values == GreyValues::Window {
        return steps;
    }
    let around = |sign: f64| (spec.mean[0] + sign * 2.0 * spec.std[0]) / spec.scale;
    let [least, most] = spec.range.unwrap_or([around(-1.0), around(1.0)]);
    steps.map(|v| (least + f64::from(v) / 255.0 * (most - least)) as f32)
}
