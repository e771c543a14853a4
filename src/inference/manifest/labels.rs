//! How a classifier's answer is read: the manifest, completed by what one run on a test picture shows.

use serde::Serialize;

use super::graph::{GraphInfo, Observed, TensorInfo};
use super::output::{came_out, check_is_finite, map_output};
use super::{Activation, OutputManifest, Unclear, Values};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelOutput {
    pub name: String,
    pub values: Values,
    pub activation: Activation,
    pub labels: Vec<String>,
    pub temperature: f64,
    pub abstain_below: f64,
}

/// Which of the graph's outputs holds the answer.
pub fn labels_output<'a>(wanted: &OutputManifest, graph: &'a GraphInfo) -> Result<&'a TensorInfo, Unclear> {
    map_output(wanted, graph)
}

/// Where a graph gives each label a chance of its own, one that is as likely as not is no answer.
const USUAL_THRESHOLD: f64 = 0.5;

/// Also returns what was assumed.
pub fn resolve_labels(
    wanted: &OutputManifest,
    graph: &GraphInfo,
    seen: &Observed,
) -> Result<(LabelOutput, Vec<String>), Unclear> {
    let mut assumed = Vec::new();
    let tensor = labels_output(wanted, graph)?;
    if wanted.name.is_none() && graph.outputs.len() > 1 {
        assumed.push(format!("output {} (the first of {})", tensor.name, graph.outputs.len()));
    }
    let shown = came_out(tensor, seen);
    let count: usize = seen.shape.iter().product();
    if seen.shape.iter().filter(|&&side| side > 1).count() > 1 {
        return Err(Unclear::Wrong(format!("{shown}; one value for each label is needed.")));
    }
    check_is_finite(tensor, seen)?;
    let labels = labels(wanted.labels.as_deref(), count, &shown)?;
    let values = values(wanted, seen, count, &tensor.name, &mut assumed)?;
    let usual = match (values, count) {
        (Values::Logits, 1) => Activation::Sigmoid,
        (Values::Logits, _) => Activation::Softmax,
        _ => Activation::None,
    };
    let activation = wanted.activation.unwrap_or(usual);
    if values != Values::Logits && activation != Activation::None {
        return Err(Unclear::Wrong(format!(
            "The manifest asks for {activation:?} on {values:?}: an activation is for logits only."
        )));
    }
    if wanted.activation.is_none() && values == Values::Logits && count > 1 {
        assumed.push("softmax: exactly one label holds".to_owned());
    }
    let one_holds =
        activation == Activation::Softmax || (values == Values::Probabilities && seen.sums_to_one && count > 1);
    let abstain_below = wanted.abstain_below.unwrap_or(if one_holds { 0.0 } else { USUAL_THRESHOLD });
    if !(0.0..=1.0).contains(&abstain_below) {
        return Err(Unclear::Wrong(format!("abstain_below is {abstain_below}: it must lie between 0 and 1.")));
    }
    let temperature = wanted.temperature.unwrap_or(1.0);
    if !temperature.is_finite() || temperature <= 0.0 {
        return Err(Unclear::Wrong(format!("The temperature is {temperature}: it must be above 0.")));
    }
    let name = tensor.name.clone();
    Ok((LabelOutput { name, values, activation, labels, temperature, abstain_below }, assumed))
}

fn labels(wanted: Option<&[String]>, count: usize, shown: &str) -> Result<Vec<String>, Unclear> {
    let Some(labels) = wanted else {
        return Err(Unclear::Open(format!("{shown}: what each of its {count} values stands for is not clear.")));
    };
    if labels.len() != count {
        return Err(Unclear::Wrong(format!("{shown}, but the manifest has {} labels.", labels.len())));
    }
    if let Some(bad) = labels.iter().find(|label| label.trim().is_empty() || label.contains(char::is_control)) {
        return Err(Unclear::Wrong(format!("The manifest has the label {bad:?}: a label needs a name.")));
    }
    let mut sorted = labels.to_vec();
    sorted.sort();
    match sorted.windows(2).find(|two| two[0] == two[1]) {
        Some(two) => Err(Unclear::Wrong(format!("The manifest has the label {:?} twice.", two[0]))),
        None => Ok(labels.to_vec()),
    }
}

fn values(
    wanted: &OutputManifest,
    seen: &Observed,
    count: usize,
    name: &str,
    assumed: &mut Vec<String>,
) -> Result<Values, Unclear> {
    let range = format!("values from {:.3} to {:.3}", seen.min, seen.max);
    match (wanted.values, seen.lies_from_0_to_1()) {
        (Some(Values::Labels), _) => Err(Unclear::Wrong(
            "\"values\": \"labels\" is for masks: a classifier gives a probability for each label.".into(),
        )),
        (Some(Values::Probabilities), false) => Err(Unclear::Wrong(format!(
            "The manifest says that output {name} holds probabilities, but the test picture gave {range}."
        ))),
        (Some(values), _) => Ok(values),
        (None, false) => {
            assumed.push(format!("logits, from {range}"));
            Ok(Values::Logits)
        }
        (None, true) if count > 1 && seen.sums_to_one => {
            assumed.push(format!("probabilities, from {range} that sum to 1"));
            Ok(Values::Probabilities)
        }
        (None, true) => Err(Unclear::Open(format!(
            "Output {name} gave {range}: whether they are \"probabilities\" or \"logits\" is not clear."
        ))),
    }
}
