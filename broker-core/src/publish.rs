//! Committed metadata becomes logs and leadership on this broker.

use crate::broker::Broker;
use crate::bugs::Bug;
use crate::config::TopicConfig;
use crate::controller::{PartitionImage, TOPIC_RESOURCE};
use crate::event::{Event, Partition};
use crate::log::LogKey;
use crate::quorum::METADATA;
use crate::replica::Role;
use crate::replica::leader::Leading;
use crate::serving::News;
use std::rc::Rc;
use wire::metadata::MetadataRecord;
use wire::{Instant, Io, Str, Uuid};

impl Broker {
    /// The image that was loaded is committed now. Logs that it does not know belong to topics that are gone, or that this log
    /// directory never heard of: they are deleted, as Kafka does with strays.
    pub(crate) fn publish_loaded(&mut self, io: &mut Io<'_, Broker>) {
        self.controller.commit_below(self.quorum.epoch_start().unwrap_or(self.quorum.high_watermark));
        self.publish_image(io);
    }

    /// All of the image, be it the first or a snapshot that took the place of another.
    pub(crate) fn publish_image(&mut self, io: &mut Io<'_, Broker>) {
        let image = self.controller.committed();
        let strays: Vec<LogKey> = self
            .logs
            .iter()
            .map(|(&key, _)| key)
            .filter(|&key| {
                key != METADATA && !image.topics.get(&key.0).is_some_and(|topic| topic.partitions.contains_key(&key.1))
            })
            .collect();
        let hosted: Vec<LogKey> = image.partitions().map(|(topic, index, _)| (topic.id, index)).collect();
        for key in strays {
            #[cfg(feature = "bugs")]
            if self.config.planted.has(Bug::R33) && self.takes_for_its_namesake(key) {
                continue;
            }
            self.drop_partition(key, io);
        }
        let topics: Vec<Str> = self.controller.committed().topic_ids.keys().cloned().collect();
        topics.iter().for_each(|topic| self.topic_configured(topic));
        for key in hosted {
            self.partition_changed(key, false, io);
        }
    }

    /// States what the committed image has taken from an offset on.
    pub(crate) fn state_applied(&self, from: i64, io: &mut Io<'_, Broker>) {
        let to = self.controller.committed().next_offset();
        if to > from {
            io.event(Event::MetadataApplied { from, to });
        }
    }

    /// Records were committed; the image holds all of them already.
    pub(crate) fn publish<'a>(&mut self, records: impl Iterator<Item = &'a MetadataRecord>, io: &mut Io<'_, Broker>) {
        for record in records {
            match record {
                MetadataRecord::Partition(record) => {
                    self.partition_changed((record.topic_id, record.partition_id), true, io);
                }
                MetadataRecord::PartitionChange(record) => {
                    self.partition_changed((record.topic_id, record.partition_id), false, io);
                }
                MetadataRecord::RemoveTopic(record) => self.topic_removed(record.topic_id, io),
                MetadataRecord::Config(record) if record.resource_type == TOPIC_RESOURCE => {
                    self.topic_configured(&record.resource_name);
                }
                _ => {}
            }
        }
    }

    /// Hosts a partition that is new here, and leads or stops leading as the image says.
    fn partition_changed(&mut self, key: LogKey, is_new: bool, io: &mut Io<'_, Broker>) {
        let Some((topic, image)) = self.partition_image(key) else { return };
        if !image.replicas.contains(&self.config.node_id.0) {
            return;
        }
        let partition = Partition { topic_id: key.0, topic, partition: key.1 };
        // A log that is not there, but was once, may lie in a directory that is offline.
        let all_online = self.logs.online().count() == usize::from(io.disk.log_dirs());
        let config = self.config.topic(&self.controller.committed().topic_config(&partition.topic));
        match self.logs.get_mut(key) {
            // Recovery knows the folder and not yet what the topic was configured with.
            Some(log) if self.replicas.get(key).is_none() => {
                log.set_config(config);
                self.logs_touched = true;
            }
            None if all_online || is_new => self.create_log(&partition, config, io),
            _ => {}
        }
        let high_watermark = self.logs.checkpointed_high_watermark(key);
        let end = self.logs.get(key).map_or(0, |log| log.log_end_offset());
        let leads = image.leader == self.config.node_id.0 && self.is_registered();
        let replica = self.replicas.host(partition, high_watermark.min(end));
        let before = (replica.leads(), replica.leader, replica.leader_epoch);
        replica.leader = image.leader;
        replica.leader_epoch = image.leader_epoch;
        replica.replicas.clone_from(&image.replicas);
        let changed = image.partition_epoch > replica.partition_epoch;
        let elected =
            leads && (!before.0 || before.2 != image.leader_epoch || (changed && self.config.planted.has(Bug::R40)));
        if elected && self.logs.is_online(key) {
            self.lead(key, &image, io);
        } else if elected {
            // The directory failed before this election: it has no leader here.
            replica.role = Role::Follower { not_before: Instant::default() };
            replica.partition_epoch = image.partition_epoch;
            self.give_back(&[key], io);
        } else if leads {
            self.isr_committed(key, &image, io);
        } else {
            replica.partition_epoch = image.partition_epoch;
            if before != (false, image.leader, image.leader_epoch) {
                self.follow(key, io);
            }
        }
        self.wake(key, News::Changed, io);
    }

    /// The controller committed a change of a partition that this broker goes on leading.
    fn isr_committed(&mut self, key: LogKey, image: &PartitionImage, io: &mut Io<'_, Broker>) {
        let Some(replica) = self.replicas.get_mut(key) else { return };
        if image.partition_epoch <= replica.partition_epoch {
            return;
        }
        replica.partition_epoch = image.partition_epoch;
        let Some(leading) = replica.leading_mut() else { return };
        leading.isr.clone_from(&image.isr);
        leading.pending = None;
        self.state_isr(key, io);
        self.advance(key, io);
    }

    /// Whether the image knows this incarnation: what it says of an earlier one's leadership is not for this one.
    fn is_registered(&self) -> bool {
        let registration = self.controller.committed().brokers.get(&self.config.node_id.0);
        registration.is_some_and(|broker| Some(broker.broker_epoch) == self.broker_epoch)
    }

    fn partition_image(&self, key: LogKey) -> Option<(Str, Rc<PartitionImage>)> {
        let topic = self.controller.committed().topics.get(&key.0)?;
        Some((topic.name.clone(), Rc::clone(topic.partitions.get(&key.1)?)))
    }

    fn create_log(&mut self, partition: &Partition, config: TopicConfig, io: &mut Io<'_, Broker>) {
        if let Err(error) = self.logs.create(partition.clone(), config, io, &self.config.planted) {
            tracing::warn!(topic = %partition.topic, partition = partition.partition, %error, "no log");
        }
    }

    /// The epoch starts at the log's end. Where a sync comes before the high watermark, what survived is synced first.
    fn lead(&mut self, key: LogKey, image: &PartitionImage, io: &mut Io<'_, Broker>) {
        let (node, now, leader_epoch) = (self.config.node_id.0, io.now.mono, image.leader_epoch);
        let Some(start_offset) = self.logs.get(key).map(|log| log.log_end_offset()) else { return };
        if !self.config.planted.has(Bug::R05)
            && let Err(error) = self.logs.start_epoch(key, leader_epoch, io, &self.config.planted)
        {
            tracing::warn!(%error, "an epoch cannot start");
        }
        if let Some(replica) = self.replicas.get_mut(key) {
            let min_isr = self.controller.committed().min_isr(&replica.partition.topic);
            let leading = Leading::begin(node, &image.replicas, &image.isr, min_isr, start_offset, now);
            replica.role = Role::Leader(leading);
            replica.partition_epoch = image.partition_epoch;
            io.event(Event::LeaderElected { partition: replica.partition.clone(), leader_epoch, start_offset });
        }
        self.state_isr(key, io);
        let unsynced = self
            .logs
            .get(key)
            .is_some_and(|log| log.config().flush_messages == 1 && log.recovery_point() < start_offset);
        if unsynced {
            self.logs.flush(key, io, &self.config.planted);
        }
        self.advance(key, io);
    }

    fn topic_removed(&mut self, topic_id: Uuid, io: &mut Io<'_, Broker>) {
        for key in self.replicas.of_topic(topic_id) {
            self.drop_partition(key, io);
        }
    }

    fn drop_partition(&mut self, key: LogKey, io: &mut Io<'_, Broker>) {
        self.delete_log(key, io);
        let removed = self.replicas.remove(key);
        for conn in removed.into_iter().flat_map(|replica| replica.waiting) {
            self.retry(conn, io);
        }
    }

    fn delete_log(&mut self, key: LogKey, io: &mut Io<'_, Broker>) {
        if let Err(error) = self.logs.delete(key, io, &self.config.planted) {
            tracing::warn!(topic_id = %key.0, partition = key.1, %error, "not deleted");
        }
    }

    fn topic_configured(&mut self, topic: &Str) {
        let image = self.controller.committed();
        let Some(&topic_id) = image.topic_ids.get(topic) else { return };
        let config = self.config.topic(&image.topic_config(topic));
        let min_isr = image.min_isr(topic);
        self.logs_touched = true;
        for key in self.replicas.of_topic(topic_id) {
            if let Some(replica) = self.replicas.get_mut(key) {
                let most = replica.replicas.len();
                replica.leading_mut().into_iter().for_each(|leading| leading.min_isr = min_isr.min(most));
            }
            if let Some(log) = self.logs.get_mut(key) {
                log.set_config(config.clone());
            }
        }
    }
}

/// R33: logs go by their names alone.
#[cfg(feature = "bugs")]
impl Broker {
    fn takes_for_its_namesake(&mut self, key: LogKey) -> bool {
        let image = self.controller.committed();
        let named = self.logs.get(key).and_then(|log| image.topic(&log.partition().topic));
        let hosted = named.filter(|topic| topic.partitions.contains_key(&key.1)).map(|topic| topic.id);
        hosted.is_some_and(|topic_id| self.logs.rename(key, topic_id))
    }
}
