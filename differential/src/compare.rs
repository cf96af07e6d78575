//! Where two trees differ.

use serde_json::Value;
use std::collections::BTreeSet;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where: members separated by dots, elements by their key or place, as `topics[0].partitions[1].errorCode` or
    /// `configs[retention.ms].value`.
    pub field: String,
    /// What Kafka says; null if it says nothing.
    pub kafka: Value,
    /// What we say; null if we say nothing.
    pub ours: Value,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: Kafka {}, ours {}", self.field, self.kafka, self.ours)
    }
}

/// All differences, in the order of Kafka's tree.
#[must_use]
pub fn differences(kafka: &Value, ours: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", kafka, ours, &mut found);
    found
}

fn compare(field: &str, kafka: &Value, ours: &Value, found: &mut Vec<Difference>) {
    match (kafka, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let field = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                compare(&field, a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(a), Value::Array(b)) => match (keys(a), keys(b)) {
            (Some(mut names), Some(others)) => {
                names.extend(others);
                for name in names {
                    let of = |elements: &[Value]| elements.iter().find(|e| key(e).as_ref() == Some(&name)).cloned();
                    let (a, b) = (of(a).unwrap_or_default(), of(b).unwrap_or_default());
                    compare(&format!("{field}[{name}]"), &a, &b, found);
                }
            }
            _ => {
                for i in 0..a.len().max(b.len()) {
                    let of = |elements: &[Value]| elements.get(i).cloned().unwrap_or_default();
                    compare(&format!("{field}[{i}]"), &of(a), &of(b), found);
                }
            }
        },
        _ if kafka != ours => {
            found.push(Difference { field: field.to_owned(), kafka: kafka.clone(), ours: ours.clone() });
        }
        _ => {}
    }
}

/// The keys of an array whose elements are all known by a name or an API key of their own.
fn keys(elements: &[Value]) -> Option<BTreeSet<String>> {
    let keys: BTreeSet<String> = elements.iter().map(key).collect::<Option<_>>()?;
    (keys.len() == elements.len()).then_some(keys)
}

/// Configurations and features are known by name, APIs by key.
fn key(element: &Value) -> Option<String> {
    let named = ["value", "minVersion", "maxVersionLevel", "source"].iter().any(|member| element.get(member).is_some());
    match (element.get("apiKey"), element.get("name")) {
        (Some(key), _) => Some(key.to_string()),
        (None, Some(Value::String(name))) if named => Some(name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_say_where() {
        let table = [
            (json!({"a": 1}), json!({"a": 1}), ""),
            (json!("closed"), json!({"a": 1}), r#": Kafka "closed", ours {"a":1}"#),
            (json!({"a": [{"b": 1}, {"b": 2}]}), json!({"a": [{"b": 1}, {"b": 3}]}), "a[1].b: Kafka 2, ours 3"),
            (json!({"a": [1]}), json!({"a": []}), "a[0]: Kafka 1, ours null"),
            (
                json!([{"name": "x", "value": 1}, {"name": "y", "value": 2}]),
                json!([{"name": "y", "value": 2}]),
                r#"[x]: Kafka {"name":"x","value":1}, ours null"#,
            ),
            (
                json!({"k": [{"apiKey": 3, "minVersion": 0}]}),
                json!({"k": [{"apiKey": 3, "minVersion": 1}]}),
                "k[3].minVersion: Kafka 0, ours 1",
            ),
        ];
        for (kafka, ours, expected) in table {
            let said: Vec<String> = differences(&kafka, &ours).iter().map(ToString::to_string).collect();
            assert_eq!(said.join("\n"), expected);
        }
    }
}
