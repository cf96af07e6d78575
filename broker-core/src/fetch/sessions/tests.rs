use super::*;
use bytes::Bytes;
use wire::messages::fetch::{EpochEndOffset, FetchTopic, FetchableTopicResponse, ForgottenTopic};

const TOPIC: Uuid = Uuid(7);
const VERSION: i16 = 17;

fn topics(offsets: &[(i32, i64)]) -> Vec<FetchTopic> {
    let each = |&(partition, fetch_offset): &(i32, i64)| FetchPartition {
        partition,
        fetch_offset,
        current_leader_epoch: 3,
        ..FetchPartition::default()
    };
    let partitions: Vec<FetchPartition> = offsets.iter().map(each).collect();
    let topic = FetchTopic { topic_id: TOPIC, partitions, ..FetchTopic::default() };
    if offsets.is_empty() { Vec::new() } else { vec![topic] }
}

fn request((session_id, session_epoch): (i32, i32), offsets: &[(i32, i64)], forgotten: &[i32]) -> FetchRequest {
    let forgotten = ForgottenTopic { topic_id: TOPIC, partitions: forgotten.to_vec(), ..ForgottenTopic::default() };
    FetchRequest {
        session_id,
        session_epoch,
        topics: topics(offsets),
        forgotten_topics_data: vec![forgotten],
        ..FetchRequest::default()
    }
}

fn data(partition_index: i32, high_watermark: i64) -> PartitionData {
    PartitionData {
        partition_index,
        high_watermark,
        log_start_offset: 0,
        records: Some(Bytes::new()),
        ..PartitionData::default()
    }
}

fn response(partitions: Vec<PartitionData>) -> FetchResponse {
    let topic = FetchableTopicResponse { topic_id: TOPIC, partitions, ..FetchableTopicResponse::default() };
    FetchResponse { responses: vec![topic], ..FetchResponse::default() }
}

/// The indexes and fetch offsets of what is asked for.
fn places(asked: &[Asked]) -> Vec<(i32, i64)> {
    asked.iter().map(|(_, _, entry)| (entry.partition, entry.fetch_offset)).collect()
}

fn told(response: &FetchResponse) -> Vec<i32> {
    response.responses.iter().flat_map(|topic| &topic.partitions).map(|data| data.partition_index).collect()
}

fn at(seconds: u64) -> Instant {
    Instant::default() + Duration::from_secs(seconds)
}

#[derive(Default)]
struct Cache {
    sessions: FetchSessions,
    slots: usize,
    now: Instant,
}

impl Cache {
    fn with(slots: usize) -> Cache {
        Cache { slots, ..Cache::default() }
    }

    fn begin(&mut self, mut request: FetchRequest) -> Result<(Context, Vec<Asked>), ErrorCode> {
        self.sessions.begin(&mut request, VERSION, self.now, &Planted::default())
    }

    /// A full fetch of so many partitions, answered.
    fn open(&mut self, privileged: bool, partitions: i32) -> Created {
        let offsets: Vec<(i32, i64)> = (0..partitions).map(|partition| (partition, 0)).collect();
        let (context, asked) = self.begin(request((0, 0), &offsets, &[])).unwrap();
        assert_eq!(context, Context::Full);
        let answer = response((0..partitions).map(|partition| data(partition, 5)).collect());
        self.sessions.create(&asked, &answer, (privileged, VERSION), (self.slots, self.now, Keyed::new(1)))
    }
}

#[test]
fn a_session_remembers_what_was_asked_and_tells_what_is_new() {
    let mut cache = Cache::with(10);
    let id = cache.open(true, 3).session_id;
    assert!(id > 0);
    let (context, asked) = cache.begin(request((id, 1), &[(1, 9), (3, 0)], &[0])).unwrap();
    assert_eq!(context, Context::Incremental { session_id: id, epoch: 2 });
    assert_eq!(places(&asked), [(1, 9), (2, 0), (3, 0)]);
    let mut answer = response(vec![data(1, 5), data(2, 6), data(3, 0)]);
    cache.sessions.shorten(id, 2, &mut answer);
    assert_eq!((answer.session_id, told(&answer)), (id, vec![2, 3]), "a high watermark moved, a partition is new");
    let (_, asked) = cache.begin(request((id, 2), &[], &[])).unwrap();
    assert_eq!(places(&asked), [(1, 9), (2, 0), (3, 0)]);
    let mut again = response(vec![data(1, 5), data(2, 6), data(3, 0)]);
    cache.sessions.shorten(id, 3, &mut again);
    assert_eq!((again.session_id, again.error_code, again.responses), (id, 0, vec![]));
}

#[test]
fn what_is_news_and_what_is_not() {
    let records = PartitionData { records: Some(Bytes::from_static(b"batch")), ..data(0, 5) };
    let start = PartitionData { log_start_offset: 3, ..data(0, 5) };
    let error = PartitionData { error_code: 6, ..data(0, 5) };
    let diverging_epoch = EpochEndOffset { epoch: 2, end_offset: 4 };
    let diverging = PartitionData { diverging_epoch, ..data(0, 5) };
    let table = [
        (data(0, 5), false),
        (data(0, 6), true),
        (records, true),
        (start, true),
        (error.clone(), true),
        (diverging.clone(), true),
    ];
    for (news, is_told) in table {
        let mut cache = Cache::with(10);
        let id = cache.open(true, 1).session_id;
        cache.begin(request((id, 1), &[], &[])).unwrap();
        let mut answer = response(vec![news.clone()]);
        cache.sessions.shorten(id, 2, &mut answer);
        assert_eq!(told(&answer), if is_told { vec![0] } else { vec![] }, "{news:?}");
    }
    for before in [error, diverging] {
        let mut cache = Cache::with(10);
        let id = cache.open(true, 1).session_id;
        for (epoch, news) in [(1, before.clone()), (2, data(0, 5))] {
            cache.begin(request((id, epoch), &[], &[])).unwrap();
            let mut answer = response(vec![news]);
            cache.sessions.shorten(id, epoch + 1, &mut answer);
            assert_eq!(told(&answer), [0], "what comes after {before:?} is news");
        }
    }
}

#[test]
fn a_partition_that_brought_records_is_read_last() {
    let mut cache = Cache::with(10);
    let id = cache.open(false, 3).session_id;
    cache.begin(request((id, 1), &[], &[])).unwrap();
    let records = Some(Bytes::from_static(b"batch"));
    let mut answer = response(vec![PartitionData { records, ..data(0, 5) }, data(1, 5), data(2, 5)]);
    cache.sessions.shorten(id, 2, &mut answer);
    let (_, asked) = cache.begin(request((id, 2), &[], &[])).unwrap();
    assert_eq!(places(&asked), [(1, 0), (2, 0), (0, 0)]);
}

#[test]
fn sessions_and_epochs_that_do_not_fit_are_refused() {
    let mut cache = Cache::with(10);
    let id = cache.open(true, 1).session_id;
    let table = [
        ((id, 2), ErrorCode::InvalidFetchSessionEpoch),
        ((id, -2), ErrorCode::InvalidFetchSessionEpoch),
        ((id + 1, 1), ErrorCode::FetchSessionIdNotFound),
        ((0, 1), ErrorCode::FetchSessionIdNotFound),
        ((-5, 1), ErrorCode::FetchSessionIdNotFound),
    ];
    for (session, error) in table {
        assert_eq!(cache.begin(request(session, &[], &[])).unwrap_err(), error, "{session:?}");
    }
    let by_name = cache.sessions.begin(&mut request((id, 1), &[], &[]), 12, at(0), &Planted::default());
    assert_eq!(by_name.unwrap_err(), ErrorCode::FetchSessionTopicIdError);
    assert!(cache.begin(request((id, 1), &[], &[])).is_ok(), "nothing of that has touched it");
}

#[test]
fn an_answer_finds_its_session_in_its_epoch_or_says_so() {
    let mut cache = Cache::with(10);
    let id = cache.open(true, 1).session_id;
    cache.begin(request((id, 1), &[], &[])).unwrap();
    cache.begin(request((id, 2), &[], &[])).unwrap();
    let mut answer = response(vec![data(0, 9)]);
    cache.sessions.shorten(id, 2, &mut answer);
    assert_eq!(answer.error_code, ErrorCode::InvalidFetchSessionEpoch.code());
    assert!(answer.responses.is_empty());
}

#[test]
fn a_session_ends_when_it_is_told_to_or_has_nothing_left() {
    for (epoch, context) in [(0, Context::Full), (-1, Context::Sessionless)] {
        let mut cache = Cache::with(10);
        let id = cache.open(true, 1).session_id;
        assert_eq!(cache.begin(request((id, epoch), &[(0, 4)], &[])).unwrap().0, context);
        assert!(cache.begin(request((id, 1), &[], &[])).is_err());
    }
    let mut cache = Cache::with(10);
    let id = cache.open(true, 1).session_id;
    let (context, asked) = cache.begin(request((id, 1), &[], &[0])).unwrap();
    assert_eq!((context, asked), (Context::Sessionless, vec![]));
    assert!(cache.begin(request((id, 2), &[], &[])).is_err());
}

#[test]
fn epochs_wrap_to_one() {
    assert_eq!([-1, 0, 1, i32::MAX].map(next_epoch), [-1, 1, 2, 1]);
}

#[test]
fn a_slot_is_for_the_worthier_or_after_a_while_for_anybody() {
    // Who has the only slot, until when it was used, who comes when, and whether he gets it.
    let table = [
        ((false, 3, 0), (true, 1, 1), true),
        ((false, 3, 0), (false, 9, 1), false),
        ((true, 3, 0), (true, 9, 1), false),
        ((true, 3, 0), (false, 9, 1), false),
        ((true, 3, 0), (false, 1, 121), true),
        ((false, 3, 121), (false, 4, 122), true),
        ((false, 3, 121), (false, 3, 122), false),
        ((true, 3, 121), (true, 4, 122), true),
        ((true, 3, 121), (false, 9, 122), false),
    ];
    for ((privileged, partitions, used), (new, size, now), gets_it) in table {
        let mut cache = Cache::with(1);
        let first = cache.open(privileged, partitions).session_id;
        cache.now = at(used);
        if used > 0 {
            cache.begin(request((first, 1), &[], &[])).unwrap();
        }
        cache.now = at(now);
        let created = cache.open(new, size);
        assert_eq!(created.session_id != 0, gets_it, "{privileged} {partitions} {used}: {new} {size} {now}");
        assert_eq!(created.evicted, gets_it.then_some(first));
    }
}

#[test]
fn without_slots_there_are_no_sessions() {
    assert_eq!(Cache::with(0).open(true, 3), Created::default());
}
