//! Figures with six decimals, since more would be noise that differs between processors.

use serde_json::Value;

/// A figure with the decimals that are written. Adding zero turns -0 into 0.
pub fn as_written(exact: f64) -> f64 {
    (exact * 1e6).round() / 1e6 + 0.0
}

pub(crate) fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            *value = Value::from(as_written(number.as_f64().unwrap_or_default()));
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(fields) => fields.values_mut().for_each(round),
        _ => {}
    }
}
