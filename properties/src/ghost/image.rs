//! The state of the cluster as its metadata says: partitions, brokers, features, configuration.

use std::collections::BTreeMap;
use std::rc::Rc;
use wire::metadata::{
    BrokerRegistrationChangeRecord, ConfigRecord, MetadataRecord, PartitionChangeRecord, PartitionRecord,
    RegisterBrokerRecord,
};
use wire::{NodeId, Str, Uuid};

/// In a change of a partition: its leader stays.
const LEADER_STAYS: i32 = -2;
/// Of a partition: there is no leader.
pub const NO_LEADER: i32 = -1;
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const ELR_FEATURE: &str = "eligible.leader.replicas.version";

/// A partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionState {
    /// Its topic's name.
    pub topic: Str,
    /// Who is to hold it.
    pub replicas: Vec<i32>,
    /// In-sync replicas.
    pub isr: Vec<i32>,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<i32>,
    /// The last leader while ISR and ELR are empty.
    pub last_known_elr: Vec<i32>,
    /// The leader, or -1.
    pub leader: i32,
    /// The last one that was not -1.
    pub last_leader: i32,
    /// Counts leaders.
    pub leader_epoch: i32,
    /// Counts changes.
    pub partition_epoch: i32,
    /// The minimal size of the ISR that was in force at the last change, at most the number of replicas; None where
    /// only the brokers' own files say it.
    pub min_isr: Option<i32>,
}

impl PartitionState {
    /// Who must hold what was acknowledged: ISR and ELR, or the last known leader where both are empty.
    pub fn eligible(&self) -> impl Iterator<Item = NodeId> {
        let lists = if self.isr.is_empty() && self.elr.is_empty() {
            [&self.last_known_elr[..], &[]]
        } else {
            [&self.isr[..], &self.elr[..]]
        };
        lists.into_iter().flatten().map(|&id| NodeId(id))
    }

    /// The leader, if there is one.
    #[must_use]
    pub fn leader(&self) -> Option<NodeId> {
        (self.leader >= 0).then_some(NodeId(self.leader))
    }

    fn of(record: &PartitionRecord) -> PartitionState {
        PartitionState {
            replicas: record.replicas.clone(),
            isr: record.isr.clone(),
            elr: record.eligible_leader_replicas.clone().unwrap_or_default(),
            last_known_elr: record.last_known_elr.clone().unwrap_or_default(),
            leader: record.leader,
            last_leader: record.leader,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
            ..PartitionState::default()
        }
    }

    /// Every change counts as one of the partition; one that names a leader, be it the same, begins a leader epoch.
    fn change(&mut self, change: &PartitionChangeRecord) {
        let replace = |field: &mut Vec<i32>, with: &Option<Vec<i32>>| {
            if let Some(with) = with {
                field.clone_from(with);
            }
        };
        replace(&mut self.replicas, &change.replicas);
        replace(&mut self.isr, &change.isr);
        replace(&mut self.elr, &change.eligible_leader_replicas);
        replace(&mut self.last_known_elr, &change.last_known_elr);
        if change.leader != LEADER_STAYS {
            self.leader = change.leader;
            self.leader_epoch = self.leader_epoch.saturating_add(1);
        }
        if self.leader >= 0 {
            self.last_leader = self.leader;
        }
        self.partition_epoch = self.partition_epoch.saturating_add(1);
    }
}

/// A broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrokerState {
    /// The epoch of its registration.
    pub epoch: i64,
    /// Which incarnation that is of, as the broker says.
    pub incarnation: Uuid,
    /// Whether it may lead nothing.
    pub fenced: bool,
    /// Whether it is about to stop.
    pub in_controlled_shutdown: bool,
    /// The offset of the record that made it what it is.
    pub since: i64,
}

impl BrokerState {
    fn of(record: &RegisterBrokerRecord, since: i64) -> BrokerState {
        let RegisterBrokerRecord { broker_epoch: epoch, incarnation_id: incarnation, fenced, .. } = *record;
        BrokerState { epoch, incarnation, fenced, in_controlled_shutdown: record.in_controlled_shutdown, since }
    }

    /// Whether it may lead and be in sync.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }

    fn change(&mut self, change: &BrokerRegistrationChangeRecord) {
        self.fenced = if change.fenced == 0 { self.fenced } else { change.fenced > 0 };
        self.in_controlled_shutdown |= change.in_controlled_shutdown > 0;
    }
}

/// What a committed record changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A partition came into being or changed.
    Partition {
        /// Which.
        id: (Uuid, i32),
        /// What it was before; None if it is new.
        before: Option<Rc<PartitionState>>,
        /// What it is now.
        after: Rc<PartitionState>,
    },
    /// An incarnation of a broker registered.
    Registered {
        /// Which.
        broker: i32,
        /// What was known of it.
        before: Option<BrokerState>,
        /// The offset of the record.
        offset: i64,
    },
    /// A broker was fenced or unfenced, began to shut down, or registered again as what it is.
    Broker {
        /// Which.
        broker: i32,
    },
}

/// The state of the cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    partitions: BTreeMap<(Uuid, i32), Rc<PartitionState>>,
    names: BTreeMap<Str, Uuid>,
    topics: BTreeMap<Uuid, Str>,
    brokers: BTreeMap<i32, BrokerState>,
    configs: BTreeMap<(i8, Str), BTreeMap<Str, Str>>,
    elr: bool,
}

impl Image {
    /// A partition.
    #[must_use]
    pub fn partition(&self, topic_id: Uuid, partition: i32) -> Option<&PartitionState> {
        self.partitions.get(&(topic_id, partition)).map(|state| &**state)
    }

    /// Every partition by topic id and index.
    pub fn partitions(&self) -> impl Iterator<Item = (&(Uuid, i32), &PartitionState)> {
        self.partitions.iter().map(|(id, state)| (id, &**state))
    }

    /// The id of the topic of a name.
    #[must_use]
    pub fn topic_id(&self, name: &str) -> Option<Uuid> {
        self.names.get(&Str::from(name)).copied()
    }

    /// A broker.
    #[must_use]
    pub fn broker(&self, broker: i32) -> Option<&BrokerState> {
        self.brokers.get(&broker)
    }

    /// Whether nothing was committed that can be judged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// Whether eligible leader replicas are kept (KIP-966).
    #[must_use]
    pub fn keeps_elr(&self) -> bool {
        self.elr
    }

    /// A topic's setting, or the one that is set for all brokers.
    #[must_use]
    pub fn setting(&self, topic: &Str, name: &str) -> Option<&str> {
        let of = |kind, resource: &Str| self.configs.get(&(kind, resource.clone()))?.get(&Str::from(name));
        of(TOPIC, topic).or_else(|| of(BROKER, &Str::default())).map(Str::as_str)
    }

    pub(super) fn apply_all(&mut self, records: &[MetadataRecord], base_offset: i64, changes: &mut Vec<Change>) {
        for (offset, record) in (base_offset..).zip(records) {
            self.apply(offset, record, changes);
        }
    }

    fn apply(&mut self, offset: i64, record: &MetadataRecord, changes: &mut Vec<Change>) {
        match record {
            MetadataRecord::Topic(topic) => {
                self.names.insert(topic.name.clone(), topic.topic_id);
                self.topics.insert(topic.topic_id, topic.name.clone());
            }
            MetadataRecord::RemoveTopic(topic) => self.remove_topic(topic.topic_id),
            MetadataRecord::Partition(record) => {
                self.set((record.topic_id, record.partition_id), PartitionState::of(record), changes);
            }
            MetadataRecord::PartitionChange(change) => {
                let id = (change.topic_id, change.partition_id);
                if let Some(mut after) = self.partitions.get(&id).map(|state| PartitionState::clone(state)) {
                    after.change(change);
                    self.set(id, after, changes);
                }
            }
            MetadataRecord::Config(config) => self.configure(config),
            MetadataRecord::FeatureLevel(feature) if feature.name.as_str() == ELR_FEATURE => {
                self.elr = feature.feature_level > 0;
            }
            _ => self.apply_to_broker(offset, record, changes),
        }
    }

    fn apply_to_broker(&mut self, offset: i64, record: &MetadataRecord, changes: &mut Vec<Change>) {
        let (broker, change): (i32, &dyn Fn(&mut BrokerState)) = match record {
            MetadataRecord::RegisterBroker(record) => {
                let (broker, state) = (record.broker_id, BrokerState::of(record, offset));
                let before = self.brokers.insert(broker, state);
                let identity = |state: BrokerState| (state.incarnation, state.epoch);
                let again = before.map(identity) == Some(identity(state));
                return changes.push(match again {
                    true => Change::Broker { broker },
                    false => Change::Registered { broker, before, offset },
                });
            }
            MetadataRecord::UnregisterBroker(record) => {
                self.brokers.remove(&record.broker_id);
                return;
            }
            MetadataRecord::BrokerRegistrationChange(record) => (record.broker_id, &|broker| broker.change(record)),
            MetadataRecord::FenceBroker(record) => (record.id, &|broker| broker.fenced = true),
            MetadataRecord::UnfenceBroker(record) => (record.id, &|broker| broker.fenced = false),
            _ => return,
        };
        if let Some(state) = self.brokers.get_mut(&broker) {
            change(state);
            state.since = offset;
            changes.push(Change::Broker { broker });
        }
    }

    fn set(&mut self, id: (Uuid, i32), mut after: PartitionState, changes: &mut Vec<Change>) {
        after.topic = self.topics.get(&id.0).cloned().unwrap_or_default();
        let least = self.setting(&after.topic, "min.insync.replicas").and_then(|text| text.parse::<i32>().ok());
        after.min_isr = least.map(|least| least.min(after.replicas.len() as i32));
        let after = Rc::new(after);
        let before = self.partitions.insert(id, Rc::clone(&after));
        changes.push(Change::Partition { id, before, after });
    }

    fn remove_topic(&mut self, topic_id: Uuid) {
        self.partitions.retain(|id, _| id.0 != topic_id);
        if let Some(name) = self.topics.remove(&topic_id) {
            self.names.remove(&name);
            self.configs.remove(&(TOPIC, name));
        }
    }

    fn configure(&mut self, record: &ConfigRecord) {
        let settings = self.configs.entry((record.resource_type, record.resource_name.clone())).or_default();
        match &record.value {
            Some(value) => drop(settings.insert(record.name.clone(), value.clone())),
            None => drop(settings.remove(&record.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::metadata::TopicRecord;

    #[test]
    fn a_leader_that_is_named_begins_an_epoch_and_any_change_counts() {
        let topic_id = Uuid(9);
        let of = |leader, isr: Option<Vec<i32>>| {
            let change = PartitionChangeRecord { topic_id, partition_id: 0, leader, isr, ..Default::default() };
            MetadataRecord::from(change)
        };
        let new = PartitionRecord {
            partition_id: 0,
            topic_id,
            replicas: vec![1, 2, 3],
            isr: vec![1, 2, 3],
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
            ..PartitionRecord::default()
        };
        let records = [
            TopicRecord { name: "t".into(), topic_id }.into(),
            new.into(),
            of(LEADER_STAYS, Some(vec![1, 2])),
            of(NO_LEADER, None),
            of(2, Some(vec![2])),
        ];
        let (mut image, mut changes) = (Image::default(), Vec::new());
        image.apply_all(&records, 0, &mut changes);
        let state = image.partition(topic_id, 0).unwrap();
        assert_eq!((state.leader, state.leader_epoch, state.partition_epoch), (2, 2, 3));
        assert_eq!((&state.isr[..], state.last_leader, changes.len()), (&[2][..], 2, 4));
        assert_eq!(image.topic_id("t"), Some(topic_id));
    }
}
