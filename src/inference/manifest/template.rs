//! The manifest that is printed where a graph leaves a doubt, for its user to fill in.

use super::resolve::{DEFAULT_LONG_SIDE, DEFAULT_MULTIPLE};
use super::{
    Channels, ClassRole, Element, GraphInfo, InputManifest, Layout, MANIFEST_SCHEMA, Manifest, OutputManifest, Resize,
    SizeRule, Thresholds, Values,
};

/// A manifest to fill in: what is given, then what the graph shows, then the commonest values.
pub fn template(manifest: &Manifest, graph: &GraphInfo) -> String {
    let mut filled = manifest.clone();
    filled.schema.get_or_insert_with(|| MANIFEST_SCHEMA.to_owned());
    filled.name.get_or_insert_with(|| "my-model".to_owned());
    filled.version.get_or_insert_with(|| "1".to_owned());
    let first = graph.inputs.first();
    let dims = first.map(|t| t.dims.as_slice()).unwrap_or_default();
    let input: &mut InputManifest = &mut filled.input;
    input.name = input.name.take().or_else(|| first.map(|t| t.name.clone()));
    let layout =
        *input.layout.get_or_insert(if matches!(dims.get(3), Some(Some(1 | 3))) { Layout::Nhwc } else { Layout::Nchw });
    input.channels.get_or_insert(Channels::Rgb);
    let (height, width) = if layout == Layout::Nhwc { (dims.get(1), dims.get(2)) } else { (dims.get(2), dims.get(3)) };
    input.size.get_or_insert(match (width, height) {
        (Some(&Some(width)), Some(&Some(height))) => SizeRule::Fixed { width, height },
        _ => SizeRule::Multiple { multiple_of: DEFAULT_MULTIPLE, long_side: DEFAULT_LONG_SIDE },
    });
    input.resize.get_or_insert(Resize::Stretch);
    if first.is_none_or(|t| t.element != Element::Uint8) {
        input.scale.get_or_insert(1.0 / 255.0);
        input.mean.get_or_insert_with(|| vec![0.485, 0.456, 0.406]);
        input.std.get_or_insert_with(|| vec![0.229, 0.224, 0.225]);
    }
    let output: &mut OutputManifest = &mut filled.output;
    output.name = output.name.take().or_else(|| graph.outputs.first().map(|t| t.name.clone()));
    output.values.get_or_insert(Values::Logits);
    output.classes.get_or_insert_with(|| vec![ClassRole::Background, ClassRole::Skin, ClassRole::Lesion]);
    output.thresholds.get_or_insert(Thresholds { lesion: 0.5 });
    serde_json::to_string_pretty(&filled).unwrap_or_default()
}
