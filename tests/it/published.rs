//! Holding what is written against the published JSON Schemas.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// Readers accept fields of later versions, so the schemas do; here a field that is not described is an error.
#[track_caller]
pub fn assert_valid(name: &str, instance: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schemas/{name}.json"));
    let mut schema: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    close(&mut schema);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(instance).map(|e| format!("{e} at {}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

fn close(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(close);
            if map.contains_key("properties") {
                map.insert("unevaluatedProperties".into(), json!(false));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}
