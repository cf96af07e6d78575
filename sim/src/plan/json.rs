//! Plans as JSON text: the form in which failures are stored.

use super::{Plan, PlanError};

impl Plan {
    /// Reads a Plan. It is not validated yet; [`Plan::validate`] and `World::new` do that.
    pub fn from_json(text: &str) -> Result<Plan, PlanError> {
        serde_json::from_str(text).map_err(|error| {
            let at = format!("line {} column {}", error.line(), error.column());
            let hint = "a Plan is the JSON that a failure folder holds as plan.json; fix the text or take a fresh one";
            PlanError::new(at, error.to_string(), hint)
        })
    }

    /// The Plan as JSON, indented for people.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A Plan has string keys only and no failing serializer, so this is total.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}
