//! Checks a measurement against the published schema: the part of JSON Schema that it uses.

use std::path::Path;

use serde_json::Value;

/// Panics with the place and the reason unless the document fits the schema, and the app's models can be calibrated from it.
pub(crate) fn check(document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/schema/measurement.schema.json");
    let text = std::fs::read_to_string(path).expect("the schema is in the repository");
    let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
    if let Err(why) = fits(document, &schema, &schema, "$") {
        panic!("{why}");
    }
    if let Err(why) = highwater_core::cost::measurement::Measurement::parse(&document.to_string()) {
        panic!("the app refuses it: {why}");
    }
}

fn fits(value: &Value, schema: &Value, root: &Value, at: &str) -> Result<(), String> {
    let rules = schema.as_object().ok_or(format!("{at}: the schema is not an object"))?;
    for (rule, wanted) in rules {
        let holds = match rule.as_str() {
            "$ref" => {
                let name = wanted.as_str().and_then(|r| r.strip_prefix("#/$defs/"));
                let target = name.and_then(|name| root["$defs"].get(name));
                fits(value, target.ok_or(format!("{at}: {wanted} leads nowhere"))?, root, at)?;
                true
            }
            "anyOf" => list(wanted).iter().any(|one| fits(value, one, root, at).is_ok()),
            "type" => match wanted {
                Value::Array(types) => types.iter().any(|name| is(value, name)),
                name => is(value, name),
            },
            "const" => value == wanted,
            "enum" => list(wanted).contains(value),
            "minimum" => value.is_null() || value.as_f64() >= wanted.as_f64(),
            "required" => list(wanted).iter().all(|name| value.get(text(name)).is_some()),
            "properties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    let rule = wanted.get(name).ok_or(format!("{at}.{name} is not in the schema"))?;
                    fits(inner, rule, root, &format!("{at}.{name}"))?;
                }
                true
            }
            "items" => {
                for (i, inner) in value.as_array().into_iter().flatten().enumerate() {
                    fits(inner, wanted, root, &format!("{at}[{i}]"))?;
                }
                true
            }
            "$schema" | "title" | "description" | "$defs" => true,
            "additionalProperties" => true, // "properties" above refuses what is not named
            other => return Err(format!("{at}: this checker does not know `{other}`")),
        };
        if !holds {
            return Err(format!("{at}: {value} breaks {rule}: {wanted}"));
        }
    }
    Ok(())
}

fn is(value: &Value, name: &Value) -> bool {
    match text(name) {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
