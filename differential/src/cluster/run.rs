//! Compares two sides of a session, act by act. Either may be a recording.

use super::act::Act;
use super::party::Side;
use crate::compare::{Difference, differences};
use crate::expected::Expected;
use crate::run::{Tally, count_errors, unlisted};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::VecDeque;
use std::io;
use wire::ApiKey;

/// An unlisted difference, and what led to it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The act's place in its session.
    pub place: usize,
    /// The act, for people.
    pub act: String,
    /// What differs and is not listed.
    pub differences: Vec<Difference>,
}

/// A session with what a real cluster said to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recording {
    /// The seed that it was drawn from.
    pub seed: u64,
    /// What was done.
    pub acts: Vec<Act>,
    /// What was said to each.
    pub said: VecDeque<Value>,
}

impl Side for VecDeque<Value> {
    fn carry_out(&mut self, _: &Act) -> io::Result<Value> {
        self.pop_front().ok_or_else(|| io::Error::other("the recording is over"))
    }
}

/// Runs a session up to its first unlisted difference. What Kafka says is kept in `said`.
pub fn run(
    acts: &[Act],
    (kafka, ours): (&mut dyn Side, &mut dyn Side),
    expected: &[Expected],
    tally: &mut Tally,
    said: &mut VecDeque<Value>,
) -> io::Result<Option<Finding>> {
    for (place, act) in acts.iter().enumerate() {
        let failed = |who| move |error| io::Error::other(format!("act {place}, {who}: {error}: {act:?}"));
        let theirs = kafka.carry_out(act).map_err(failed("Kafka"))?;
        let own = ours.carry_out(act).map_err(failed("ours"))?;
        let (api, request) = names(act);
        *tally.requests.entry(api).or_default() += 1;
        count_errors(&theirs, &mut tally.errors);
        let differences = unlisted(differences(&theirs, &own), api, &request, expected, tally);
        said.push_back(theirs);
        if !differences.is_empty() {
            cleared(&acts[place..], kafka)?;
            let act = format!("{api} {request}");
            return Ok(Some(Finding { place, act, differences }));
        }
    }
    Ok(None)
}

/// Brings back who is away and deletes what is there, so that the next session finds the cluster as this one did.
fn cleared(rest: &[Act], kafka: &mut dyn Side) -> io::Result<()> {
    let clears = |act: &&Act| match act {
        Act::Recover | Act::Settle => true,
        Act::Ask(_, step) => step.api() == ApiKey::DeleteTopics,
        Act::Strike(..) => false,
    };
    rest.iter().filter(clears).try_for_each(|act| kafka.carry_out(act).map(|_| ()))
}

/// What an act is called in the list of known differences, and what it says.
fn names(act: &Act) -> (&'static str, String) {
    match act {
        Act::Ask(target, step) => {
            (step.api().name(), format!("{target:?} v{} {}", step.version, step.request.to_json(step.version)))
        }
        Act::Strike(target, fault) => ("Strike", format!("{fault:?} {target:?}")),
        Act::Recover => ("Recover", String::new()),
        Act::Settle => ("Settle", String::new()),
    }
}
