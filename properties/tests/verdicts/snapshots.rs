//! Snapshots of the metadata, what is applied of it, and a leader that is cut off.

use crate::bench::{DIR, owned};
use crate::group::{Group, metadata_batch, named_quorum};
use broker_core::Event;
use properties::{Fact, LogRef, Stop};
use wire::NodeId;
use wire::files::names::snapshot_file;
use wire::metadata::{FenceBrokerRecord, MetadataRecord, NoOpRecord, Snapshot};

impl Group {
    /// The records of the controller's log below an offset, and no matter how they say it, the state that they come to.
    fn records(&self, below: i64) -> Vec<MetadataRecord> {
        let batches = &self.shown_quorum().batches;
        batches.iter().filter(|batch| batch.last_offset < below).flat_map(|batch| batch.metadata.to_vec()).collect()
    }

    /// A snapshot with these records gets its final name.
    fn puts(mut self, node: i32, (end, epoch): (i64, i32), records: Vec<MetadataRecord>) -> Group {
        let path = format!("__cluster_metadata-0/{}", snapshot_file(end, epoch));
        let versions = records.into_iter().map(|record| {
            let version = record.versions().max;
            (record, version)
        });
        let snapshot = Snapshot { last_contained_log_timestamp: 0, records: versions.collect() };
        let contents = snapshot.encode(epoch, 0).unwrap_or_default();
        self.broker(node).files.insert(path.clone(), contents.clone());
        self.then(Fact::FileReplaced { node: NodeId(node), log_dir: DIR, path, contents })
    }

    /// A node writes a snapshot of everything below an offset.
    fn snapshots(self, node: i32, end: i64) -> Group {
        let records = self.records(end);
        self.puts(node, (end, 1), records)
    }

    /// A node's log begins later.
    fn begins(mut self, node: i32, to: i64) -> Group {
        self.broker(node).quorum.start = to;
        self.states(node, Event::LogStartRaised { partition: named_quorum(), to })
    }

    fn applies(self, node: i32, from: i64, to: i64) -> Group {
        self.states(node, Event::MetadataApplied { from, to })
    }

    /// Node 3 is away while metadata is committed, comes back, and begins again with a snapshot, which it has if it says so.
    fn catches_up(self, has_it: bool) -> Group {
        let away = self.stop(3, Stop::Kill).commit_metadata(nothing()).commit_metadata(nothing());
        let (end, log) = (away.shown_end(), LogRef::metadata(NodeId(3)));
        let mut back = away.start(3, 0);
        if has_it {
            back = back.snapshots(3, end);
        }
        back.broker(3).quorum.batches.clear();
        back.broker(3).quorum.start = end;
        let cut = back.then(Fact::Truncated { log: log.clone(), to: 0 });
        let anew = cut.then(Fact::SegmentCreated { log: log.clone(), base_offset: end });
        anew.then(Fact::LogDurable { log, to: end })
    }
}

fn nothing() -> Vec<MetadataRecord> {
    vec![NoOpRecord::default().into()]
}

fn violated(group: Group) -> Vec<String> {
    group.found().violated
}

#[test]
fn w37_a_log_begins_where_a_snapshot_ends() {
    let end = Group::new().shown_end();
    Group::new().snapshots(2, end).begins(2, end).silent();
    Group::new().begins(2, end).violates(&["W37/no-snapshot"]);
    let before = end - 4;
    Group::new().snapshots(2, end).begins(2, before).violates(&["W37/no-snapshot"]);
}

#[test]
fn w37_a_snapshot_ends_with_a_committed_batch_in_its_epoch() {
    let end = Group::new().shown_end();
    let named = |end, epoch| {
        let group = Group::new();
        let records = group.records(end);
        violated(group.puts(2, (end, epoch), records))
    };
    assert_eq!(named(end, 1), owned(&[]));
    assert_eq!(named(end, 2), owned(&["W37/epoch"]));
    assert!(named(end - 1, 1).contains(&"W37/within-a-batch".to_owned()));
    assert_eq!(named(end + 1, 1), owned(&["W26/snapshot-uncommitted", "W37/uncommitted"]));
}

#[test]
fn w26_a_snapshot_is_what_the_records_come_to() {
    let end = Group::new().shown_end();
    let without = |n: usize| {
        let group = Group::new();
        let mut records = group.records(end);
        records.remove(n);
        violated(group.puts(2, (end, 1), records))
    };
    let all = Group::new().records(end).len();
    for n in [0, all - 2, all - 1] {
        assert_eq!(without(n), owned(&["W26/snapshot-differs"]), "{n}");
    }
    let torn = Group::new().snapshots(2, end);
    let path = format!("__cluster_metadata-0/{}", snapshot_file(end, 1));
    let contents = bytes::Bytes::from_static(b"half");
    torn.then(Fact::FileReplaced { node: NodeId(2), log_dir: DIR, path, contents }).violates(&["W26/snapshot-torn"]);
}

#[test]
fn w26_nobody_applies_what_is_not_committed() {
    let written = || Group::new().write_metadata(vec![FenceBrokerRecord { id: 3, epoch: 0 }.into()]);
    let end = written().shown_end();
    written().applies(2, 0, end).violates(&["W26/applied-uncommitted"]);
    Group::new().applies(2, 0, end - 1).silent();
}

#[test]
fn w38_who_leads_never_loads_a_snapshot() {
    let loads = |node, end_offset| Group::new().states(node, Event::SnapshotFetched { end_offset, epoch: 1 });
    loads(2, 5).silent();
    loads(1, 5).violates(&["W38/loaded"]);
    let resigned = Group::new().states(1, Event::Resigned { epoch: 1 });
    resigned.states(1, Event::SnapshotFetched { end_offset: 5, epoch: 1 }).silent();
}

#[test]
fn w41_every_record_is_applied_once_and_in_order() {
    let end = Group::new().shown_end();
    let half = || Group::new().applies(2, 0, 4);
    half().applies(2, 4, end).silent();
    half().applies(2, 3, end).violates(&["W41/twice"]);
    half().applies(2, end - 1, end).violates(&["W41/skipped"]);
    // The first batch of a leader holds no record.
    Group::new().applies(2, 1, end).silent();
    let loaded = || half().states(2, Event::SnapshotLoaded { end_offset: end, epoch: 1 });
    loaded().applies(2, 4, end).violates(&["W41/twice"]);
    let named = |end_offset| half().states(2, Event::SnapshotWritten { end_offset, epoch: 1 });
    named(4).silent();
    named(5).violates(&["W41/misnamed"]);
}

#[test]
fn a_node_that_begins_again_with_a_snapshot_has_lost_nothing() {
    let after = Group::new().catches_up(true).wins(2, 2, &[2, 3]);
    after.commit_metadata(vec![]).commit_metadata(nothing()).silent();
    let found = violated(Group::new().catches_up(false));
    assert!(found.contains(&"W10/committed".to_owned()), "{found:?}");
}

#[test]
fn a_log_that_begins_behind_a_snapshot_is_found_so_by_the_next_incarnation() {
    let mut group = Group::new().snapshots(2, 5).begins(2, 5);
    group.broker(2).quorum.batches.retain(|batch| batch.base_offset >= 5);
    let again = group.stop(2, Stop::Kill).start(2, 0);
    again.wins(2, 2, &[2, 3]).commit_metadata(vec![]).silent();
}

#[test]
fn l01_a_leader_that_is_cut_off_resigns() {
    let timeout = ("controller.quorum.fetch.timeout.ms", "1000");
    let writes = |group: Group, ms: u64| {
        let batch = metadata_batch(group.shown_end(), 1, vec![]);
        group.after_ms(ms).append_metadata(1, batch)
    };
    let begun = || Group::with(&[timeout], false).fetch_metadata(2);
    writes(writes(begun(), 2_000), 900).silent();
    // A process that stood still writes once before it looks at its clock.
    writes(begun(), 9_000).silent();
    writes(writes(begun(), 2_600), 1_100).violates(&["L01/not-resigned"]);
    let fetches = Fact::FollowerFetched {
        node: NodeId(1),
        replica: NodeId(3),
        correlation: (0, 0),
        partition: LogRef::metadata(NodeId(3)).partition,
        topic_id: Some(LogRef::metadata(NodeId(3)).topic_id),
        fetch_offset: 0,
        current_leader_epoch: 1,
        last_fetched_epoch: -1,
        replica_epoch: -1,
    };
    let heard = writes(begun(), 2_600).then(fetches);
    writes(heard, 1_100).silent();
    let downloads = Fact::SnapshotAsked { node: NodeId(1), replica: NodeId(3), current_leader_epoch: 1 };
    writes(writes(begun(), 2_600).then(downloads), 1_100).silent();
    let resigned = writes(begun(), 2_600).states(1, Event::Resigned { epoch: 1 });
    writes(resigned, 1_100).silent();
}

#[test]
fn w31_a_vote_is_answered_to_one_candidate_across_starts() {
    let grants = |group: Group, candidate| {
        group.then(Fact::VoteGranted { node: NodeId(3), candidate: NodeId(candidate), epoch: 7 })
    };
    let voted = || Group::new().votes(3, 2, 7);
    grants(grants(voted(), 2), 2).silent();
    let again = grants(voted(), 2).stop(3, Stop::Kill).start(3, 0);
    grants(again, 1).violates(&["W31/granted-twice", "W32/granted-unrecorded"]);
}

#[test]
fn w32_a_vote_is_granted_when_the_file_binds_the_voter() {
    let grants = |written: Group| written.then(Fact::VoteGranted { node: NodeId(3), candidate: NodeId(2), epoch: 7 });
    grants(Group::new().votes(3, 2, 7)).silent();
    // In a later epoch it cannot vote for anybody else in this one any more.
    grants(Group::new().votes(3, -1, 8)).silent();
    for written in [Group::new(), Group::new().votes(3, -1, 7), Group::new().votes(3, 1, 7)] {
        grants(written).violates(&["W32/granted-unrecorded"]);
    }
}
