//! What serving clients rests on: finding a partition, moving its high watermark, waking who waits for it.

use crate::broker::Broker;
use crate::bugs::Bug;
use crate::event::Event;
use crate::log::{Log, LogKey};
use crate::parked::Waiting;
use crate::replica::{Replica, own_end};
use bytes::Bytes;
use wire::{ConnId, Endpoint, ErrorCode, Instant, Io, Str, Uuid};

/// What is new with a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Its log has grown.
    Appended,
    /// Its high watermark has advanced.
    Committed,
    /// Anything else.
    Changed,
}

impl Broker {
    /// A frame while clients are served.
    pub(crate) fn serve(&mut self, conn: ConnId, frame: &Bytes, io: &mut Io<'_, Broker>) {
        if self.connections.get(conn).is_none() {
            return;
        }
        #[cfg(feature = "bugs")]
        if self.config.planted.has(Bug::Z03) {
            return self.swap_produces(conn, frame.clone(), io);
        }
        self.request(conn, frame, io);
    }

    /// The partition that a request names by its topic's id, or by its name if there is no id. One that only others have a replica of is
    /// led by one of them.
    pub(crate) fn resolve(&self, topic: &Str, topic_id: Uuid, partition: i32) -> Result<LogKey, ErrorCode> {
        let key = self.named(topic, topic_id, partition)?;
        self.replicas.get(key).map(|_| key).ok_or(ErrorCode::NotLeaderOrFollower)
    }

    /// The same, wherever its replicas are.
    pub(crate) fn named(&self, topic: &Str, topic_id: Uuid, partition: i32) -> Result<LogKey, ErrorCode> {
        let image = self.controller.committed();
        let topic_id = match topic_id {
            Uuid::ZERO => *image.topic_ids.get(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?,
            id if image.topics.contains_key(&id) => id,
            _ => return Err(ErrorCode::UnknownTopicId),
        };
        let known = image.topics.get(&topic_id).filter(|topic| topic.partitions.contains_key(&partition));
        known.map(|_| (topic_id, partition)).ok_or(ErrorCode::UnknownTopicOrPartition)
    }

    /// What [`Broker::resolve`] finds for a produce or fetch request: those name topics by id alone from version 13 on.
    pub(crate) fn resolve_of(
        &self,
        version: i16,
        topic: &Str,
        topic_id: Uuid,
        partition: i32,
    ) -> Result<LogKey, ErrorCode> {
        if version >= 13 && topic_id == Uuid::ZERO {
            return Err(ErrorCode::UnknownTopicId);
        }
        self.resolve(topic, topic_id, partition)
    }

    /// A partition and its log, if its directory works.
    pub(crate) fn readable(&self, topic: &Str, partition: i32) -> Result<(&Replica, &Log), ErrorCode> {
        let key = self.resolve(topic, Uuid::ZERO, partition)?;
        let replica = self.replicas.get(key).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let log = self.logs.get(key).filter(|_| self.logs.is_online(key)).ok_or(ErrorCode::KafkaStorageError)?;
        Ok((replica, log))
    }

    /// Who leads a partition, and in which epoch.
    pub(crate) fn leader_of(&self, key: LogKey) -> Option<(i32, i32)> {
        let partition = self.controller.committed().topics.get(&key.0)?.partitions.get(&key.1)?;
        Some((partition.leader, partition.leader_epoch))
    }

    /// Where a client that came by this connection reaches a broker.
    pub(crate) fn endpoint_of(&self, broker: i32, conn: ConnId) -> Option<Endpoint> {
        let listener = &self.connections.get(conn)?.listener;
        let endpoints = &self.controller.committed().brokers.get(&broker)?.end_points;
        let at = endpoints.iter().find(|endpoint| endpoint.name == *listener)?;
        Some(Endpoint { host: at.host.clone(), port: at.port })
    }

    /// Where a client reaches some brokers, each once; for hints at leaders (KIP-951).
    pub(crate) fn endpoints_of(&self, mut brokers: Vec<i32>, conn: ConnId) -> Vec<(i32, Endpoint)> {
        brokers.sort_unstable();
        brokers.dedup();
        brokers.into_iter().filter_map(|id| self.endpoint_of(id, conn).map(|at| (id, at))).collect()
    }

    /// The high watermark of a partition that this broker leads may have moved.
    pub(crate) fn advance(&mut self, key: LogKey, io: &mut Io<'_, Broker>) {
        let Some(to) = self.advances_to(key, io.now.mono) else { return };
        let Some(replica) = self.replicas.get_mut(key) else { return };
        replica.high_watermark = to;
        io.event(Event::HighWatermarkAdvanced { partition: replica.partition.clone(), to });
        self.wake(key, News::Committed, io);
    }

    fn advances_to(&self, key: LogKey, now: Instant) -> Option<i64> {
        let (log, replica) = (self.logs.get(key).filter(|_| self.logs.is_online(key))?, self.replicas.get(key)?);
        let bugs = &self.config.planted;
        let own = own_end(log, bugs.has(Bug::D24));
        let time = (now, self.config.cluster.replica_lag);
        let to = replica.leading()?.high_watermark(own, time, log.log_end_offset(), |id| self.may_join(id), bugs)?;
        (to > replica.high_watermark).then_some(to)
    }

    /// A log's recovery point moved: what waits for it, or for the high watermark that follows it, looks again.
    pub(crate) fn log_is_durable(&mut self, key: LogKey, io: &mut Io<'_, Broker>) {
        self.logs_touched = true;
        self.advance(key, io);
        self.wake(key, News::Changed, io);
    }

    /// Whoever waits for such news of a partition looks again.
    pub(crate) fn wake(&mut self, key: LogKey, news: News, io: &mut Io<'_, Broker>) {
        let Some(replica) = self.replicas.get_mut(key).filter(|replica| !replica.waiting.is_empty()) else { return };
        let waiting = std::mem::take(&mut replica.waiting);
        for conn in waiting {
            if (!self.parked.heeds(conn, news) || self.retry(conn, io))
                && let Some(replica) = self.replicas.get_mut(key)
            {
                replica.wait(conn);
            }
        }
    }

    /// A parked request looks again; whether it goes on waiting.
    pub(crate) fn retry(&mut self, conn: ConnId, io: &mut Io<'_, Broker>) -> bool {
        let Some(parked) = self.parked.take(conn) else { return false };
        match parked.waiting {
            Waiting::Produce(_) => self.retry_produce(parked, io),
            Waiting::Fetch(_) => self.retry_fetch(parked, io),
            Waiting::QuorumFetch(_) => self.parked.park(parked),
        }
        self.parked.get_mut(conn).is_some()
    }

    pub(crate) fn forget_waiter(&mut self, key: LogKey, conn: ConnId) {
        if let Some(replica) = self.replicas.get_mut(key) {
            replica.forget(conn);
        }
    }
}

/// Z03: of two pipelined Produce requests of a connection the second is appended first.
#[cfg(feature = "bugs")]
impl Broker {
    fn swap_produces(&mut self, conn: ConnId, frame: Bytes, io: &mut Io<'_, Broker>) {
        let held = self.connections.get_mut(conn).and_then(|connection| connection.held.take());
        let is_produce = frame.starts_with(&[0, 0]);
        match held {
            None if is_produce => {
                if let Some(connection) = self.connections.get_mut(conn) {
                    connection.held = Some(frame);
                }
                crate::connections::Connections::next(conn, io);
            }
            Some(first) => {
                self.stash(conn, Some(None));
                self.request(conn, &frame, io);
                let second = self.stash(conn, None);
                self.request(conn, &first, io);
                second.into_iter().for_each(|answer| io.push(wire::Output::Send(conn, answer)));
            }
            None => self.request(conn, &frame, io),
        }
    }

    fn stash(&mut self, conn: ConnId, stash: Option<Option<Bytes>>) -> Option<Bytes> {
        std::mem::replace(&mut self.connections.get_mut(conn)?.stash, stash)?
    }

    /// A request that waits for a successor in vain is served at last.
    pub(crate) fn release_held(&mut self, io: &mut Io<'_, Broker>) {
        for (conn, frame) in self.connections.take_held() {
            self.request(conn, &frame, io);
        }
    }
}
