//! The metadata image: the fold of `__cluster_metadata`. Every broker and controller that holds the same records holds the same image.
//!
//! What no part of this broker acts on yet (controllers' registrations, producer ids, quotas, credentials, ACLs, tokens) is kept as records,
//! so that a snapshot loses nothing: [`super::kept`].

use super::kept::Kept;
use super::placement::Usable;
use crate::replicated::Fold;
use std::collections::BTreeMap;
use std::rc::Rc;
use wire::metadata::{
    BrokerRegistrationChangeRecord, ClearElrRecord, ConfigRecord, MetadataRecord, PartitionChangeRecord,
    PartitionRecord, RegisterBrokerRecord,
};
use wire::{Str, Uuid};

/// `leader` of a partition that has none.
pub(crate) const NO_LEADER: i32 = -1;
/// `leader` of a PartitionChange record that leaves it alone.
pub(super) const NO_LEADER_CHANGE: i32 = -2;
/// The resource type of a topic in configuration records and DescribeConfigs.
pub(crate) const TOPIC_RESOURCE: i8 = 2;
/// The resource type of a broker.
pub(crate) const BROKER_RESOURCE: i8 = 4;

/// Everything that the metadata log says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Image {
    pub(crate) features: BTreeMap<Str, i16>,
    pub(crate) brokers: BTreeMap<i32, RegisterBrokerRecord>,
    pub(crate) topics: BTreeMap<Uuid, TopicImage>,
    pub(crate) topic_ids: BTreeMap<Str, Uuid>,
    /// Overrides by resource type and name.
    pub(crate) configs: BTreeMap<(i8, Str), BTreeMap<Str, Str>>,
    pub(super) kept: Kept,
    /// The offset of the last record.
    pub(crate) last_offset: Option<i64>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TopicImage {
    pub(crate) id: Uuid,
    pub(crate) name: Str,
    /// By index. Shared, because the image is copied when it is reverted.
    pub(crate) partitions: BTreeMap<i32, Rc<PartitionImage>>,
}

/// A partition's registration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartitionImage {
    pub(crate) replicas: Vec<i32>,
    pub(crate) directories: Vec<Uuid>,
    pub(crate) isr: Vec<i32>,
    pub(crate) removing_replicas: Vec<i32>,
    pub(crate) adding_replicas: Vec<i32>,
    pub(crate) elr: Vec<i32>,
    pub(crate) last_known_elr: Vec<i32>,
    pub(crate) leader: i32,
    pub(crate) leader_recovery_state: i8,
    pub(crate) leader_epoch: i32,
    pub(crate) partition_epoch: i32,
}

impl Image {
    /// The first offset behind what it has taken.
    pub(crate) fn next_offset(&self) -> i64 {
        self.last_offset.map_or(0, |last| last + 1)
    }

    /// The topic of a name.
    pub(crate) fn topic(&self, name: &str) -> Option<&TopicImage> {
        self.topics.get(self.topic_ids.get(name)?)
    }

    /// The overrides of a topic's configuration.
    pub(crate) fn topic_config(&self, name: &Str) -> BTreeMap<Str, Str> {
        self.configs.get(&(TOPIC_RESOURCE, name.clone())).cloned().unwrap_or_default()
    }

    /// What is set for all brokers of the cluster.
    pub(crate) fn broker_defaults(&self) -> BTreeMap<Str, Str> {
        self.configs.get(&(BROKER_RESOURCE, Str::default())).cloned().unwrap_or_default()
    }

    /// Brokers that new replicas may be placed on.
    pub(crate) fn usable_brokers(&self) -> Usable {
        let stays = self.brokers.values().filter(|broker| !broker.in_controlled_shutdown);
        let (fenced, unfenced): (Vec<_>, Vec<_>) = stays.partition(|broker| broker.fenced);
        let ids = |brokers: Vec<&RegisterBrokerRecord>| brokers.iter().map(|broker| broker.broker_id).collect();
        Usable { unfenced: ids(unfenced), fenced: ids(fenced) }
    }

    /// Whether a broker may lead.
    pub(crate) fn is_active(&self, broker: i32) -> bool {
        self.brokers.get(&broker).is_some_and(|broker| !broker.fenced && !broker.in_controlled_shutdown)
    }

    /// Whether eligible leader replicas are kept (KIP-966).
    pub(crate) fn keeps_elr(&self) -> bool {
        self.features.get("eligible.leader.replicas.version").is_some_and(|&level| level > 0)
    }

    /// What a topic is configured with, or all brokers are.
    fn setting(&self, topic: &Str, name: &str) -> Option<&Str> {
        let of = |resource: (i8, Str)| self.configs.get(&resource).and_then(|configs| configs.get(name));
        of((TOPIC_RESOURCE, topic.clone())).or_else(|| of((BROKER_RESOURCE, Str::default())))
    }

    /// `min.insync.replicas` of a topic: leaders and controllers know it from here alone.
    pub(crate) fn min_isr(&self, topic: &Str) -> usize {
        self.setting(topic, "min.insync.replicas").and_then(|value| value.parse().ok()).unwrap_or(1)
    }

    /// `unclean.leader.election.enable` of a topic; `default` is what the controllers were started with.
    pub(crate) fn unclean_elections(&self, topic: &Str, default: bool) -> bool {
        self.setting(topic, "unclean.leader.election.enable").map_or(default, |value| value.as_str() == "true")
    }

    /// Every partition with its topic, in the order of ids.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = (&TopicImage, i32, &PartitionImage)> {
        self.topics
            .values()
            .flat_map(|topic| topic.partitions.iter().map(move |(&index, p)| (topic, index, p.as_ref())))
    }

    fn remove_topic(&mut self, id: Uuid) {
        if let Some(topic) = self.topics.remove(&id) {
            self.topic_ids.remove(&topic.name);
            self.configs.remove(&(TOPIC_RESOURCE, topic.name));
        }
    }

    fn change_partition(&mut self, change: &PartitionChangeRecord) {
        let topic = self.topics.get_mut(&change.topic_id);
        if let Some(partition) = topic.and_then(|topic| topic.partitions.get_mut(&change.partition_id)) {
            Rc::make_mut(partition).merge(change);
        }
    }

    /// Eligible leader replicas of a topic, or of all, are forgotten.
    fn clear_elr(&mut self, record: &ClearElrRecord) {
        let named = |topic: &&mut TopicImage| record.topic_name.is_empty() || topic.name == record.topic_name;
        for partition in self.topics.values_mut().filter(named).flat_map(|topic| topic.partitions.values_mut()) {
            if !partition.elr.is_empty() || !partition.last_known_elr.is_empty() {
                let none = || Some(Vec::new());
                let change = PartitionChangeRecord {
                    eligible_leader_replicas: none(),
                    last_known_elr: none(),
                    ..PartitionChangeRecord::default()
                };
                Rc::make_mut(partition).merge(&change);
            }
        }
    }

    fn configure(&mut self, record: &ConfigRecord) {
        let key = (record.resource_type, record.resource_name.clone());
        let configs = self.configs.entry(key.clone()).or_default();
        match &record.value {
            Some(value) => drop(configs.insert(record.name.clone(), value.clone())),
            None => drop(configs.remove(&record.name)),
        }
        if configs.is_empty() {
            self.configs.remove(&key);
        }
    }

    fn change_broker(&mut self, change: &BrokerRegistrationChangeRecord) {
        let Some(broker) = self.brokers.get_mut(&change.broker_id) else { return };
        match change.fenced {
            0 => {}
            fenced => broker.fenced = fenced > 0,
        }
        if change.in_controlled_shutdown > 0 {
            broker.in_controlled_shutdown = true;
        }
        if !change.log_dirs.is_empty() {
            broker.log_dirs.clone_from(&change.log_dirs);
        }
        if change.cordoned_log_dirs.is_some() {
            broker.cordoned_log_dirs.clone_from(&change.cordoned_log_dirs);
        }
    }

    fn fence(&mut self, id: i32, fenced: bool) {
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.fenced = fenced;
        }
    }
}

impl Fold for Image {
    type Record = MetadataRecord;

    fn apply(&mut self, offset: i64, record: &MetadataRecord) {
        self.last_offset = Some(offset);
        match record {
            MetadataRecord::Topic(topic) => {
                let (id, name) = (topic.topic_id, topic.name.clone());
                self.topic_ids.insert(name.clone(), id);
                self.topics.insert(id, TopicImage { id, name, partitions: BTreeMap::new() });
            }
            MetadataRecord::Partition(partition) => {
                if let Some(topic) = self.topics.get_mut(&partition.topic_id) {
                    topic.partitions.insert(partition.partition_id, Rc::new(PartitionImage::of(partition)));
                }
            }
            MetadataRecord::PartitionChange(change) => self.change_partition(change),
            MetadataRecord::RemoveTopic(topic) => self.remove_topic(topic.topic_id),
            MetadataRecord::Config(config) => self.configure(config),
            MetadataRecord::FeatureLevel(feature) => match feature.feature_level {
                0 => drop(self.features.remove(&feature.name)),
                level => drop(self.features.insert(feature.name.clone(), level)),
            },
            MetadataRecord::RegisterBroker(broker) => drop(self.brokers.insert(broker.broker_id, broker.clone())),
            MetadataRecord::UnregisterBroker(broker) => drop(self.brokers.remove(&broker.broker_id)),
            MetadataRecord::BrokerRegistrationChange(change) => self.change_broker(change),
            MetadataRecord::FenceBroker(broker) => self.fence(broker.id, true),
            MetadataRecord::UnfenceBroker(broker) => self.fence(broker.id, false),
            MetadataRecord::ClearElr(record) => self.clear_elr(record),
            other => self.kept.apply(other),
        }
    }
}

impl PartitionImage {
    fn of(record: &PartitionRecord) -> PartitionImage {
        PartitionImage {
            replicas: record.replicas.clone(),
            directories: record.directories.clone(),
            isr: record.isr.clone(),
            removing_replicas: record.removing_replicas.clone(),
            adding_replicas: record.adding_replicas.clone(),
            elr: record.eligible_leader_replicas.clone().unwrap_or_default(),
            last_known_elr: record.last_known_elr.clone().unwrap_or_default(),
            leader: record.leader,
            leader_recovery_state: record.leader_recovery_state,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
        }
    }

    /// Takes a change: every one raises the partition epoch, and a leader that is named raises the leader epoch, even if it is the same.
    fn merge(&mut self, change: &PartitionChangeRecord) {
        let lists = [
            (&mut self.isr, &change.isr),
            (&mut self.replicas, &change.replicas),
            (&mut self.removing_replicas, &change.removing_replicas),
            (&mut self.adding_replicas, &change.adding_replicas),
            (&mut self.elr, &change.eligible_leader_replicas),
            (&mut self.last_known_elr, &change.last_known_elr),
        ];
        for (field, changed) in lists {
            if let Some(changed) = changed {
                field.clone_from(changed);
            }
        }
        if let Some(directories) = &change.directories {
            self.directories.clone_from(directories);
        }
        if change.leader_recovery_state >= 0 {
            self.leader_recovery_state = change.leader_recovery_state;
        }
        if change.leader != NO_LEADER_CHANGE {
            self.leader = change.leader;
            self.leader_epoch = self.leader_epoch.saturating_add(1);
        }
        self.partition_epoch = self.partition_epoch.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::metadata::{RemoveTopicRecord, TopicRecord};

    fn fold(records: &[MetadataRecord]) -> Image {
        let mut image = Image::default();
        for (offset, record) in (0..).zip(records) {
            image.apply(offset, record);
        }
        image
    }

    fn topic() -> Vec<MetadataRecord> {
        let partition = PartitionRecord {
            partition_id: 0,
            topic_id: Uuid(9),
            replicas: vec![1],
            isr: vec![1],
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
            ..PartitionRecord::default()
        };
        let value = Some("1".into());
        let config = ConfigRecord {
            resource_type: TOPIC_RESOURCE,
            resource_name: "t".into(),
            name: "flush.messages".into(),
            value,
        };
        vec![TopicRecord { name: "t".into(), topic_id: Uuid(9) }.into(), config.into(), partition.into()]
    }

    #[test]
    fn a_change_that_names_a_leader_raises_both_epochs_and_another_one_only_the_partitions() {
        let change =
            |leader| PartitionChangeRecord { topic_id: Uuid(9), partition_id: 0, leader, ..Default::default() };
        let mut records = topic();
        records.extend([change(-1).into(), change(1).into(), change(-2).into()]);
        let image = fold(&records);
        let partition = &image.topic("t").unwrap().partitions[&0];
        assert_eq!((partition.leader, partition.leader_epoch, partition.partition_epoch), (1, 2, 3));
    }

    #[test]
    fn a_removed_topic_leaves_nothing_behind() {
        let mut records = topic();
        assert_eq!(fold(&records).topic_config(&"t".into()).len(), 1);
        records.push(RemoveTopicRecord { topic_id: Uuid(9) }.into());
        let image = fold(&records);
        assert_eq!(Image { last_offset: None, ..image }, Image::default());
    }
}
