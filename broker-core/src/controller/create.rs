//! CreateTopics: from a request to the records that make its topics, or to the error of each. Pure decisions in Kafka's order.

use super::image::{Image, TOPIC_RESOURCE};
use super::{names, placement};
use crate::config::{Config, validate_topic};
use std::collections::{BTreeMap, BTreeSet};
use wire::messages::create_topics::{CreatableTopic, CreatableTopicResult};
use wire::metadata::{ConfigRecord, MetadataRecord, PartitionRecord, TopicRecord};
use wire::{ErrorCode, Str, Uuid};

/// One request may not make more records than this.
const MAX_RECORDS: usize = 10_000;

/// Why a topic is not created.
pub(crate) type Refusal = (ErrorCode, String);

/// What a request comes to.
pub(crate) struct Creation {
    pub(crate) records: Vec<MetadataRecord>,
    pub(crate) results: Vec<CreatableTopicResult>,
}

/// Decides a whole request against the latest image. `topic_id` draws ids, `directory` is where a broker's replicas go.
pub(crate) fn create_topics(
    image: &Image,
    config: &Config,
    topics: &[CreatableTopic],
    mut topic_id: impl FnMut() -> Uuid,
    directory: impl Fn(i32) -> Uuid,
) -> Creation {
    let duplicates = duplicates(topics);
    let mut creation = Creation { records: Vec::new(), results: Vec::new() };
    let mut refused_twice = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for topic in topics {
        if duplicates.contains(&topic.name) {
            if refused_twice.insert(&topic.name) {
                creation.results.push(refused(topic, (ErrorCode::InvalidRequest, "Duplicate topic name.".to_owned())));
            }
            continue;
        }
        let room = MAX_RECORDS.saturating_sub(creation.records.len());
        match decide(image, config, topic, &taken, room) {
            Ok(assignments) => {
                taken.insert(&topic.name);
                let id = topic_id();
                creation.results.push(created(topic, id, &assignments));
                creation.records.extend(records(topic, id, assignments, image, &directory));
            }
            Err(refusal) => creation.results.push(refused(topic, refusal)),
        }
    }
    creation
}

fn duplicates(topics: &[CreatableTopic]) -> BTreeSet<Str> {
    let mut seen = BTreeSet::new();
    topics.iter().filter(|topic| !seen.insert(&topic.name)).map(|topic| topic.name.clone()).collect()
}

/// The replicas of each partition, or why there is no such topic.
fn decide(
    image: &Image,
    config: &Config,
    topic: &CreatableTopic,
    taken: &BTreeSet<&Str>,
    room: usize,
) -> Result<Vec<Vec<i32>>, Refusal> {
    check_name(image, topic, taken)?;
    let overrides = topic.configs.iter().map(|entry| (entry.name.as_str(), entry.value.as_deref()));
    validate_topic(overrides).map_err(|message| (ErrorCode::InvalidConfig, message))?;
    let assignments =
        if topic.assignments.is_empty() { assign(image, config, topic, room)? } else { manual(image, topic)? };
    if assignments.len() + topic.configs.len() + 1 > room {
        return Err(too_many());
    }
    Ok(assignments)
}

fn too_many() -> Refusal {
    (ErrorCode::PolicyViolation, "Unable to perform excessively large batch operation.".to_owned())
}

fn check_name(image: &Image, topic: &CreatableTopic, taken: &BTreeSet<&Str>) -> Result<(), Refusal> {
    let name = topic.name.as_str();
    if name == "__cluster_metadata" {
        let message = "Creation of internal topic __cluster_metadata is prohibited.";
        return Err((ErrorCode::InvalidRequest, message.to_owned()));
    }
    if image.topic_ids.contains_key(name) {
        return Err((ErrorCode::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
    }
    names::check(name).map_err(|message| (ErrorCode::InvalidTopicException, message))?;
    if !names::has_collision_chars(name) {
        return Ok(());
    }
    let others = image.topic_ids.keys().chain(taken.iter().copied());
    match others.into_iter().find(|other| names::collide(name, other)) {
        Some(other) => {
            Err((ErrorCode::InvalidTopicException, format!("Topic '{name}' collides with existing topic: {other}")))
        }
        None => Ok(()),
    }
}

fn assign(image: &Image, config: &Config, topic: &CreatableTopic, room: usize) -> Result<Vec<Vec<i32>>, Refusal> {
    if topic.replication_factor < -1 || topic.replication_factor == 0 {
        let message = "Replication factor must be larger than 0, or -1 to use the default value.";
        return Err((ErrorCode::InvalidReplicationFactor, message.to_owned()));
    }
    if topic.num_partitions < -1 || topic.num_partitions == 0 {
        let message = "Number of partitions was set to an invalid non-positive value.";
        return Err((ErrorCode::InvalidPartitions, message.to_owned()));
    }
    let default = |name: &str| config.number(name);
    let partitions = match topic.num_partitions {
        -1 => i32::try_from(default("num.partitions")).unwrap_or(1),
        partitions => partitions,
    };
    let replication_factor = match topic.replication_factor {
        -1 => i16::try_from(default("default.replication.factor")).unwrap_or(1),
        factor => factor,
    };
    let brokers = image.usable_brokers();
    let refuse = |message| {
        let message = format!("Unable to replicate the partition {replication_factor} time(s): {message}");
        (ErrorCode::InvalidReplicationFactor, message)
    };
    // Placed one by one only if they fit: a request may ask for two billion.
    let few = usize::try_from(partitions).is_ok_and(|partitions| partitions < room);
    let placed = placement::place(&brokers, if few { partitions } else { 1 }, replication_factor).map_err(refuse)?;
    if few { Ok(placed) } else { Err(too_many()) }
}

fn manual(image: &Image, topic: &CreatableTopic) -> Result<Vec<Vec<i32>>, Refusal> {
    let invalid = |message: String| (ErrorCode::InvalidReplicaAssignment, message);
    if topic.replication_factor != -1 {
        let message = "A manual partition assignment was specified, but replication factor was not set to -1.";
        return Err((ErrorCode::InvalidRequest, message.to_owned()));
    }
    if topic.num_partitions != -1 {
        let message = "A manual partition assignment was specified, but numPartitions was not set to -1.";
        return Err((ErrorCode::InvalidRequest, message.to_owned()));
    }
    let mut partitions: BTreeMap<i32, &[i32]> = BTreeMap::new();
    let mut factor = None;
    for assignment in &topic.assignments {
        if partitions.contains_key(&assignment.partition_index) {
            let partition = assignment.partition_index;
            return Err(invalid(format!("Found multiple manual partition assignments for partition {partition}")));
        }
        check_replicas(image, &assignment.broker_ids, factor).map_err(invalid)?;
        factor = Some(assignment.broker_ids.len());
        partitions.insert(assignment.partition_index, &assignment.broker_ids);
    }
    if !partitions.keys().copied().eq(0..i32::try_from(partitions.len()).unwrap_or(i32::MAX)) {
        return Err(invalid("partitions should be a consecutive 0-based integer sequence".to_owned()));
    }
    Ok(partitions.into_values().map(<[i32]>::to_vec).collect())
}

fn check_replicas(image: &Image, replicas: &[i32], factor: Option<usize>) -> Result<(), String> {
    if replicas.is_empty() {
        return Err("The manual partition assignment includes an empty replica list.".to_owned());
    }
    let distinct: BTreeSet<i32> = replicas.iter().copied().collect();
    if distinct.len() < replicas.len() {
        return Err("The manual partition assignment includes a broker more than once.".to_owned());
    }
    if let Some(unknown) = distinct.iter().find(|broker| !image.brokers.contains_key(broker)) {
        return Err(format!(
            "The manual partition assignment includes broker {unknown}, but no such broker is registered."
        ));
    }
    if let Some(factor) = factor.filter(|&factor| factor != replicas.len()) {
        let len = replicas.len();
        return Err(format!(
            "The manual partition assignment includes a partition with {len} replica(s), but this is not consistent with previous partitions, which have {factor} replica(s)."
        ));
    }
    if !replicas.iter().any(|&broker| image.is_active(broker)) {
        return Err(
            "All brokers specified in the manual partition assignment are fenced or in controlled shutdown.".to_owned()
        );
    }
    Ok(())
}

/// Who is fenced gets its replicas, and is not in sync.
fn records(
    topic: &CreatableTopic,
    topic_id: Uuid,
    assignments: Vec<Vec<i32>>,
    image: &Image,
    directory: &impl Fn(i32) -> Uuid,
) -> Vec<MetadataRecord> {
    let mut records = vec![TopicRecord { name: topic.name.clone(), topic_id }.into()];
    let overrides: BTreeMap<&Str, &Option<Str>> =
        topic.configs.iter().map(|entry| (&entry.name, &entry.value)).collect();
    records.extend(overrides.into_iter().map(|(name, value)| {
        let (resource_name, name, value) = (topic.name.clone(), name.clone(), value.clone());
        ConfigRecord { resource_type: TOPIC_RESOURCE, resource_name, name, value }.into()
    }));
    records.extend((0..).zip(assignments).map(|(partition_id, replicas)| {
        let isr: Vec<i32> = replicas.iter().copied().filter(|&broker| image.is_active(broker)).collect();
        PartitionRecord {
            partition_id,
            topic_id,
            leader: isr.first().copied().unwrap_or(super::image::NO_LEADER),
            isr,
            leader_epoch: 0,
            partition_epoch: 0,
            directories: replicas.iter().map(|&broker| directory(broker)).collect(),
            replicas,
            ..PartitionRecord::default()
        }
        .into()
    }));
    records
}

fn created(topic: &CreatableTopic, topic_id: Uuid, assignments: &[Vec<i32>]) -> CreatableTopicResult {
    CreatableTopicResult {
        name: topic.name.clone(),
        topic_id,
        error_message: None,
        num_partitions: i32::try_from(assignments.len()).unwrap_or(i32::MAX),
        replication_factor: i16::try_from(assignments.first().map_or(0, Vec::len)).unwrap_or(i16::MAX),
        ..CreatableTopicResult::default()
    }
}

fn refused(topic: &CreatableTopic, (error, message): Refusal) -> CreatableTopicResult {
    CreatableTopicResult {
        name: topic.name.clone(),
        error_code: error.code(),
        error_message: Some(message.into()),
        ..CreatableTopicResult::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::messages::create_topics::{CreatableReplicaAssignment, CreatableTopicConfig};
    use wire::metadata::RegisterBrokerRecord;

    fn image() -> Image {
        let broker = RegisterBrokerRecord { broker_id: 1, fenced: false, ..RegisterBrokerRecord::default() };
        let topic = |name: &str, id| (Str::from(name), Uuid(id));
        Image {
            brokers: BTreeMap::from([(1, broker)]),
            topic_ids: BTreeMap::from([topic("old", 5), topic("a.b", 6)]),
            ..Image::default()
        }
    }

    fn topic(name: &str) -> CreatableTopic {
        CreatableTopic { name: name.into(), num_partitions: 2, replication_factor: 1, ..CreatableTopic::default() }
    }

    fn configured(name: &str, value: Option<&str>) -> CreatableTopic {
        let config = CreatableTopicConfig { name: name.into(), value: value.map(Str::from) };
        CreatableTopic { configs: vec![config], ..topic("new") }
    }

    fn assigned(assignments: &[(i32, &[i32])]) -> CreatableTopic {
        let assignments = assignments
            .iter()
            .map(|&(partition_index, brokers)| CreatableReplicaAssignment {
                partition_index,
                broker_ids: brokers.to_vec(),
            })
            .collect();
        CreatableTopic { num_partitions: -1, replication_factor: -1, assignments, ..topic("new") }
    }

    fn codes(topics: &[CreatableTopic]) -> Vec<i16> {
        let config = Config::parse(&BTreeMap::new()).unwrap();
        let creation = create_topics(&image(), &config, topics, || Uuid(77), |_| Uuid(8));
        let ok = creation.results.iter().filter(|result| result.error_code == 0).count();
        assert_eq!(creation.records.is_empty(), ok == 0);
        creation.results.iter().map(|result| result.error_code).collect()
    }

    #[test]
    fn each_mistake_has_its_error() {
        let with = |partitions, factor| CreatableTopic {
            num_partitions: partitions,
            replication_factor: factor,
            ..topic("new")
        };
        let table = [
            (topic("new"), ErrorCode::None),
            (with(-1, -1), ErrorCode::None),
            (topic("old"), ErrorCode::TopicAlreadyExists),
            (topic("a b"), ErrorCode::InvalidTopicException),
            (topic(""), ErrorCode::InvalidTopicException),
            (topic("a_b"), ErrorCode::InvalidTopicException),
            (topic("__cluster_metadata"), ErrorCode::InvalidRequest),
            (with(0, 1), ErrorCode::InvalidPartitions),
            (with(-2, 1), ErrorCode::InvalidPartitions),
            (with(i32::MAX, 1), ErrorCode::PolicyViolation),
            (with(1, 0), ErrorCode::InvalidReplicationFactor),
            (with(1, 2), ErrorCode::InvalidReplicationFactor),
            (configured("retention.ms", Some("5")), ErrorCode::None),
            (configured("retention.ms", Some("x")), ErrorCode::InvalidConfig),
            (configured("no.such", Some("1")), ErrorCode::InvalidConfig),
            (configured("retention.ms", None), ErrorCode::InvalidConfig),
            (assigned(&[(0, &[1]), (1, &[1])]), ErrorCode::None),
            (assigned(&[(0, &[1]), (0, &[1])]), ErrorCode::InvalidReplicaAssignment),
            (assigned(&[(1, &[1])]), ErrorCode::InvalidReplicaAssignment),
            (assigned(&[(0, &[2])]), ErrorCode::InvalidReplicaAssignment),
            (assigned(&[(0, &[1, 1])]), ErrorCode::InvalidReplicaAssignment),
            (assigned(&[(0, &[])]), ErrorCode::InvalidReplicaAssignment),
            (CreatableTopic { num_partitions: 1, ..assigned(&[(0, &[1])]) }, ErrorCode::InvalidRequest),
        ];
        for (topic, error) in table {
            assert_eq!(codes(std::slice::from_ref(&topic)), [error.code()], "{topic:?}");
        }
    }

    #[test]
    fn who_is_fenced_is_not_in_sync_and_does_not_lead() {
        let mut image = image();
        let fenced = RegisterBrokerRecord { broker_id: 2, fenced: true, ..RegisterBrokerRecord::default() };
        image.brokers.insert(2, fenced);
        let config = Config::parse(&BTreeMap::new()).unwrap();
        let asked = [assigned(&[(0, &[2, 1])]), assigned(&[(0, &[2])])];
        let creation = create_topics(&image, &config, &asked[..1], || Uuid(77), |_| Uuid(8));
        let MetadataRecord::Partition(made) = &creation.records[1] else { panic!("{:?}", creation.records) };
        assert_eq!((&made.replicas[..], &made.isr[..], made.leader), (&[2, 1][..], &[1][..], 1));
        let creation = create_topics(&image, &config, &asked[1..], || Uuid(77), |_| Uuid(8));
        assert_eq!(creation.results[0].error_code, ErrorCode::InvalidReplicaAssignment.code());
    }

    #[test]
    fn a_name_that_stands_twice_is_refused_once_and_the_others_are_made() {
        assert_eq!(codes(&[topic("x"), topic("y"), topic("x")]), [42, 0]);
    }
}
