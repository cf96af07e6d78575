//! Acknowledged records are there as long as their holder was intact.

use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::{Cause, How, Loss};
use crate::judge::{Case, Judge};
use crate::property::{Cluster, PropertyId, Scope};

/// W13. Let E be ISR and ELR, or the last known leader where both are empty. While E contained an intact holder of an
/// acknowledged record at every instant since the acknowledgement, each replica that leads has it. A kill leaves the page
/// cache, so a holder stays intact; a power loss takes what was not synced; where `flush.messages=1` promised a sync,
/// only a disk that lied or failed may take it; rot, a misdirected write and a wiped disk take anything. A broker that
/// drops what its disk holds has no such excuse: it counts as a holder still. A permitted loss is attributed with its
/// cause, every other one is a violation. With one replica a loss shows when the disk does; with several, when a replica
/// leads without the record. What acks=1 acknowledged and no high watermark covered goes with its leader. Of the metadata
/// log, what is below its high watermark counts as acknowledged, E is its voters, and a majority has to hold it. Source:
/// ORACLES, GUARANTEES P2-P14; TLA+: NoCommittedRecordLostGlobally, AckedValueNotLost; bugs R01 R17 R32.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durability;

impl Judge for Durability {
    const ID: PropertyId = PropertyId {
        id: "W13",
        name: "NoCommittedRecordLostGlobally",
        sentence: "No acknowledged record is lost while a replica that must hold it was intact.",
    };
    // Every fact that can show that something is gone.
    const INTERESTS: FactSet = FactSet::of(&[
        FactKind::Survived,
        FactKind::Recovered,
        FactKind::Opened,
        FactKind::Truncated,
        FactKind::LogRemoved,
        FactKind::Appended,
        FactKind::AppendFailed,
        FactKind::SegmentCreated,
        FactKind::LogDurable,
        FactKind::Stated,
        // What a deposed leader acknowledges is lost at once.
        FactKind::ProduceAnswered,
    ]);

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
        for loss in cluster.ghost.losses().iter().filter(|loss| loss.acked > 0) {
            let log = cluster.ghost.log(loss.log);
            match loss.cause {
                Cause::Deleted => {}
                Cause::Permitted(cause) => case.verdicts.attribute(Self::ID, cause, describe(loss, cluster)),
                Cause::Unexplained => {
                    let scope = Scope::range(log, loss.from, loss.to);
                    case.charge(self, &scope, kind(loss.how), || describe(loss, cluster));
                }
            }
        }
    }
}

fn kind(how: How) -> &'static str {
    match how {
        How::NotSurvived => "lost",
        How::Vanished => "vanished",
        How::NotRecovered => "not-recovered",
        How::Truncated => "truncated",
        How::Removed => "removed",
        How::Nameless => "nameless",
        How::Elected => "elected-without",
    }
}

fn describe(loss: &Loss, cluster: &Cluster<'_>) -> String {
    let (log, Loss { from, to, acked, .. }) = (&cluster.ghost.log(loss.log).log, loss);
    format!("{acked} acknowledged records of {log}, in the range {from}..{to}: it {}", loss.how.text())
}
