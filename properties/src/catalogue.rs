//! Every property that exists, for `standard()` and for `tribunal list`; and the ones that whoever runs a trial reports
//! himself.

use crate::property::{Property, PropertyId};
use crate::{client, cluster, liveness, replica};

/// No livelock. Reported by whoever runs the trial: ten thousand events at one instant, or more than the run's budget.
pub const L14: PropertyId = PropertyId {
    id: "L14",
    name: "no livelock",
    sentence: "Events per virtual second are bounded: no timer re-arms at zero, and no exchange goes on for ever.",
};

/// A panic in a seed. Reported by whoever runs the trial.
pub const PANIC: PropertyId = PropertyId {
    id: "panic",
    name: "no panic",
    sentence: "No input makes a node panic; a peer's mistake is an error code and the world's failure is an input.",
};

/// A `handle` that does not return. Reported by whoever runs the trial, from outside of it.
pub const HANG: PropertyId =
    PropertyId { id: "hang", name: "no hang", sentence: "Every input is handled in bounded processor time." };

/// Every property of this crate, fresh.
#[must_use]
pub fn standard() -> Vec<Box<dyn Property>> {
    macro_rules! boxed {
        ($($judge:ty),* $(,)?) => { vec![$(Box::new(<$judge>::default())),*] };
    }
    boxed![
        client::InconsistentOffsets,
        client::Duplicate,
        client::LostWrite,
        client::Unseen,
        client::PollSkips,
        client::PollGoesBack,
        client::SendOrder,
        client::Garbage,
        client::MissingOffset,
        client::AppendLinearizable,
        client::LatestOffset,
        client::Integrity,
        client::Misrouted,
        cluster::OneLeaderPerEpoch,
        replica::RecordIdentity,
        cluster::LogMatching,
        cluster::LeaderCompleteness,
        cluster::CandidateCompleteness,
        cluster::QuorumSuperset,
        cluster::HighWatermarkSound,
        cluster::HighWatermarkMonotonic,
        cluster::Bounds,
        replica::CutsAboveFloor,
        replica::CommittedOnly,
        cluster::RepeatableRead,
        replica::Durability,
        replica::AckSound,
        replica::RefusalSound,
        cluster::IsrLegality,
        cluster::BrokerEpochSafety,
        cluster::IsrExpansion,
        cluster::UncleanExclusion,
        cluster::StaleRequests,
        replica::EpochCache,
        replica::NoDanglingReference,
        cluster::Convergence,
        cluster::TopicIdSafety,
        cluster::MetadataRefinement,
        cluster::ControllerFencing,
        cluster::EpochMonotonicity,
        cluster::LastKnownLeader,
        cluster::ElectionSafety,
        cluster::VoteOnce,
        cluster::PersistBeforeSend,
        replica::QuorumEpoch,
        cluster::CurrentTermCommit,
        cluster::MajorityDurable,
        cluster::QuorumCompleteness,
        cluster::SnapshotAtLogStart,
        cluster::LeaderNeverLoads,
        cluster::AppliedOnce,
        replica::CrashPrefix,
        replica::DurableBeforeAck,
        replica::FailureSticks,
        replica::SoundIndexes,
        replica::SegmentStructure,
        replica::ConservativeCheckpoints,
        replica::AppendAllOrNothing,
        replica::DenseOffsets,
        replica::EndToEnd,
        replica::Timestamps,
        client::PositionsMoveOpenly,
        client::CompletesOnce,
        cluster::StrongIsr,
        liveness::LeaderExists,
        liveness::ReplicasReturn,
        liveness::ProduceAnswered,
        liveness::Settled,
        liveness::ReachesEnd,
        liveness::MetadataConverges,
    ]
}

/// Every property that a result may name, in the order of the catalogue.
#[must_use]
pub fn catalogue() -> Vec<PropertyId> {
    standard().iter().map(|property| property.id()).chain([L14, PANIC, HANG]).collect()
}
