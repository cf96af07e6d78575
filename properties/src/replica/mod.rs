//! Properties that look at what brokers do to their disks and at what they answer: one replica, against the ghost
//! state.

mod acks;
mod bounds;
mod checkpoints;
mod durability;
mod epochs;
mod failed_disk;
mod identity;
mod indexes;
mod recovery;
mod segments;
mod served;

pub(crate) use acks::{AckSound, DurableBeforeAck, RefusalSound};
pub(crate) use bounds::NoDanglingReference;
pub(crate) use checkpoints::ConservativeCheckpoints;
pub(crate) use durability::Durability;
pub(crate) use epochs::{EpochCache, QuorumEpoch};
pub(crate) use failed_disk::{AppendAllOrNothing, FailureSticks};
pub(crate) use identity::{DenseOffsets, RecordIdentity};
pub(crate) use indexes::SoundIndexes;
pub(crate) use recovery::{CrashPrefix, CutsAboveFloor};
pub(crate) use segments::SegmentStructure;
pub(crate) use served::{CommittedOnly, EndToEnd, Timestamps};
