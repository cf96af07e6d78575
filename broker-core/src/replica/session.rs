//! A follower's side of fetch sessions (KIP-227): what a leader has been told, and what it need not be told again.

use crate::log::LogKey;
use std::collections::BTreeMap;
use wire::ErrorCode;
use wire::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, ForgottenTopic};

/// The session with one leader. A new one has no id and epoch 0, which names everything and asks for a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct FetchSession {
    id: i32,
    epoch: i32,
    /// What the leader remembers.
    named: BTreeMap<LogKey, FetchPartition>,
}

impl FetchSession {
    /// Fills in a request for so much: all of it, or what has changed since the last one.
    pub(super) fn ask(&mut self, wanted: BTreeMap<LogKey, FetchPartition>, request: &mut FetchRequest) {
        (request.session_id, request.session_epoch) = (self.id, self.epoch);
        let goes_on = self.epoch > 0;
        let is_known = |key: &LogKey, partition: &FetchPartition| goes_on && self.named.get(key) == Some(partition);
        for (&(topic_id, _), partition) in wanted.iter().filter(|(key, partition)| !is_known(key, partition)) {
            match request.topics.last_mut().filter(|topic| topic.topic_id == topic_id) {
                Some(topic) => topic.partitions.push(partition.clone()),
                None => request.topics.push(FetchTopic {
                    topic_id,
                    partitions: vec![partition.clone()],
                    ..FetchTopic::default()
                }),
            }
        }
        for &(topic_id, partition) in self.named.keys().filter(|key| goes_on && !wanted.contains_key(key)) {
            let partitions = vec![partition];
            request.forgotten_topics_data.push(ForgottenTopic { topic_id, partitions, ..ForgottenTopic::default() });
        }
        self.named = wanted;
    }

    /// The leader answered; whether that says anything of partitions.
    pub(super) fn answered(&mut self, response: &FetchResponse) -> bool {
        let refused = response.error_code != 0;
        (self.id, self.epoch) = match ErrorCode::from_code(response.error_code) {
            ErrorCode::FetchSessionIdNotFound => (0, 0),
            _ if refused => (self.id, 0),
            _ if response.session_id == 0 => (0, 0),
            _ if self.epoch == i32::MAX => (response.session_id, 1),
            _ => (response.session_id, self.epoch + 1),
        };
        !refused
    }

    /// Nobody knows what the leader remembers now: the next request ends the session and asks for another.
    pub(super) fn lost(&mut self) {
        self.epoch = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Uuid;

    fn wanted(offsets: &[(i32, i64)]) -> BTreeMap<LogKey, FetchPartition> {
        let each = |&(partition, fetch_offset): &(i32, i64)| {
            ((Uuid(7), partition), FetchPartition { partition, fetch_offset, ..FetchPartition::default() })
        };
        offsets.iter().map(each).collect()
    }

    /// What a request says: session and epoch, partitions with their offsets, and what is to be forgotten.
    type Said = ((i32, i32), Vec<(i32, i64)>, Vec<i32>);

    fn said(session: &mut FetchSession, offsets: &[(i32, i64)]) -> Said {
        let mut request = FetchRequest::default();
        session.ask(wanted(offsets), &mut request);
        let named = request.topics.iter().flat_map(|topic| &topic.partitions);
        let forgotten = request.forgotten_topics_data.iter().flat_map(|topic| topic.partitions.clone());
        (
            (request.session_id, request.session_epoch),
            named.map(|partition| (partition.partition, partition.fetch_offset)).collect(),
            forgotten.collect(),
        )
    }

    fn answer(session_id: i32, error: ErrorCode) -> FetchResponse {
        FetchResponse { session_id, error_code: error.code(), ..FetchResponse::default() }
    }

    #[test]
    fn a_session_names_what_is_new_and_what_is_over() {
        let mut session = FetchSession::default();
        assert_eq!(said(&mut session, &[(0, 5), (1, 9)]), ((0, 0), vec![(0, 5), (1, 9)], vec![]));
        assert!(session.answered(&answer(77, ErrorCode::None)));
        assert_eq!(said(&mut session, &[(0, 5), (1, 9)]), ((77, 1), vec![], vec![]));
        assert!(session.answered(&answer(77, ErrorCode::None)));
        assert_eq!(said(&mut session, &[(0, 6), (2, 0)]), ((77, 2), vec![(0, 6), (2, 0)], vec![1]));
    }

    #[test]
    fn whoever_gets_no_session_names_everything_again() {
        let mut session = FetchSession::default();
        said(&mut session, &[(0, 5)]);
        assert!(session.answered(&answer(0, ErrorCode::None)));
        assert_eq!(said(&mut session, &[(0, 5)]), ((0, 0), vec![(0, 5)], vec![]));
    }

    #[test]
    fn a_session_that_is_refused_or_lost_begins_anew() {
        let table =
            [(Some(ErrorCode::FetchSessionIdNotFound), 0), (Some(ErrorCode::InvalidFetchSessionEpoch), 77), (None, 77)];
        for (error, id) in table {
            let mut session = FetchSession { id: 77, epoch: 3, named: wanted(&[(0, 5), (1, 1)]) };
            match error {
                Some(error) => assert!(!session.answered(&answer(0, error))),
                None => session.lost(),
            }
            assert_eq!(said(&mut session, &[(0, 5)]), ((id, 0), vec![(0, 5)], vec![]), "{error:?}");
        }
    }

    #[test]
    fn behind_the_last_epoch_comes_the_first() {
        let mut session = FetchSession { id: 77, epoch: i32::MAX, named: BTreeMap::new() };
        session.answered(&answer(77, ErrorCode::None));
        assert_eq!(said(&mut session, &[]).0, (77, 1));
    }
}
