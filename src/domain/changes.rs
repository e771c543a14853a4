//! Two JSON values leaf by leaf: what changed, and by how much.

use serde::Serialize;
use serde_json::Value;

/// A smaller figure counts as this one: figures are written with six decimals, and the last one is noise.
const SMALLEST: f64 = 0.01;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Path in the record, such as `area.lesion_px` or `lesions.0.perimeter_px`.
    pub name: String,
    pub base: Value,
    pub new: Value,
    /// New minus base; null where one is not a number.
    pub change: Option<f64>,
    /// Change as a share of the larger of the two (at least 0.01); 1 where one is not a number.
    pub relative: f64,
}

/// Every leaf that differs, except those that `skip` names by their path.
pub fn changes(base: &Value, new: &Value, skip: &[&str]) -> Vec<Change> {
    let mut found = Vec::new();
    walk(String::new(), base, new, skip, &mut found);
    found
}

fn walk(name: String, base: &Value, new: &Value, skip: &[&str], found: &mut Vec<Change>) {
    if base == new || skip.contains(&name.as_str()) {
        return;
    }
    let child = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match (base, new) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                walk(child(key), a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null), skip, found);
            }
        }
        // Lists of another length have no leaves in common: their lengths are what changed.
        (Value::Array(a), Value::Array(b)) if a.len() != b.len() && a.iter().chain(b).any(Value::is_object) => {
            found.push(change(child("count"), &a.len().into(), &b.len().into()));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() && !a.iter().any(Value::is_string) => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                walk(child(&i.to_string()), a, b, skip, found);
            }
        }
        _ => found.push(change(name, base, new)),
    }
}

fn change(name: String, base: &Value, new: &Value) -> Change {
    let numbers = base.as_f64().zip(new.as_f64());
    let change = numbers.map(|(a, b)| b - a);
    let relative = numbers.map_or(1.0, |(a, b)| (b - a).abs() / a.abs().max(b.abs()).max(SMALLEST));
    Change { name, base: base.clone(), new: new.clone(), change, relative }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_named() {
        let base = json!({"a": 1, "b": {"c": 2.0, "d": "x"}, "list": [1, 2], "flags": ["p"], "gone": 1, "skip": 1});
        let new = json!({"a": 1, "b": {"c": 1.0, "d": "y"}, "list": [1, 3], "flags": ["p", "q"], "skip": 2});
        let found = changes(&base, &new, &["skip"]);
        let names: Vec<&str> = found.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["b.c", "b.d", "flags", "gone", "list.1"]);
        assert_eq!((found[0].change, found[0].relative), (Some(-1.0), 0.5));
        assert_eq!((found[1].change, found[1].relative), (None, 1.0));
        assert_eq!(found[3].new, Value::Null);
    }

    #[test]
    fn objects_that_come_or_go_are_counted() {
        let found = changes(&json!({"lesions": [{"id": 1}]}), &json!({"lesions": []}), &[]);
        assert_eq!((found[0].name.as_str(), found[0].change), ("lesions.count", Some(-1.0)));
    }

    #[test]
    fn the_last_decimal_of_a_small_figure_is_no_change_to_speak_of() {
        let found = changes(&json!({"da": 0.000001}), &json!({"da": 0.000002}), &[]);
        assert!(found[0].relative < 0.001);
    }
}
