//! What the records of the metadata log come to, as a snapshot has it (KIP-630): one record for each thing that there is.

use std::collections::BTreeMap;
use wire::metadata::{
    BrokerRegistrationChangeRecord, ClientQuotaRecord, MetadataRecord, PartitionChangeRecord, PartitionRecord,
    ProducerIdsRecord, RegisterBrokerRecord,
};
use wire::{Str, Uuid};

/// In a change of a partition: its leader stays.
const LEADER_STAYS: i32 = -2;

/// The type of the record that makes a thing, and the thing's name.
type Thing = (i16, String);

/// The state that records make. Two are equal if every thing is the same, whatever the order of the records was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    things: BTreeMap<Thing, MetadataRecord>,
}

impl Contents {
    /// What these records come to.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a MetadataRecord>) -> Contents {
        let mut contents = Contents::default();
        records.into_iter().for_each(|record| contents.apply(record));
        contents
    }

    /// A thing that two states do not share, or not in the same way.
    #[must_use]
    pub fn difference(&self, other: &Contents) -> Option<String> {
        let differs = |(thing, record): &(&Thing, &MetadataRecord)| other.things.get(*thing) != Some(record);
        let of_one = self.things.iter().find(differs);
        let of_other = || other.things.iter().find(|(thing, _)| !self.things.contains_key(*thing));
        of_one.or_else(of_other).map(|((_, name), record)| format!("{} {name}", record.name()))
    }

    /// Takes a record.
    pub fn apply(&mut self, record: &MetadataRecord) {
        match record {
            MetadataRecord::PartitionChange(change) => self.change_partition(change),
            MetadataRecord::BrokerRegistrationChange(change) => self.broker(change.broker_id, |it| changed(it, change)),
            MetadataRecord::FenceBroker(broker) => self.broker(broker.id, |it| it.fenced = true),
            MetadataRecord::UnfenceBroker(broker) => self.broker(broker.id, |it| it.fenced = false),
            MetadataRecord::RemoveTopic(topic) => self.remove_topic(topic.topic_id),
            MetadataRecord::ClearElr(clear) => self.clear_elr(&clear.topic_name),
            record => match removed(record) {
                Some(thing) => drop(self.things.remove(&thing)),
                None => drop(made(record).map(|thing| self.things.insert(thing, settled(record)))),
            },
        }
    }

    fn change_partition(&mut self, change: &PartitionChangeRecord) {
        if let Some(MetadataRecord::Partition(partition)) =
            self.things.get_mut(&partition(change.topic_id, change.partition_id))
        {
            merge(partition, change);
        }
    }

    fn broker(&mut self, id: i32, change: impl FnOnce(&mut RegisterBrokerRecord)) {
        if let Some(MetadataRecord::RegisterBroker(broker)) = self.things.get_mut(&broker(id)) {
            change(broker);
        }
    }

    fn topic_name(&self, id: Uuid) -> Option<Str> {
        match self.things.get(&topic(id)) {
            Some(MetadataRecord::Topic(topic)) => Some(topic.name.clone()),
            _ => None,
        }
    }

    fn remove_topic(&mut self, id: Uuid) {
        let name = self.topic_name(id);
        self.things.retain(|_, record| match record {
            MetadataRecord::Topic(topic) => topic.topic_id != id,
            MetadataRecord::Partition(partition) => partition.topic_id != id,
            MetadataRecord::Config(config) => config.resource_type != 2 || Some(&config.resource_name) != name.as_ref(),
            _ => true,
        });
    }

    fn clear_elr(&mut self, topic: &Str) {
        let of_topic = |id: Uuid| topic.is_empty() || self.topic_name(id).as_ref() == Some(topic);
        let cleared: Vec<(Uuid, i32)> = self
            .things
            .values()
            .filter_map(|record| match record {
                MetadataRecord::Partition(it)
                    if it.eligible_leader_replicas.is_some() || it.last_known_elr.is_some() =>
                {
                    of_topic(it.topic_id).then_some((it.topic_id, it.partition_id))
                }
                _ => None,
            })
            .collect();
        let none = || Some(Vec::new());
        for (topic_id, partition_id) in cleared {
            let (eligible_leader_replicas, last_known_elr) = (none(), none());
            let change = PartitionChangeRecord {
                topic_id,
                partition_id,
                eligible_leader_replicas,
                last_known_elr,
                ..Default::default()
            };
            self.change_partition(&change);
        }
    }
}

fn topic(id: Uuid) -> Thing {
    (2, id.to_string())
}

fn partition(topic_id: Uuid, index: i32) -> Thing {
    (3, format!("{topic_id} {index}"))
}

fn broker(id: i32) -> Thing {
    (0, id.to_string())
}

/// The thing that a record makes; None for one that leaves nothing behind.
fn made(record: &MetadataRecord) -> Option<Thing> {
    let name = match record {
        MetadataRecord::RegisterBroker(record) => return Some(broker(record.broker_id)),
        MetadataRecord::Topic(record) => return Some(topic(record.topic_id)),
        MetadataRecord::Partition(record) => return Some(partition(record.topic_id, record.partition_id)),
        MetadataRecord::Config(config) => format!("{} {} {}", config.resource_type, config.resource_name, config.name),
        MetadataRecord::FeatureLevel(feature) => feature.name.to_string(),
        MetadataRecord::RegisterController(controller) => controller.controller_id.to_string(),
        MetadataRecord::ProducerIds(_) => String::new(),
        MetadataRecord::ClientQuota(quota) => entity(quota),
        MetadataRecord::UserScramCredential(user) => format!("{} {}", user.name, user.mechanism),
        MetadataRecord::AccessControlEntry(entry) => entry.id.to_string(),
        MetadataRecord::DelegationToken(token) => token.token_id.to_string(),
        _ => return None,
    };
    Some((record.kind(), name))
}

/// The thing that a record takes away.
fn removed(record: &MetadataRecord) -> Option<Thing> {
    match record {
        MetadataRecord::UnregisterBroker(gone) => Some(broker(gone.broker_id)),
        MetadataRecord::Config(config) if config.value.is_none() => made(record),
        MetadataRecord::FeatureLevel(feature) if feature.feature_level == 0 => made(record),
        MetadataRecord::ClientQuota(quota) if quota.remove => made(record),
        MetadataRecord::RemoveUserScramCredential(gone) => Some((11, format!("{} {}", gone.name, gone.mechanism))),
        MetadataRecord::RemoveAccessControlEntry(gone) => Some((18, gone.id.to_string())),
        MetadataRecord::RemoveDelegationToken(gone) => Some((10, gone.token_id.to_string())),
        _ => None,
    }
}

fn entity(quota: &ClientQuotaRecord) -> String {
    let mut of: Vec<String> =
        quota.entity.iter().map(|part| format!("{} {:?}", part.entity_type, part.entity_name)).collect();
    of.sort_unstable();
    format!("{of:?} {}", quota.key)
}

/// A record as a snapshot may have it: who asked for producer ids is forgotten, empty lists are none, features have no order.
fn settled(record: &MetadataRecord) -> MetadataRecord {
    match record {
        MetadataRecord::ProducerIds(ids) => ProducerIdsRecord { broker_id: -1, broker_epoch: -1, ..ids.clone() }.into(),
        MetadataRecord::RegisterBroker(broker) => {
            let mut broker = broker.clone();
            broker.features.sort_by(|one, other| one.name.cmp(&other.name));
            broker.cordoned_log_dirs.take_if(|dirs| dirs.is_empty());
            broker.into()
        }
        MetadataRecord::Partition(partition) => {
            let mut partition = partition.clone();
            settle_elr(&mut partition);
            partition.into()
        }
        other => other.clone(),
    }
}

fn settle_elr(partition: &mut PartitionRecord) {
    partition.eligible_leader_replicas.take_if(|list| list.is_empty());
    partition.last_known_elr.take_if(|list| list.is_empty());
}

/// Every change counts as one of the partition; one that names a leader, be it the same, begins a leader epoch.
fn merge(partition: &mut PartitionRecord, change: &PartitionChangeRecord) {
    let lists = [
        (&mut partition.isr, &change.isr),
        (&mut partition.replicas, &change.replicas),
        (&mut partition.removing_replicas, &change.removing_replicas),
        (&mut partition.adding_replicas, &change.adding_replicas),
    ];
    for (field, with) in lists {
        with.iter().for_each(|with| field.clone_from(with));
    }
    change.directories.iter().for_each(|with| partition.directories.clone_from(with));
    if change.eligible_leader_replicas.is_some() {
        partition.eligible_leader_replicas.clone_from(&change.eligible_leader_replicas);
    }
    if change.last_known_elr.is_some() {
        partition.last_known_elr.clone_from(&change.last_known_elr);
    }
    if change.leader_recovery_state >= 0 {
        partition.leader_recovery_state = change.leader_recovery_state;
    }
    if change.leader != LEADER_STAYS {
        partition.leader = change.leader;
        partition.leader_epoch = partition.leader_epoch.saturating_add(1);
    }
    partition.partition_epoch = partition.partition_epoch.saturating_add(1);
    settle_elr(partition);
}

fn changed(broker: &mut RegisterBrokerRecord, change: &BrokerRegistrationChangeRecord) {
    broker.fenced = if change.fenced == 0 { broker.fenced } else { change.fenced > 0 };
    broker.in_controlled_shutdown |= change.in_controlled_shutdown > 0;
    if !change.log_dirs.is_empty() {
        broker.log_dirs.clone_from(&change.log_dirs);
    }
    if let Some(dirs) = &change.cordoned_log_dirs {
        broker.cordoned_log_dirs = (!dirs.is_empty()).then(|| dirs.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::metadata::{ConfigRecord, RemoveTopicRecord, TopicRecord};

    fn story() -> Vec<MetadataRecord> {
        let (topic_id, partition_id) = (Uuid(9), 0);
        let value = Some("1".into());
        vec![
            TopicRecord { name: "t".into(), topic_id }.into(),
            PartitionRecord { topic_id, partition_id, isr: vec![1, 2], leader: 1, ..Default::default() }.into(),
            ConfigRecord { resource_type: 2, resource_name: "t".into(), name: "x".into(), value }.into(),
            PartitionChangeRecord { topic_id, partition_id, isr: Some(vec![2]), leader: 2, ..Default::default() }
                .into(),
        ]
    }

    #[test]
    fn the_same_things_are_the_same_state_whatever_made_them() {
        let folded = Contents::of(&story());
        let (topic_id, partition_id) = (Uuid(9), 0);
        let (leader_epoch, partition_epoch, eligible_leader_replicas) = (0, 0, Some(Vec::new()));
        let now = PartitionRecord {
            topic_id,
            partition_id,
            isr: vec![2],
            leader: 2,
            leader_epoch,
            partition_epoch,
            eligible_leader_replicas,
            ..Default::default()
        };
        let mut snapshot = vec![now.into(), story()[2].clone(), story()[0].clone()];
        assert_eq!(folded.difference(&Contents::of(&snapshot)), None);
        let config = snapshot.remove(1);
        let lacking = Contents::of(&snapshot);
        assert!(folded.difference(&lacking).is_some() && lacking.difference(&folded).is_some(), "{config:?}");
    }

    #[test]
    fn a_removed_topic_takes_all_of_its_things_along() {
        let mut records = story();
        records.push(RemoveTopicRecord { topic_id: Uuid(9) }.into());
        assert_eq!(Contents::of(&records), Contents::default());
    }
}
