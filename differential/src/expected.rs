//! The differences that are known, each with its reason: `expected.json`. A difference that is not listed fails a run.

use crate::compare::Difference;
use serde::Deserialize;
use serde_json::Value;

/// One known difference.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The API's name, or `*`.
    pub api: String,
    /// The field, as [`Difference::field`] has it; `*` stands for anything.
    pub field: String,
    /// What Kafka says; anything if it is left out.
    #[serde(default, deserialize_with = "said")]
    pub kafka: Option<Value>,
    /// What we say; anything if it is left out.
    #[serde(default, deserialize_with = "said")]
    pub ours: Option<Value>,
    /// Only if how the frame was spoilt, a space, and the request as JSON match this pattern.
    #[serde(default)]
    pub request: Option<String>,
    /// Why it is so.
    pub reason: String,
}

/// A null in the list is what must be said, not a field that was left out.
fn said<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

impl Expected {
    /// Whether this is the difference that is listed.
    #[must_use]
    pub fn matches(&self, api: &str, request: &str, difference: &Difference) -> bool {
        let says = |wanted: &Option<Value>, said: &Value| wanted.as_ref().is_none_or(|wanted| wanted == said);
        glob(&self.api, api)
            && glob(&self.field, &difference.field)
            && says(&self.kafka, &difference.kafka)
            && says(&self.ours, &difference.ours)
            && self.request.as_ref().is_none_or(|wanted| glob(wanted, request))
    }
}

/// The list.
pub fn list() -> Result<Vec<Expected>, serde_json::Error> {
    serde_json::from_str(include_str!("../expected.json"))
}

/// Whether a text is a pattern in which `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| glob(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_difference_has_a_reason() {
        for expected in list().unwrap() {
            assert!(expected.reason.len() > 20 && expected.reason.ends_with('.'), "{expected:?}");
        }
    }

    #[test]
    fn a_listed_difference_is_no_more_than_it_says() {
        let expected: Expected = serde_json::from_str(
            r#"{"api": "Fetch", "field": "a[*].b", "ours": 3, "request": "*\"x\"*", "reason": "A test of the matcher."}"#,
        )
        .unwrap();
        let of = |field: &str, ours: i32| Difference { field: field.into(), kafka: 1.into(), ours: ours.into() };
        let table = [
            ("Fetch", "{\"x\"}", of("a[7].b", 3), true),
            ("Produce", "{\"x\"}", of("a[7].b", 3), false),
            ("Fetch", "{}", of("a[7].b", 3), false),
            ("Fetch", "{\"x\"}", of("a[7].c", 3), false),
            ("Fetch", "{\"x\"}", of("a[7].b", 4), false),
        ];
        for (api, request, difference, listed) in table {
            assert_eq!(expected.matches(api, request, &difference), listed, "{api} {request} {difference}");
        }
    }
}
