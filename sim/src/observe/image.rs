//! Who may lead which partition, as the metadata log on a disk says: its newest snapshot and the records after it, folded.
//!
//! Left out on purpose: everything else that the records say, and whether a record is committed (who asks names the offset).

use properties::BatchSeen;
use std::collections::BTreeMap;
use wire::Uuid;
use wire::metadata::{MetadataRecord, PartitionChangeRecord, PartitionRecord};

/// The partitions of all topics with their replicas, by topic id and index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignments {
    partitions: BTreeMap<(Uuid, i32), Assigned>,
}

/// Who hosts a partition, and who of them may lead it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assigned {
    /// All replicas.
    pub replicas: Vec<i32>,
    /// The in-sync replicas.
    pub isr: Vec<i32>,
    /// Replicas outside the ISR that have everything committed (KIP-966).
    pub elr: Vec<i32>,
}

impl Assigned {
    /// Whether a node may be elected without losing anything that was committed.
    #[must_use]
    pub fn may_lead(&self, node: i32) -> bool {
        self.isr.contains(&node) || self.elr.contains(&node)
    }
}

impl Assignments {
    /// What batches of a metadata log say, up to an offset.
    #[must_use]
    pub fn of(batches: &[BatchSeen], below: i64) -> Assignments {
        let mut all = Assignments::default();
        let known = batches.iter().filter(|batch| batch.last_offset < below);
        known.flat_map(|batch| batch.metadata.iter()).for_each(|record| all.apply(record));
        all
    }

    /// A partition; None if there is none.
    #[must_use]
    pub fn get(&self, topic_id: Uuid, partition: i32) -> Option<&Assigned> {
        self.partitions.get(&(topic_id, partition))
    }

    /// All partitions.
    pub fn iter(&self) -> impl Iterator<Item = &Assigned> {
        self.partitions.values()
    }

    fn apply(&mut self, record: &MetadataRecord) {
        match record {
            MetadataRecord::Partition(record) => {
                self.partitions.insert((record.topic_id, record.partition_id), created(record));
            }
            MetadataRecord::PartitionChange(record) => {
                if let Some(assigned) = self.partitions.get_mut(&(record.topic_id, record.partition_id)) {
                    assigned.change(record);
                }
            }
            MetadataRecord::RemoveTopic(record) => {
                self.partitions.retain(|(topic_id, _), _| *topic_id != record.topic_id);
            }
            _ => {}
        }
    }
}

fn created(record: &PartitionRecord) -> Assigned {
    Assigned {
        replicas: record.replicas.clone(),
        isr: record.isr.clone(),
        elr: record.eligible_leader_replicas.clone().unwrap_or_default(),
    }
}

impl Assigned {
    fn change(&mut self, record: &PartitionChangeRecord) {
        let take = |to: &mut Vec<i32>, from: &Option<Vec<i32>>| {
            if let Some(from) = from {
                to.clone_from(from);
            }
        };
        take(&mut self.replicas, &record.replicas);
        take(&mut self.isr, &record.isr);
        take(&mut self.elr, &record.eligible_leader_replicas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::metadata::RemoveTopicRecord;

    fn batch(last_offset: i64, record: impl Into<MetadataRecord>) -> BatchSeen {
        BatchSeen {
            base_offset: last_offset,
            last_offset,
            leader_epoch: 1,
            max_timestamp: 0,
            hash: 0,
            valid: true,
            control: false,
            bytes: 0,
            records: std::rc::Rc::default(),
            metadata: [record.into()].into(),
        }
    }

    fn story() -> Vec<BatchSeen> {
        let (topic_id, partition_id) = (Uuid(7), 0);
        let replicas = vec![1, 2, 3];
        let created = PartitionRecord { topic_id, partition_id, isr: replicas.clone(), replicas, ..Default::default() };
        let shrunk = PartitionChangeRecord {
            topic_id,
            partition_id,
            isr: Some(vec![1]),
            eligible_leader_replicas: Some(vec![3]),
            ..Default::default()
        };
        vec![batch(4, created), batch(5, shrunk), batch(6, RemoveTopicRecord { topic_id })]
    }

    #[test]
    fn the_fold_says_who_may_lead_at_each_offset() {
        let at = |below| Assignments::of(&story(), below).get(Uuid(7), 0).cloned();
        let may = |assigned: Option<Assigned>| {
            let assigned = assigned.unwrap();
            [1, 2, 3].map(|node| assigned.may_lead(node))
        };
        assert_eq!(at(4), None);
        assert_eq!(may(at(5)), [true; 3]);
        assert_eq!(may(at(6)), [true, false, true]);
        assert_eq!(at(7), None);
    }
}
