//! Why a Plan was refused: where, what, and what to do about it.

/// A Plan that cannot be run. Nothing was started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what}; {hint}")]
pub struct PlanError {
    /// Where in the Plan, as `steps[3] (id 12).action.kill.down_us`.
    pub at: String,
    /// What is wrong there.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl PlanError {
    /// An error at a place.
    #[must_use]
    pub fn new(at: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> PlanError {
        PlanError { at: at.into(), what: what.into(), hint: hint.into() }
    }
}
