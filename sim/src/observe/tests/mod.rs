//! What observers tell of calls and frames.

mod disk;
mod wire;

use super::{BatchParser, Observed};
use crate::{Draw, SimDisk};
use ::wire::files::names::{Suffix, segment_file};
use ::wire::files::{PARTITION_METADATA, PartitionMetadata};
use ::wire::records::{BatchBuilder, Compression};
use ::wire::{Dir, Disk, DiskError, File, Lent, LogDirId, NodeId, SyncId, SyncTarget, Uuid};
use bytes::Bytes;
use properties::{BatchSeen, Fact, FactKind, FactSet, Payload, Uid};

pub(super) const ROOT: LogDirId = LogDirId(0);
pub(super) const NODE: NodeId = NodeId(1);
pub(super) const TOPIC_ID: Uuid = Uuid(77);

pub(super) fn draw(n: u64) -> Draw {
    Draw::seeded(5).at(n)
}

pub(super) fn payload(ordinal: u32) -> Payload {
    Payload { uid: Uid { producer: 1, session: 1, ordinal }, topic: "t".into(), partition: Some(0), transaction: None }
}

/// A batch of so many records of ours.
pub(super) fn batch(base_offset: i64, count: u32) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None).at(base_offset, 3);
    for i in 0..count {
        builder.push(1000 + i64::from(i), None, Some(&payload(base_offset as u32 + i).encode(60)), &[]);
    }
    builder.build()
}

/// A log of partition `t-0`, written by hand.
pub(super) struct Bench {
    pub(super) disk: Observed,
    pub(super) root: Dir,
    pub(super) dir: Dir,
    syncs: u64,
}

impl Bench {
    /// A folder with a synced name and a known topic id.
    pub(super) fn new() -> Bench {
        let mut disk =
            Observed::new(NODE, SimDisk::new(draw(0), 1, 1 << 20), FactSet::of(FactKind::ALL), BatchParser::default());
        disk.begin();
        let root = disk.root(ROOT).unwrap();
        let dir = disk.create_dir(root, "t-0").unwrap();
        let id = disk.create(dir, PARTITION_METADATA).unwrap();
        disk.append(id, PartitionMetadata { topic_id: TOPIC_ID }.text().as_bytes()).unwrap();
        let mut bench = Bench { disk, root, dir, syncs: 0 };
        bench.sync(SyncTarget::File(id)).unwrap();
        bench.sync(SyncTarget::Dir(dir)).unwrap();
        bench.sync(SyncTarget::Dir(root)).unwrap();
        bench.disk.take_facts();
        bench
    }

    pub(super) fn segment(&mut self, base_offset: i64) -> File {
        self.disk.create(self.dir, &segment_file(base_offset, Suffix::Log)).unwrap()
    }

    pub(super) fn sync(&mut self, target: SyncTarget) -> Result<(), DiskError> {
        self.syncs += 1;
        self.disk.mark(SyncId(self.syncs), target);
        self.disk.complete_sync(SyncId(self.syncs))
    }

    /// The facts since the last look, each as a line.
    pub(super) fn told(&mut self) -> Vec<String> {
        self.disk.take_facts().iter().map(line).collect()
    }
}

/// A fact as a line.
pub(super) fn line(fact: &Fact) -> String {
    let name = fact.kind().name();
    match fact {
        Fact::Survived { log, batches } | Fact::Recovered { log, batches } => {
            format!("{name} {} {}", log.partition, batches.iter().map(range).collect::<Vec<_>>().join(" "))
        }
        Fact::Appended { log, segment, batch, .. } => {
            assert_eq!((log.node, log.topic_id), (NODE, TOPIC_ID));
            format!("{name} {segment}: {}", range(batch))
        }
        Fact::Truncated { to, .. } | Fact::LogDurable { to, .. } => format!("{name} {to}"),
        Fact::SegmentCreated { log, base_offset } => format!("{name} {} {base_offset}", log.topic_id.0),
        Fact::DiskFailed { write, .. } => format!("{name} {write}"),
        Fact::FileReplaced { path, contents, .. } => format!("{name} {path} {}", String::from_utf8_lossy(contents)),
        Fact::ProduceReceived { client, acks, partition, batch, .. } => {
            format!("{name} {client} {acks} {partition} {}", batch.as_ref().map_or("none".to_owned(), range))
        }
        Fact::ProduceAnswered { partition, topic_id, error, base_offset, uids, .. } => {
            let uids: Vec<String> = uids.iter().map(|payload| payload.uid.to_string()).collect();
            format!("{name} {partition} {:?} {error} {base_offset} {uids:?}", topic_id.map(|id| id.0))
        }
        Fact::FollowerFetched {
            partition, replica, fetch_offset, current_leader_epoch, last_fetched_epoch, ..
        } => {
            format!("{name} {partition} {replica} {fetch_offset} {current_leader_epoch} {last_fetched_epoch}")
        }
        Fact::FollowerAnswered { error, failed, .. } => format!("{name} {error} {failed:?}"),
        Fact::FetchAnswered { partition, fetch_offset, error, high_watermark, batches, .. } => {
            format!(
                "{name} {partition} {fetch_offset} {error} {high_watermark} {}",
                batches.iter().map(range).collect::<String>()
            )
        }
        Fact::AlterPartitionReceived { leader, partition, broker_epoch, leader_epoch, partition_epoch, .. } => {
            format!("{name} {leader} {partition} {broker_epoch} {leader_epoch} {partition_epoch}")
        }
        Fact::AlterPartitionAnswered { partition, error, .. } => format!("{name} {partition} {error}"),
        Fact::OffsetAnswered { partition, timestamp, error, offset, .. } => {
            format!("{name} {partition} {timestamp} {error} {offset}")
        }
        Fact::VoteGranted { node, candidate, epoch } => format!("{name} {node} {candidate} {epoch}"),
        Fact::SnapshotAsked { node, replica, current_leader_epoch } => {
            format!("{name} {node} {replica} {current_leader_epoch}")
        }
        _ => name.to_owned(),
    }
}

fn range(batch: &BatchSeen) -> String {
    let bad = if batch.valid { "" } else { "!" };
    format!("{}..={}{bad}", batch.base_offset, batch.last_offset)
}
