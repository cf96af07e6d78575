//! AlterPartition: whether a leader may have the ISR that it asks for (KIP-497, KIP-841, KIP-903). Pure.

use super::image::{Image, PartitionImage};
use crate::bugs::Bug;
use std::collections::BTreeSet;
use wire::messages::alter_partition::PartitionData;
use wire::{ErrorCode, Planted, Uuid};

/// Checks what a leader asks for a partition, in Kafka's order.
pub(crate) fn check<'a>(
    image: &'a Image,
    broker_id: i32,
    topic_id: Uuid,
    asked: &PartitionData,
    bugs: &Planted<Bug>,
) -> Result<&'a PartitionImage, ErrorCode> {
    let topic = image.topics.get(&topic_id).ok_or(ErrorCode::UnknownTopicId)?;
    let partition = topic.partitions.get(&asked.partition_index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    check_epochs(partition, broker_id, asked, bugs)?;
    let members: Vec<i32> = asked.new_isr_with_epochs.iter().map(|member| member.broker_id).collect();
    let distinct = members.iter().collect::<BTreeSet<_>>().len() == members.len();
    let assigned = members.iter().all(|member| partition.replicas.contains(member));
    let legal = distinct && assigned && members.contains(&broker_id);
    if !legal {
        return Err(ErrorCode::InvalidRequest);
    }
    let ineligible =
        asked.new_isr_with_epochs.iter().any(|member| !is_eligible(image, member.broker_id, member.broker_epoch, bugs));
    if ineligible { Err(ErrorCode::IneligibleReplica) } else { Ok(partition) }
}

fn check_epochs(
    partition: &PartitionImage,
    broker_id: i32,
    asked: &PartitionData,
    bugs: &Planted<Bug>,
) -> Result<(), ErrorCode> {
    // A leader that knows more than this controller speaks with one that leads no more.
    if asked.leader_epoch > partition.leader_epoch || asked.partition_epoch > partition.partition_epoch {
        return Err(ErrorCode::NotController);
    }
    if asked.leader_epoch < partition.leader_epoch {
        return Err(ErrorCode::FencedLeaderEpoch);
    }
    if broker_id != partition.leader {
        return Err(ErrorCode::InvalidRequest);
    }
    if asked.partition_epoch < partition.partition_epoch && !bugs.has(Bug::R12) {
        return Err(ErrorCode::InvalidUpdateVersion);
    }
    Ok(())
}

/// Whether a broker may be in an ISR: it is unfenced, does not shut down, and is the incarnation that the leader knows.
fn is_eligible(image: &Image, broker_id: i32, broker_epoch: i64, bugs: &Planted<Bug>) -> bool {
    let Some(broker) = image.brokers.get(&broker_id) else { return false };
    let same = broker_epoch == -1 || broker.broker_epoch == broker_epoch || bugs.has(Bug::R13);
    same && (image.is_active(broker_id) || bugs.has(Bug::R15))
}

#[cfg(test)]
mod tests {
    use super::super::image::TopicImage;
    use super::*;
    use std::collections::BTreeMap;
    use std::rc::Rc;
    use wire::messages::alter_partition::BrokerState;
    use wire::metadata::RegisterBrokerRecord;

    const TOPIC: Uuid = Uuid(9);

    fn image() -> Image {
        let broker = |broker_id, fenced| RegisterBrokerRecord {
            broker_id,
            broker_epoch: i64::from(broker_id) * 10,
            fenced,
            ..RegisterBrokerRecord::default()
        };
        let partition = PartitionImage {
            replicas: vec![1, 2, 3],
            isr: vec![1],
            leader: 1,
            leader_epoch: 5,
            partition_epoch: 7,
            ..PartitionImage::default()
        };
        let partitions = BTreeMap::from([(0, Rc::new(partition))]);
        Image {
            brokers: BTreeMap::from([(1, broker(1, false)), (2, broker(2, false)), (3, broker(3, true))]),
            topics: BTreeMap::from([(TOPIC, TopicImage { id: TOPIC, name: "t".into(), partitions })]),
            ..Image::default()
        }
    }

    #[test]
    fn each_mistake_of_a_leader_has_its_error() {
        let asked = |leader_epoch, partition_epoch, members: &[(i32, i64)]| PartitionData {
            leader_epoch,
            partition_epoch,
            new_isr_with_epochs: members
                .iter()
                .map(|&(broker_id, broker_epoch)| BrokerState { broker_id, broker_epoch })
                .collect(),
            ..PartitionData::default()
        };
        let table = [
            (1, asked(5, 7, &[(1, 10), (2, 20)]), None),
            (1, asked(5, 7, &[(1, -1)]), None),
            (1, asked(6, 7, &[(1, 10)]), Some(ErrorCode::NotController)),
            (1, asked(5, 8, &[(1, 10)]), Some(ErrorCode::NotController)),
            (1, asked(4, 7, &[(1, 10)]), Some(ErrorCode::FencedLeaderEpoch)),
            (2, asked(5, 7, &[(2, 20)]), Some(ErrorCode::InvalidRequest)),
            (1, asked(5, 6, &[(1, 10)]), Some(ErrorCode::InvalidUpdateVersion)),
            (1, asked(5, 7, &[(2, 20)]), Some(ErrorCode::InvalidRequest)),
            (1, asked(5, 7, &[(1, 10), (4, 40)]), Some(ErrorCode::InvalidRequest)),
            (1, asked(5, 7, &[(1, 10), (1, 10)]), Some(ErrorCode::InvalidRequest)),
            (1, asked(5, 7, &[(1, 10), (2, 19)]), Some(ErrorCode::IneligibleReplica)),
            (1, asked(5, 7, &[(1, 10), (3, 30)]), Some(ErrorCode::IneligibleReplica)),
        ];
        for (broker, asked, expected) in table {
            let image = image();
            let error = check(&image, broker, TOPIC, &asked, &Planted::default()).err();
            assert_eq!(error, expected, "{asked:?}");
        }
    }
}
