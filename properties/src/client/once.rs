//! Every send ends exactly once, and in time.

use crate::fact::{Fact, FactKind, FactSet};
use crate::history::Send;
use crate::judge::{Case, Judge};
use crate::ledger::FaultKind;
use crate::payload::Payload;
use crate::property::{PropertyId, Scope};

/// W80. Each send completes exactly once, within `max.block.ms` and `delivery.timeout.ms` of its client's clock (which
/// may run a fifth slower than the world's; a second is added for what the producer does between its timers). A client
/// that stood still is excused for lateness. Source: KIP-91.
#[derive(Clone, Debug, Default)]
pub(crate) struct CompletesOnce;

impl Judge for CompletesOnce {
    const ID: PropertyId = PropertyId {
        id: "W80",
        name: "completes once",
        sentence: "Each send completes exactly once, within delivery.timeout.ms.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::SendCompleted, FactKind::AtRest]);
    const EXCUSED_BY: &'static [FaultKind] = &[FaultKind::ClientPause];

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::SendCompleted { payload, .. } => self.completed(payload, case),
            Fact::AtRest {} => {
                for send in case.cluster.history.sends().iter().filter(|send| send.outcome.is_none() && !send.orphaned)
                {
                    if overdue(send, case) {
                        let uid = send.payload.uid;
                        case.charge(self, &scope(send), "never", || {
                            format!("the send of record {uid} never completed")
                        });
                    }
                }
            }
            _ => {}
        }
    }
}

impl CompletesOnce {
    fn completed(&self, payload: &Payload, case: &mut Case<'_>) {
        let uid = payload.uid;
        let Some(send) = case.cluster.history.sends().get(uid) else { return };
        if send.completions > 1 {
            let times = send.completions;
            // Being late may be excused, completing twice may not.
            case.charge(self, &Scope::default(), "twice", || {
                format!("the send of record {uid} completed {times} times")
            });
        } else if overdue(send, case) {
            case.charge(self, &scope(send), "late", || {
                let took = case.cluster.moment.at.since(send.invoked.at).as_millis();
                format!("the send of record {uid} took {took} ms, its timeouts allow {}", send.within_ms)
            });
        }
    }
}

fn overdue(send: &Send, case: &Case<'_>) -> bool {
    let allowed = u128::from(send.within_ms) * 5 / 4 + 1_000;
    case.cluster.moment.at.since(send.invoked.at).as_millis() > allowed
}

fn scope(send: &Send) -> Scope {
    Scope::client(send.payload.uid.producer).since(send.invoked)
}
