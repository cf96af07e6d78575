//! Brokers that come and go, and what that does to the partitions that they hold (KIP-631, KIP-966). Pure: records against an image.

use super::change::{Rules, change};
use super::image::{Image, NO_LEADER, PartitionImage, TopicImage};
use crate::bugs::Bug;
use wire::metadata::{BrokerRegistrationChangeRecord, MetadataRecord, PartitionChangeRecord};
use wire::{Planted, Uuid};

/// What decides besides the image.
#[derive(Clone, Copy)]
pub(crate) struct Policy<'a> {
    /// The controllers' `unclean.leader.election.enable`.
    pub(crate) unclean: bool,
    /// What is planted.
    pub(crate) bugs: &'a Planted<Bug>,
}

/// What happened to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Its session has ended, it asked to be fenced, or it registers after a clean shutdown.
    Away(i32),
    /// It has caught up and may lead.
    Back(i32),
    /// It registers after a stop that was not clean: what it had not synced may be gone.
    Lost(i32),
}

/// The changes of partitions that follow.
pub(crate) fn changes(image: &Image, turn: Turn, policy: Policy<'_>) -> Vec<MetadataRecord> {
    changes_where(image, turn, policy, |_, partition| concerns(turn, partition, image.keeps_elr()))
}

/// A broker cannot use its logs of these partitions any more, because their directory failed.
pub(crate) fn without_logs(
    image: &Image,
    broker: i32,
    keys: &[(Uuid, i32)],
    policy: Policy<'_>,
) -> Vec<MetadataRecord> {
    changes_where(image, Turn::Away(broker), policy, |key, _| keys.contains(&key))
}

fn changes_where(
    image: &Image,
    turn: Turn,
    policy: Policy<'_>,
    concerned: impl Fn((Uuid, i32), &PartitionImage) -> bool,
) -> Vec<MetadataRecord> {
    let partitions = image.partitions().filter(|(topic, index, partition)| concerned((topic.id, *index), partition));
    let changed = partitions.filter_map(|(topic, index, partition)| {
        let (target_isr, lost) = target(turn, partition, image.keeps_elr());
        decide(image, (topic, index, partition), target_isr, &lost, turn, policy)
    });
    changed.map(MetadataRecord::from).collect()
}

fn concerns(turn: Turn, partition: &PartitionImage, elr: bool) -> bool {
    match turn {
        Turn::Away(broker) => partition.isr.contains(&broker),
        Turn::Lost(broker) => partition.isr.contains(&broker) || (elr && partition.elr.contains(&broker)),
        Turn::Back(broker) => partition.leader == NO_LEADER && partition.replicas.contains(&broker),
    }
}

/// The ISR that is aimed at, and who is in no ELR any more.
fn target(turn: Turn, partition: &PartitionImage, elr: bool) -> (Vec<i32>, Vec<i32>) {
    let without = |broker| partition.isr.iter().copied().filter(|&replica| replica != broker).collect::<Vec<_>>();
    match turn {
        Turn::Back(_) => (partition.isr.clone(), Vec::new()),
        Turn::Lost(broker) if elr => (without(broker), vec![broker]),
        Turn::Away(broker) | Turn::Lost(broker) => (without(broker), Vec::new()),
    }
}

fn decide(
    image: &Image,
    (topic, index, partition): (&TopicImage, i32, &PartitionImage),
    target_isr: Vec<i32>,
    lost: &[i32],
    turn: Turn,
    policy: Policy<'_>,
) -> Option<PartitionChangeRecord> {
    let may_lead = |replica: i32| match turn {
        Turn::Back(broker) if broker == replica => true,
        Turn::Away(broker) | Turn::Lost(broker) if broker == replica => false,
        _ => image.is_active(replica),
    };
    let rules = Rules {
        may_lead: &may_lead,
        min_isr: image.min_isr(&topic.name),
        elr: image.keeps_elr(),
        unclean: image.unclean_elections(&topic.name, policy.unclean),
        bugs: policy.bugs,
    };
    // Without ELR the last member of an ISR stays in it.
    let target_isr = if target_isr.is_empty() && !rules.elr { partition.isr.clone() } else { target_isr };
    change(topic.id, index, partition, target_isr, lost, &rules)
}

/// A leader asks for another ISR.
pub(crate) fn new_isr(
    image: &Image,
    (topic_id, index): (Uuid, i32),
    isr: Vec<i32>,
    policy: Policy<'_>,
) -> Option<PartitionChangeRecord> {
    let topic = image.topics.get(&topic_id)?;
    let partition = topic.partitions.get(&index)?;
    let may_lead = |replica| image.is_active(replica);
    let rules = Rules {
        may_lead: &may_lead,
        min_isr: image.min_isr(&topic.name),
        elr: image.keeps_elr(),
        unclean: image.unclean_elections(&topic.name, policy.unclean),
        bugs: policy.bugs,
    };
    let record = change(topic_id, index, partition, isr, &[], &rules);
    let recovered = partition.leader_recovery_state != 0;
    record.map(|record| PartitionChangeRecord {
        leader_recovery_state: if recovered { 0 } else { record.leader_recovery_state },
        ..record
    })
}

/// A broker is fenced: what it led, others lead.
pub(crate) fn fence(image: &Image, broker_id: i32, broker_epoch: i64, policy: Policy<'_>) -> Vec<MetadataRecord> {
    let change = BrokerRegistrationChangeRecord { broker_id, broker_epoch, fenced: 1, ..Default::default() };
    let mut records = changes(image, Turn::Away(broker_id), policy);
    records.push(change.into());
    records
}

/// A broker has caught up with its registration: it may lead.
pub(crate) fn unfence(image: &Image, broker_id: i32, broker_epoch: i64, policy: Policy<'_>) -> Vec<MetadataRecord> {
    let change = BrokerRegistrationChangeRecord { broker_id, broker_epoch, fenced: -1, ..Default::default() };
    let mut records = vec![change.into()];
    records.extend(changes(image, Turn::Back(broker_id), policy));
    records
}

/// A broker wants to shut down: it leaves the ISRs, and others lead what it led.
pub(crate) fn shut_down(image: &Image, broker_id: i32, broker_epoch: i64, policy: Policy<'_>) -> Vec<MetadataRecord> {
    let change =
        BrokerRegistrationChangeRecord { broker_id, broker_epoch, in_controlled_shutdown: 1, ..Default::default() };
    let mut records = vec![change.into()];
    records.extend(changes(image, Turn::Away(broker_id), policy));
    records
}
