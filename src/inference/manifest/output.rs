//! How the graph's answer is read: the manifest, completed by what one run on a test picture shows.

use serde::Serialize;

use super::graph::{GraphInfo, Observed, TensorInfo};
use super::{Activation, Class, ClassRole, Layout, OutputManifest, Overlap, Thresholds, Unclear, Values};
use crate::domain::mask::{Kinds, MAX_KINDS};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Output {
    pub name: String,
    pub layout: Layout,
    pub values: Values,
    pub activation: Activation,
    pub classes: Vec<Class>,
    /// Only where there are several kinds of lesion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    pub temperature: f64,
    pub thresholds: Thresholds,
}

impl Output {
    pub fn has_skin_class(&self) -> bool {
        has_role(&self.classes, ClassRole::Skin)
    }

    pub fn kinds(&self) -> Kinds {
        Kinds { names: kinds(&self.classes), has_skin_class: self.has_skin_class() }
    }
}

fn has_role(classes: &[Class], role: ClassRole) -> bool {
    classes.iter().any(|class| class.role == role)
}

/// Names of the kinds of lesion, in the order of the classes. Channels of one name are one kind.
fn kinds(classes: &[Class]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for class in classes.iter().filter(|class| class.role == ClassRole::Lesion) {
        if !names.contains(&class.name) {
            names.push(class.name.clone());
        }
    }
    names
}

/// `input` is the layout of the input. Also returns what was assumed.
pub fn resolve_output(
    wanted: &OutputManifest,
    graph: &GraphInfo,
    input: Layout,
    seen: &Observed,
) -> Result<(Output, Vec<String>), Unclear> {
    let mut assumed = Vec::new();
    let tensor = map_output(wanted, graph)?;
    if wanted.name.is_none() && graph.outputs.len() > 1 {
        assumed.push(format!("output {} (the first of {})", tensor.name, graph.outputs.len()));
    }
    check_is_map(tensor, seen)?;
    let layout = wanted.layout.unwrap_or_else(|| layout_seen(seen, input, wanted.classes.as_ref().map(Vec::len)));
    let channels = channel_count(&seen.shape, layout);
    let values = values(wanted, seen, channels, tensor, &mut assumed)?;
    let activation = activation(wanted.activation, values, channels)?;
    let classes = classes(wanted.classes.as_deref(), values, channels, tensor, seen, &mut assumed)?;
    let temperature = wanted.temperature.unwrap_or(1.0);
    let kinds = kinds(&classes);
    let thresholds = thresholds(wanted.thresholds.clone(), &kinds)?;
    let overlap = match (wanted.overlap, kinds.len() > 1) {
        (Some(_), false) => {
            return Err(Unclear::Wrong(
                "The manifest has an \"overlap\", but the model has no several kinds of lesion that could overlap."
                    .into(),
            ));
        }
        (overlap, several) => several.then(|| overlap.unwrap_or_default()),
    };
    if !temperature.is_finite() || temperature <= 0.0 {
        return Err(Unclear::Wrong(format!("The temperature is {temperature}: it must be above 0.")));
    }
    let name = tensor.name.clone();
    Ok((Output { name, layout, values, activation, classes, overlap, temperature, thresholds }, assumed))
}

fn thresholds(wanted: Option<Thresholds>, kinds: &[String]) -> Result<Thresholds, Unclear> {
    let thresholds = wanted.unwrap_or(Thresholds::of_lesion(0.5));
    let all = thresholds.of_kinds.iter().map(|(name, p)| (name.as_str(), *p));
    for (name, p) in all.chain([("lesion", thresholds.lesion)]) {
        if !(p > 0.0 && p < 1.0) {
            return Err(Unclear::Wrong(format!("The {name} threshold is {p}: it must lie between 0 and 1.")));
        }
        if name != "lesion" && !kinds.iter().any(|kind| kind == name) {
            return Err(Unclear::Wrong(format!(
                "There is a threshold for {name:?}, but the model has no lesions of that name; it has: {}.",
                if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") }
            )));
        }
    }
    Ok(thresholds)
}

/// Which of the graph's outputs holds the map.
pub fn map_output<'a>(wanted: &OutputManifest, graph: &'a GraphInfo) -> Result<&'a TensorInfo, Unclear> {
    graph.output(wanted.name.as_deref()).ok_or_else(|| {
        let names: Vec<&str> = graph.outputs.iter().map(|t| t.name.as_str()).collect();
        Unclear::Wrong(format!(
            "The graph has no output named {:?}; it has: {}.",
            wanted.name.as_deref().unwrap_or_default(),
            names.join(", ")
        ))
    })
}

pub(super) fn came_out(tensor: &TensorInfo, seen: &Observed) -> String {
    format!("Output {} came out with shape {:?}", tensor.name, seen.shape)
}

fn check_is_map(tensor: &TensorInfo, seen: &Observed) -> Result<(), Unclear> {
    if seen.shape.first() != Some(&1) || !(3..=4).contains(&seen.shape.len()) {
        return Err(Unclear::Wrong(format!(
            "{}; a map of one photo ([1, C, H, W], [1, H, W, C] or [1, H, W]) is needed.",
            came_out(tensor, seen)
        )));
    }
    check_is_finite(tensor, seen)
}

pub(super) fn check_is_finite(tensor: &TensorInfo, seen: &Observed) -> Result<(), Unclear> {
    if seen.is_finite() {
        return Ok(());
    }
    Err(Unclear::Wrong(format!(
        "Output {} holds values that are not numbers; the model is damaged or scaled wrongly.",
        tensor.name
    )))
}

fn values(
    wanted: &OutputManifest,
    seen: &Observed,
    channels: usize,
    tensor: &TensorInfo,
    assumed: &mut Vec<String>,
) -> Result<Values, Unclear> {
    let range = format!("values from {:.3} to {:.3}", seen.min, seen.max);
    let values = match (wanted.values, values_seen(seen, channels)) {
        // A second sigmoid or softmax would make every pixel about as much lesion as not.
        (Some(Values::Logits), _) if wanted.activation.is_none() && seen.lies_from_0_to_1() => {
            return Err(Unclear::Wrong(format!(
                "The manifest says that output {} holds logits, but the test picture gave {range}, as from a sigmoid or a softmax \
                 inside the graph. Write \"values\": \"probabilities\" into the manifest. If they are logits all the same, \
                 write the \"activation\" beside them: \"sigmoid\" or \"softmax\".",
                tensor.name
            )));
        }
        (Some(values), _) => {
            if values == Values::Logits && seen.lies_from_0_to_1() {
                assumed.push(format!("logits, as the manifest says, though the test picture gave {range}"));
            }
            values
        }
        (None, Some(values)) => {
            assumed
                .push(format!("values {values:?}, from a range of {:.3} to {:.3}", seen.min, seen.max).to_lowercase());
            values
        }
        (None, None) => {
            return Err(Unclear::Open(format!(
                "Output {} gave {range}, and its channels do not sum to 1: whether they are \"probabilities\" (a sigmoid for each \
                 channel) or \"logits\" is not clear.",
                tensor.name
            )));
        }
    };
    if values == Values::Labels && channels != 1 {
        return Err(Unclear::Wrong(format!("{}; class indices come as one plane.", came_out(tensor, seen))));
    }
    Ok(values)
}

/// What values of this range and sum are; `None` where they could be either.
pub(super) fn values_seen(seen: &Observed, channels: usize) -> Option<Values> {
    match (seen.is_whole_numbers(), seen.lies_from_0_to_1()) {
        (true, _) => Some(Values::Labels),
        (false, false) => Some(Values::Logits),
        (false, true) => (channels == 1 || seen.sums_to_one).then_some(Values::Probabilities),
    }
}

pub(super) fn usual_activation(values: Values, channels: usize) -> Activation {
    match (values, channels) {
        (Values::Logits, 1) => Activation::Sigmoid,
        (Values::Logits, _) => Activation::Softmax,
        _ => Activation::None,
    }
}

fn activation(wanted: Option<Activation>, values: Values, channels: usize) -> Result<Activation, Unclear> {
    let activation = wanted.unwrap_or(usual_activation(values, channels));
    if values != Values::Logits && activation != Activation::None {
        return Err(Unclear::Wrong(format!(
            "The manifest asks for {activation:?} on {values:?}: an activation is for logits only."
        )));
    }
    Ok(activation)
}

fn classes(
    wanted: Option<&[Class]>,
    values: Values,
    channels: usize,
    tensor: &TensorInfo,
    seen: &Observed,
    assumed: &mut Vec<String>,
) -> Result<Vec<Class>, Unclear> {
    let classes = match wanted {
        Some(classes) if values == Values::Labels || classes.len() == channels => classes.to_vec(),
        Some(classes) => {
            return Err(Unclear::Wrong(format!(
                "The manifest names {} classes, but the output has {channels} channels.",
                classes.len()
            )));
        }
        None => {
            let (classes, words) = usual_classes(values, channels).ok_or_else(|| {
                let what = came_out(tensor, seen);
                Unclear::Open(match values {
                    Values::Labels => format!("{what}: what each of its class indices means is not clear."),
                    _ => format!("{what}: what each of its {channels} classes means is not clear."),
                })
            })?;
            assumed.push(words.to_owned());
            classes
        }
    };
    let kinds = kinds(&classes);
    if let Some(bad) = kinds.iter().find(|name| name.trim().is_empty() || name.contains(char::is_control)) {
        return Err(Unclear::Wrong(format!("The manifest has a class {bad:?}: a class needs a name.")));
    }
    if kinds.len() > MAX_KINDS {
        let count = kinds.len();
        return Err(Unclear::Wrong(format!(
            "The model has {count} kinds of lesion; up to {MAX_KINDS} can be told apart."
        )));
    }
    match kinds.is_empty() && !has_role(&classes, ClassRole::Skin) {
        false => Ok(classes),
        true => Err(Unclear::Wrong(
            "No class of the model is lesion or skin: say in the manifest's output.classes which are.".into(),
        )),
    }
}

/// What so many channels usually mean, also in words.
pub(super) fn usual_classes(values: Values, channels: usize) -> Option<(Vec<Class>, &'static str)> {
    use ClassRole::{Background, Lesion, NotLesion, Skin};
    let (roles, words): (&[ClassRole], _) = match channels {
        _ if values == Values::Labels => return None,
        1 => (&[Lesion], "the one channel is lesion"),
        2 => (&[NotLesion, Lesion], "classes not_lesion, lesion"),
        3 => (&[Background, Skin, Lesion], "classes background, skin, lesion"),
        _ => return None,
    };
    Some((roles.iter().map(|&role| role.into()).collect(), words))
}

/// The output's channels are where the input's are, unless only the other place can hold them.
pub(super) fn layout_seen(seen: &Observed, input: Layout, classes: Option<usize>) -> Layout {
    let &[_, first, _, last] = seen.shape.as_slice() else { return input };
    let fits = |n: usize| classes.map_or(n <= 16, |c| c == n);
    match (fits(first), fits(last)) {
        (true, false) => Layout::Nchw,
        (false, true) => Layout::Nhwc,
        _ => input,
    }
}

pub(super) fn channel_count(shape: &[usize], layout: Layout) -> usize {
    match (shape, layout) {
        (&[_, c, _, _], Layout::Nchw) | (&[_, _, _, c], Layout::Nhwc) => c,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::manifest::Element;

    fn graph() -> GraphInfo {
        let out = TensorInfo { name: "out".into(), element: Element::Float32, dims: vec![] };
        GraphInfo { inputs: vec![], outputs: vec![out] }
    }

    fn seen(channels: usize, min: f32, max: f32, sums_to_one: bool) -> Observed {
        Observed { shape: vec![1, channels, 8, 8], element: Element::Float32, min, max, sums_to_one }
    }

    fn resolve(wanted: &OutputManifest, seen: &Observed) -> Result<Output, Unclear> {
        resolve_output(wanted, &graph(), Layout::Nchw, seen).map(|(output, _)| output)
    }

    #[test]
    fn probabilities_are_not_squashed_again_unless_an_activation_is_asked_for() {
        let logits = OutputManifest { values: Some(Values::Logits), ..OutputManifest::default() };
        for channels in [1, 2, 3] {
            let error = resolve(&logits, &seen(channels, 0.0, 1.0, channels > 1)).unwrap_err();
            assert!(error.to_string().contains("\"probabilities\""), "{error}");
            resolve(&logits, &seen(channels, -3.0, 1.0, false)).unwrap();
        }
        let sure = OutputManifest { activation: Some(Activation::Sigmoid), ..logits };
        assert_eq!(resolve(&sure, &seen(1, 0.2, 0.9, false)).unwrap().activation, Activation::Sigmoid);
    }

    #[test]
    fn a_sigmoid_for_each_channel_is_a_doubt() {
        let nothing = OutputManifest::default();
        assert!(matches!(resolve(&nothing, &seen(2, 0.0, 1.0, false)), Err(Unclear::Open(_))));
        let said = OutputManifest { values: Some(Values::Probabilities), ..nothing };
        assert_eq!(resolve(&said, &seen(2, 0.0, 1.0, false)).unwrap().activation, Activation::None);
    }
}
