//! Holding what is written against the published JSON Schemas.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// A published schema; what it refers to in record.json is brought into it.
pub fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schemas/{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut found: Value = serde_json::from_str(&text.replace("\"record.json#/", "\"#/")).unwrap();
    if text.contains("\"record.json#/") {
        found["$defs"] = schema("record")["$defs"].clone();
    }
    found
}

/// Readers must accept new fields, so the schema does; here a field that it does not know is an error.
fn strict(mut schema: Value) -> Value {
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
    close(&mut schema);
    schema
}

#[track_caller]
pub fn assert_valid(schema: &Value, instance: &Value) {
    for schema in [schema.clone(), strict(schema.clone())] {
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(instance).map(|e| format!("{} at {}", e, e.instance_path())).collect();
        assert!(errors.is_empty(), "{}\n{}", errors.join("\n"), serde_json::to_string_pretty(instance).unwrap());
    }
}
