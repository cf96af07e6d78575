//! What cores state, in Kafka's words.

use super::lines::error;
use broker_core::event::Partition;

/// A broker's event.
pub(super) fn broker(event: &broker_core::Event) -> String {
    use broker_core::Event;
    let name = event.name();
    match event {
        Event::Recovered { clean } => {
            format!("{name}, {} shutdown", if *clean { "after a clean" } else { "without a clean" })
        }
        Event::TailTruncated { partition, to, bytes } => format!("{name} {} to {to}, {bytes} bytes", of(partition)),
        Event::CorruptionFound { partition, offset } => format!("{name} {} from {offset}", of(partition)),
        Event::SegmentRolled { partition, base_offset } => format!("{name} {} at {base_offset}", of(partition)),
        Event::HighWatermarkAdvanced { partition, to } => format!("{name} {} to {to}", of(partition)),
        Event::BatchRejected { error: code } => format!("{name} {}", error(*code)),
        Event::FetchSessionOpened { session_id } | Event::FetchSessionEvicted { session_id } => {
            format!("{name} {session_id}")
        }
        Event::FetchSessionRefused { error: code } => format!("{name} {}", error(*code)),
        Event::Registered { broker_epoch } => format!("{name}, broker epoch {broker_epoch}"),
        event => leadership(event),
    }
}

/// Who leads, who follows, who is in sync.
fn leadership(event: &broker_core::Event) -> String {
    use broker_core::Event;
    let name = event.name();
    match event {
        Event::LeaderElected { partition, leader_epoch, start_offset } => {
            format!("{name} {} epoch {leader_epoch} from {start_offset}", of(partition))
        }
        Event::BecameFollower { partition, leader: -1, leader_epoch } => {
            format!("{name} {} epoch {leader_epoch} without a leader", of(partition))
        }
        Event::BecameFollower { partition, leader, leader_epoch } => {
            format!("{name} {} epoch {leader_epoch} of broker {leader}", of(partition))
        }
        Event::IsrChanged { partition, leader_epoch, partition_epoch, isr, maximal_isr, min_isr } => {
            let asked = if isr == maximal_isr { String::new() } else { format!(", at most {maximal_isr:?}") };
            format!(
                "{name} {} ISR {isr:?}{asked}, min ISR {min_isr}, leader epoch {leader_epoch}, partition epoch {partition_epoch}",
                of(partition)
            )
        }
        Event::Resigned { epoch } => format!("{name} from quorum epoch {epoch}"),
        Event::ElectionStarted { epoch, pre_vote } => {
            format!("{name} for quorum epoch {epoch}{}", if *pre_vote { ", pre-vote" } else { "" })
        }
        Event::Diverged { partition, end_offset } => {
            format!("{name} {}: the follower is to truncate to {end_offset}", of(partition))
        }
        Event::BrokerFenced { broker } | Event::BrokerUnfenced { broker } => format!("{name} broker {broker}"),
        event => snapshots(event),
    }
}

/// The metadata image, and where it stands.
fn snapshots(event: &broker_core::Event) -> String {
    use broker_core::Event;
    let name = event.name();
    match event {
        Event::SnapshotWritten { end_offset, epoch }
        | Event::SnapshotFetched { end_offset, epoch }
        | Event::SnapshotLoaded { end_offset, epoch } => format!("{name} up to {end_offset}, epoch {epoch}"),
        Event::LogStartRaised { partition, to } => format!("{name} {} to {to}", of(partition)),
        Event::MetadataApplied { from, to } => format!("{name} offsets {from} to {to}"),
        event => event.name().to_owned(),
    }
}

fn of(partition: &Partition) -> String {
    format!("{}-{}", partition.topic, partition.partition)
}

/// A client's event.
pub(super) fn client(event: &client_core::Event) -> String {
    use client_core::Event;
    match event {
        Event::BatchSent { partition, records, attempt } => {
            format!("sends a batch of {records} to {partition}, attempt {attempt}")
        }
        Event::Retrying { partition, error: code, ambiguous } => {
            let doubt = if *ambiguous { ", may have been appended" } else { "" };
            format!("retries {partition} after {}{doubt}", error(*code))
        }
        Event::DeliveryTimedOut { partition } => format!("gives up a batch for {partition}: delivery.timeout.ms"),
        Event::PositionReset { partition, to } => format!("resets {partition} to {to}"),
        Event::PositionValidated { partition, leader_epoch } => {
            format!("may read on in {partition} under the leader of epoch {leader_epoch}")
        }
        Event::TruncationDetected { partition, position, diverging } => {
            let at = diverging.map_or_else(String::new, |at| format!(" at {at}"));
            format!("notices that {partition} was cut{at} below its position {position}")
        }
        Event::LeaderHinted { partition } => format!("is told of another leader of {partition}"),
        event => event.name().to_owned(),
    }
}
