//! The manifest that is printed where a graph leaves a doubt, for its user to fill in.

use super::graph::{Element, GraphInfo, Observed};
use super::input::{USUAL_SIZE, axes, colours, layout_shown, usual_scale};
use super::output::{channel_count, layout_seen, usual_activation, usual_classes, values_seen};
use super::{
    Channels, ClassRole, InputManifest, Layout, MANIFEST_SCHEMA, Manifest, OutputManifest, Resize, SizeRule,
    Thresholds, Values,
};

/// A manifest to fill in: what is given, then what the graph shows of its input, then the commonest values.
pub fn fill_in_input(manifest: &Manifest, graph: &GraphInfo) -> Manifest {
    let mut filled = manifest.clone();
    filled.schema.get_or_insert_with(|| MANIFEST_SCHEMA.to_owned());
    filled.name.get_or_insert_with(|| "my-model".to_owned());
    filled.version.get_or_insert_with(|| "1".to_owned());
    let input: &mut InputManifest = &mut filled.input;
    let Some(tensor) = graph.input(input.name.as_deref()).or_else(|| graph.input(None)) else { return filled };
    let mask = input.mask.unwrap_or(false);
    input.name = Some(tensor.name.clone());
    let layout = *input.layout.get_or_insert(layout_shown(tensor, mask).unwrap_or(Layout::Nchw));
    let axes = axes(tensor, layout);
    let grey = colours(axes.channels, mask) == Some(1);
    let channels = *input.channels.get_or_insert(if grey { Channels::Grey } else { Channels::Rgb });
    input.size.get_or_insert(match (axes.width, axes.height) {
        (Some(width), Some(height)) => SizeRule::Fixed { width, height },
        _ => USUAL_SIZE,
    });
    input.resize.get_or_insert(Resize::Stretch);
    if tensor.element != Element::Uint8 {
        // From 0 to 1; or of ImageNet, its luma where there is one channel.
        let (mean, std) = match (input.range, channels) {
            (Some([least, most]), _) => (vec![least], vec![most - least]),
            (None, Channels::Grey) => (vec![0.449], vec![0.226]),
            (None, Channels::Rgb) => (vec![0.485, 0.456, 0.406], vec![0.229, 0.224, 0.225]),
            (None, Channels::Bgr) => (vec![0.406, 0.456, 0.485], vec![0.225, 0.224, 0.229]),
        };
        let scale = usual_scale(input);
        input.scale.get_or_insert(scale);
        input.mean.get_or_insert(mean);
        input.std.get_or_insert(std);
    }
    filled
}

/// The same for the output, by what a run on the test picture showed, if the graph could be run.
pub fn fill_in_output(mut filled: Manifest, graph: &GraphInfo, seen: Option<&Observed>) -> Manifest {
    let input_layout = filled.input.layout.unwrap_or(Layout::Nchw);
    let output: &mut OutputManifest = &mut filled.output;
    let Some(tensor) = graph.output(output.name.as_deref()).or_else(|| graph.output(None)) else { return filled };
    output.name = Some(tensor.name.clone());
    output.thresholds.get_or_insert(Thresholds::of_lesion(0.5));
    let Some(seen) = seen else { return filled };
    let layout = output.layout.unwrap_or_else(|| layout_seen(seen, input_layout, None));
    let channels = channel_count(&seen.shape, layout);
    // A sigmoid for each channel, where nothing else fits.
    let values = *output.values.get_or_insert(values_seen(seen, channels).unwrap_or(Values::Probabilities));
    if values == Values::Logits {
        output.activation.get_or_insert(usual_activation(values, channels));
    }
    let unknown = if values == Values::Labels { seen.max.max(0.0) as usize + 1 } else { channels };
    // Many classes are all left out until their meaning is filled in: without a lesion, nothing runs by mistake.
    output.classes.get_or_insert_with(|| {
        usual_classes(values, channels).map_or(vec![ClassRole::Ignore.into(); unknown], |(roles, _)| roles)
    });
    filled
}
