//! The image as records: what a snapshot of the metadata log holds (KIP-630). Folded, they are the image again.

use super::image::{Image, PartitionImage, TopicImage};
use super::registration::record_version;
use crate::replicated::Fold;
use wire::metadata::{
    ConfigRecord, FeatureLevelRecord, MetadataRecord, PartitionRecord, RegisterBrokerRecord, Snapshot, TopicRecord,
};
use wire::{Str, Uuid};

const METADATA_VERSION: &str = "metadata.version";

impl Image {
    /// What a snapshot of this image says.
    pub(crate) fn snapshot(&self, last_contained_log_timestamp: i64) -> Snapshot {
        let records = self.records().into_iter().map(|record| {
            let version = record_version(&record);
            (record, version)
        });
        Snapshot { last_contained_log_timestamp, records: records.collect() }
    }

    /// The image that a snapshot says, which contains everything below an offset.
    pub(crate) fn of_snapshot(snapshot: &Snapshot, end_offset: i64) -> Image {
        let mut image = Image::default();
        for (record, _) in &snapshot.records {
            image.apply(end_offset - 1, record);
        }
        image.last_offset = Some(end_offset - 1);
        image
    }

    /// The state as records, in Kafka's order. `metadata.version` comes first: it says how to read what follows.
    fn records(&self) -> Vec<MetadataRecord> {
        let (version, others): (Vec<_>, Vec<_>) =
            self.features.iter().partition(|(name, _)| name.as_str() == METADATA_VERSION);
        let mut records: Vec<MetadataRecord> = version.into_iter().chain(others).map(feature).collect();
        records.extend(self.brokers.values().map(registered));
        records.extend(self.topics.values().flat_map(topic));
        records.extend(
            self.configs
                .iter()
                .flat_map(|(resource, configs)| configs.iter().map(|(name, value)| config(resource, name, value))),
        );
        records.extend(self.kept.records().cloned());
        records
    }
}

fn feature((name, &feature_level): (&Str, &i16)) -> MetadataRecord {
    FeatureLevelRecord { name: name.clone(), feature_level }.into()
}

fn registered(broker: &RegisterBrokerRecord) -> MetadataRecord {
    broker.clone().into()
}

fn topic(topic: &TopicImage) -> impl Iterator<Item = MetadataRecord> {
    let named = TopicRecord { name: topic.name.clone(), topic_id: topic.id };
    let partitions = topic.partitions.iter().map(|(&index, image)| partition(topic.id, index, image));
    std::iter::once(named.into()).chain(partitions)
}

fn partition(topic_id: Uuid, partition_id: i32, image: &PartitionImage) -> MetadataRecord {
    let unless_empty = |list: &Vec<i32>| (!list.is_empty()).then(|| list.clone());
    let record = PartitionRecord {
        partition_id,
        topic_id,
        replicas: image.replicas.clone(),
        isr: image.isr.clone(),
        removing_replicas: image.removing_replicas.clone(),
        adding_replicas: image.adding_replicas.clone(),
        leader: image.leader,
        leader_recovery_state: image.leader_recovery_state,
        leader_epoch: image.leader_epoch,
        partition_epoch: image.partition_epoch,
        directories: image.directories.clone(),
        eligible_leader_replicas: unless_empty(&image.elr),
        last_known_elr: unless_empty(&image.last_known_elr),
    };
    record.into()
}

fn config((resource_type, resource_name): &(i8, Str), name: &Str, value: &Str) -> MetadataRecord {
    let (resource_name, name, value) = (resource_name.clone(), name.clone(), Some(value.clone()));
    ConfigRecord { resource_type: *resource_type, resource_name, name, value }.into()
}
