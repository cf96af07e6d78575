//! Records that a broker's life makes: bootstrap, registration, unfencing, a lost log directory.

use super::image::{BROKER_RESOURCE, Image};
use super::membership::{self, Policy, Turn};
use crate::bugs::Bug;
use crate::config::Config;
use wire::messages::{BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, broker_registration};
use wire::metadata::brokers::{BrokerEndpoint, BrokerFeature};
use wire::metadata::{
    BeginTransactionRecord, ConfigRecord, EndTransactionRecord, FeatureLevelRecord, MetadataRecord,
    RegisterBrokerRecord,
};
use wire::{Str, Uuid};

/// Features with the levels that this broker supports, and the level that a new cluster starts with.
pub(crate) const FEATURES: &[(&str, i16, i16, i16)] = &[
    ("eligible.leader.replicas.version", 0, 1, 1),
    ("group.version", 0, 1, 1),
    ("kraft.version", 0, 1, 0),
    ("metadata.version", 7, 30, 30),
    ("transaction.version", 0, 2, 2),
];

/// What the first controller of a cluster writes first.
pub(crate) fn bootstrap(config: &Config) -> Vec<MetadataRecord> {
    let begin = BeginTransactionRecord { name: Some(Str::from_static("Bootstrap records")) };
    let level = |name| {
        let (name, _, _, feature_level) = FEATURES.iter().find(|feature| feature.0 == name).copied()?;
        (feature_level > 0).then(|| FeatureLevelRecord { name: Str::from_static(name), feature_level }.into())
    };
    // metadata.version comes first: it says how to read what follows.
    let others = FEATURES.iter().map(|feature| feature.0).filter(|&name| name != "metadata.version");
    let mut records = vec![begin.into()];
    records.extend(std::iter::once("metadata.version").chain(others).filter_map(level));
    // Eligible leader replicas need one min ISR for the whole cluster, so it moves from files into the metadata (KIP-966).
    let name = Str::from_static("min.insync.replicas");
    let value = config.value(&name).map(Str::from);
    let resource_name = Str::default();
    records.push(ConfigRecord { resource_type: BROKER_RESOURCE, resource_name, name, value }.into());
    records.push(EndTransactionRecord::default().into());
    records
}

/// What a broker asks the controller to register.
pub(crate) fn request(
    config: &Config,
    incarnation_id: Uuid,
    log_dirs: Vec<Uuid>,
    previous_broker_epoch: i64,
) -> BrokerRegistrationRequest {
    let clients = config.advertised_listeners.iter().filter(|listener| !config.is_controller_listener(&listener.name));
    let listeners = clients.map(|listener| broker_registration::Listener {
        name: listener.name.clone(),
        host: listener.endpoint.host.clone(),
        port: listener.endpoint.port,
        security_protocol: 0,
    });
    let features = FEATURES.iter().map(|&(name, min_supported_version, max_supported_version, _)| {
        broker_registration::Feature { name: Str::from_static(name), min_supported_version, max_supported_version }
    });
    BrokerRegistrationRequest {
        broker_id: config.node_id.0,
        cluster_id: config.cluster_id.clone(),
        incarnation_id,
        listeners: listeners.collect(),
        features: features.collect(),
        rack: config.value("broker.rack").map(Str::from),
        is_migrating_zk_broker: false,
        log_dirs,
        previous_broker_epoch,
    }
}

/// A new incarnation registers, fenced. It is in no ISR until it is unfenced, nor, unless its last shutdown was clean, in an ELR. One that
/// asks again, because it got no answer, stays what it is. Gives its broker epoch, too: for a new one where the metadata log ends.
pub(crate) fn register(
    image: &Image,
    request: BrokerRegistrationRequest,
    end: i64,
    policy: Policy<'_>,
) -> (i64, Vec<MetadataRecord>) {
    let broker_id = request.broker_id;
    let known = image.brokers.get(&broker_id);
    let same = known.filter(|known| known.incarnation_id == request.incarnation_id);
    let broker_epoch = same.map_or(end, |same| same.broker_epoch);
    let clean = known.is_some_and(|broker| broker.broker_epoch == request.previous_broker_epoch);
    let end_points = request.listeners.into_iter().map(|listener| BrokerEndpoint {
        name: listener.name,
        host: listener.host,
        port: listener.port,
        security_protocol: listener.security_protocol,
    });
    let features = request.features.into_iter().map(|feature| BrokerFeature {
        name: feature.name,
        min_supported_version: feature.min_supported_version,
        max_supported_version: feature.max_supported_version,
    });
    let registration = RegisterBrokerRecord {
        broker_id,
        incarnation_id: request.incarnation_id,
        broker_epoch,
        end_points: end_points.collect(),
        features: features.collect(),
        rack: request.rack,
        fenced: same.is_none_or(|same| same.fenced),
        in_controlled_shutdown: same.is_some_and(|same| same.in_controlled_shutdown),
        log_dirs: request.log_dirs,
        ..RegisterBrokerRecord::default()
    };
    let turn = if clean || policy.bugs.has(Bug::R17) { Turn::Away(broker_id) } else { Turn::Lost(broker_id) };
    let mut records = vec![registration.into()];
    if same.is_none() {
        records.extend(membership::changes(image, turn, policy));
    }
    (broker_epoch, records)
}

/// What becomes of a broker after a heartbeat, and what it is told.
pub(crate) fn beat(
    image: &Image,
    request: &BrokerHeartbeatRequest,
    policy: Policy<'_>,
) -> (Vec<MetadataRecord>, BrokerHeartbeatResponse) {
    let (id, epoch) = (request.broker_id, request.broker_epoch);
    let caught_up = request.current_metadata_offset >= epoch;
    let told = |is_fenced, should_shut_down| BrokerHeartbeatResponse {
        is_caught_up: caught_up,
        is_fenced,
        should_shut_down,
        ..BrokerHeartbeatResponse::default()
    };
    let Some(broker) = image.brokers.get(&id) else { return (Vec::new(), told(true, false)) };
    let leads = image.partitions().any(|(_, _, partition)| partition.leader == id);
    match (broker.fenced, request.want_shut_down) {
        (true, true) => (Vec::new(), told(true, true)),
        // Who has begun to shut down does not think better of it: this was long on its way.
        (true, false) if caught_up && !request.want_fence && !broker.in_controlled_shutdown => {
            (membership::unfence(image, id, epoch, policy), told(false, false))
        }
        (true, false) => (Vec::new(), told(true, false)),
        (false, true) if !broker.in_controlled_shutdown => {
            (membership::shut_down(image, id, epoch, policy), told(false, false))
        }
        (false, true) if leads => (Vec::new(), told(false, false)),
        // Nobody waits for its session to end: what registers next is another incarnation.
        (false, true) => (membership::fence(image, id, epoch, policy), told(true, true)),
        (false, false) if request.want_fence => (membership::fence(image, id, epoch, policy), told(true, false)),
        (false, false) => (Vec::new(), told(false, false)),
    }
}

/// The version of a record under the `metadata.version` that this broker writes, 30.
pub(crate) fn record_version(record: &MetadataRecord) -> i16 {
    match record {
        MetadataRecord::RegisterBroker(_) => 4,
        MetadataRecord::Partition(_) | MetadataRecord::PartitionChange(_) => 2,
        MetadataRecord::BrokerRegistrationChange(change) if change.cordoned_log_dirs.is_some() => 3,
        MetadataRecord::BrokerRegistrationChange(change) if change.in_controlled_shutdown != 0 => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::NO_LEADER;
    use crate::replicated::Fold;
    use std::collections::BTreeMap;
    use wire::metadata::{PartitionRecord, TopicRecord};

    const TOPIC: Uuid = Uuid(9);

    fn apply(image: &mut Image, records: Vec<MetadataRecord>) {
        for record in records {
            assert!(record.encode(record_version(&record)).is_ok(), "{record:?}");
            image.apply(image.next_offset(), &record);
        }
    }

    /// A partition that broker 1 alone has, and leads.
    fn lone(config: &Config) -> Image {
        let mut image = Image::default();
        apply(&mut image, bootstrap(config));
        let partition = PartitionRecord {
            partition_id: 0,
            topic_id: TOPIC,
            replicas: vec![1],
            isr: vec![1],
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
            ..Default::default()
        };
        apply(&mut image, vec![TopicRecord { name: "t".into(), topic_id: TOPIC }.into(), partition.into()]);
        image
    }

    #[test]
    fn who_has_begun_to_shut_down_is_not_unfenced_by_what_was_long_on_its_way() {
        let config = Config::parse(&BTreeMap::new()).unwrap();
        let policy = Policy { unclean: false, bugs: &config.planted };
        let mut image = lone(&config);
        let (broker_epoch, records) = register(&image, request(&config, Uuid(1), vec![Uuid(3)], -1), 50, policy);
        apply(&mut image, records);
        let mut beats = |want_shut_down| {
            let request = BrokerHeartbeatRequest {
                broker_id: 1,
                broker_epoch,
                current_metadata_offset: broker_epoch,
                want_shut_down,
                ..Default::default()
            };
            let (records, told) = beat(&image, &request, policy);
            apply(&mut image, records);
            (told.is_fenced, told.should_shut_down, image.topics[&TOPIC].partitions[&0].leader)
        };
        assert_eq!(beats(false), (false, false, 1), "it has caught up");
        assert_eq!(beats(true), (false, false, NO_LEADER), "it leads no more");
        assert_eq!(beats(true), (true, true, NO_LEADER), "it may go");
        assert_eq!(beats(false), (true, false, NO_LEADER), "it sent this before");
    }

    #[test]
    fn every_incarnation_leads_in_a_new_epoch() {
        let config = Config::parse(&BTreeMap::new()).unwrap();
        let policy = Policy { unclean: false, bugs: &config.planted };
        let mut image = lone(&config);
        assert_eq!(image.features.get("metadata.version"), Some(&30));
        let leader = |image: &Image| {
            (image.topics[&TOPIC].partitions[&0].leader, image.topics[&TOPIC].partitions[&0].leader_epoch)
        };
        for incarnation in 1..3 {
            let request = request(&config, Uuid(incarnation), vec![Uuid(3)], -1);
            let end = 50 + i64::from(incarnation as i32);
            let (broker_epoch, records) = register(&image, request.clone(), end, policy);
            assert_eq!(broker_epoch, end);
            apply(&mut image, records);
            assert_eq!(leader(&image).0, NO_LEADER);
            assert!(!image.is_active(1));
            let records = membership::unfence(&image, 1, broker_epoch, policy);
            apply(&mut image, records);
            // It asks again, because it got no answer, and stays what it is.
            let (again, records) = register(&image, request, 60, policy);
            apply(&mut image, records);
            assert_eq!((again, image.brokers[&1].broker_epoch), (end, end));
            assert_eq!(leader(&image), (1, 2 * incarnation as i32));
            assert!(image.is_active(1));
        }
    }
}
