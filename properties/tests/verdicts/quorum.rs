//! The quorum, and what the controller commits.

use crate::bench::{owned, rotten};
use crate::group::{Group, change, metadata_batch, named, named_quorum};
use broker_core::Event;
use properties::{Fact, FaultKind, LogRef, Stop};
use wire::NodeId;
use wire::metadata::{FenceBrokerRecord, PartitionChangeRecord, RegisterBrokerRecord};

fn in_sync(isr: &[i32]) -> PartitionChangeRecord {
    PartitionChangeRecord { isr: Some(isr.to_vec()), ..change() }
}

#[test]
fn w16_what_is_committed_of_a_partition_is_legal() {
    let commits = |record: PartitionChangeRecord| {
        let isr = record.isr.clone().unwrap_or_else(|| vec![1, 2, 3]);
        Group::new().tells_isr(&[1, 2, 3, 4]).commit_isr(&isr, record).found().violated
    };
    assert_eq!(commits(in_sync(&[1, 2])), owned(&[]));
    let only = |kind: &str, record| {
        let found = commits(record);
        assert!(found.contains(&format!("W16/{kind}")), "{kind}: {found:?}");
    };
    only("not-a-replica", in_sync(&[1, 4]));
    only("leader-not-in-sync", in_sync(&[2, 3]));
    only("both-isr-and-elr", PartitionChangeRecord { eligible_leader_replicas: Some(vec![2]), ..in_sync(&[1, 2]) });
    only("elr-beside-full-isr", PartitionChangeRecord { eligible_leader_replicas: Some(vec![3]), ..in_sync(&[1, 2]) });
    only("empty-isr", PartitionChangeRecord { leader: -1, ..in_sync(&[]) });
}

#[test]
fn w16_a_fenced_broker_is_not_in_sync() {
    Group::new().fence_out(3).silent();
    Group::new().fence(3).violates(&["W16/fenced-in-isr"]);
    // The last one stays without ELR.
    let record = PartitionChangeRecord { leader: -1, ..in_sync(&[1]) };
    let fence = |id| FenceBrokerRecord { id, epoch: 0 }.into();
    Group::new().commit_metadata(vec![fence(1), fence(2), fence(3), record.into()]).silent();
}

#[test]
fn w19_an_unclean_stop_makes_ineligible() {
    let registers = |group: Group, isr: &[i32], elr: &[i32]| {
        let end = group.shown_end();
        let record = RegisterBrokerRecord { broker_id: 3, broker_epoch: end, fenced: true, ..Default::default() };
        let elr = Some(elr.to_vec()).filter(|elr| !elr.is_empty());
        let change = PartitionChangeRecord { eligible_leader_replicas: elr, ..in_sync(isr) };
        group.commit_metadata(vec![record.into(), change.into()])
    };
    let stopped = |how| {
        let group = Group::with(&[("min.insync.replicas", "3")], true).produce(&[0]);
        group.stop(3, how).start(3, 1)
    };
    registers(stopped(Stop::Shutdown), &[1, 2], &[3]).silent();
    registers(stopped(Stop::Kill), &[1, 2], &[]).silent();
    registers(stopped(Stop::Kill), &[1, 2], &[3]).violates(&["W19/eligible"]);
}

#[test]
fn w26_nobody_acts_on_what_is_not_committed() {
    let event = |leader_epoch| Event::BecameFollower { partition: named(), leader: 1, leader_epoch };
    Group::new().states(2, event(0)).silent();
    Group::new().states(2, event(1)).violates(&["W26/uncommitted"]);
    let usurper = Event::LeaderElected { partition: named(), leader_epoch: 0, start_offset: 0 };
    Group::new().states(2, usurper).violates(&["W26/not-chosen"]);
}

#[test]
fn w27_and_w30_one_controller_at_a_time() {
    let next = || Group::new().wins(2, 2, &[2, 3]).commit_metadata(vec![]);
    next().silent();
    let elected = |leader_epoch| Event::LeaderElected { partition: named_quorum(), leader_epoch, start_offset: 0 };
    Group::new().votes(2, 2, 1).states(2, elected(1)).found();
    let two = Group::new().states(3, elected(1)).found().violated;
    assert!(two.contains(&"W30/two-leaders".to_owned()), "{two:?}");
    let named = Event::BecameFollower { partition: named_quorum(), leader: 3, leader_epoch: 1 };
    Group::new().states(2, named).violates(&["W30/two-names"]);
    let mut stale = next();
    stale.controller = 1;
    let end = stale.shown_end();
    let found = stale.append_metadata(1, metadata_batch(end, 1, vec![])).advance_metadata(end + 1).found().violated;
    assert!(found.contains(&"W27/stale".to_owned()), "{found:?}");
}

#[test]
fn w28_epochs_do_not_go_back() {
    let follows = |leader_epoch| Event::BecameFollower { partition: named(), leader: 1, leader_epoch };
    let led = || Group::new().elect(2, &[1, 2, 3]);
    led().states(3, follows(0)).violates(&["W28/leader-epoch"]);
    let again = RegisterBrokerRecord { broker_id: 3, broker_epoch: 0, fenced: false, ..Default::default() };
    Group::new().commit_metadata(vec![again.into()]).violates(&["W28/broker-epoch"]);
}

#[test]
fn w29_the_last_leader_is_remembered() {
    let down = |known: &[i32]| {
        let record = PartitionChangeRecord { leader: -1, last_known_elr: Some(known.to_vec()), ..in_sync(&[]) };
        Group::with(&[("min.insync.replicas", "1")], true).commit_isr(&[], record)
    };
    down(&[1]).silent();
    down(&[]).violates(&["W29/forgotten"]);
    down(&[1, 2]).violates(&["W29/forgotten"]);
}

#[test]
fn w31_and_w32_a_vote_is_given_once_and_written_down() {
    Group::new().votes(3, 3, 2).votes(3, 3, 2).silent();
    Group::new().votes(3, 3, 2).votes(3, 2, 2).violates(&["W31/twice"]);
    Group::new().wins(2, 2, &[2]).violates(&["W32/unrecorded"]);
    let mut forgets = Group::new().wins(2, 2, &[2, 3]);
    forgets = forgets.fetch_metadata(1).stop(1, Stop::PowerLoss);
    forgets.votes_quietly(1, 1, 1).start(1, 0).violates(&["W32/forgotten"]);
}

#[test]
fn w34_a_leader_commits_a_batch_of_its_own_first() {
    let left = || Group::new().write_metadata(vec![]).sync_metadata(&[1, 2, 3]).wins(2, 2, &[2, 3]);
    left().commit_metadata(vec![]).silent();
    let end = left().shown_end();
    left().advance_metadata(end).violates(&["W34/earlier-epoch"]);
}

#[test]
fn w35_what_is_committed_is_durable_on_a_majority() {
    let written = || Group::new().write_metadata(vec![]);
    let end = written().shown_end();
    written().sync_metadata(&[2, 3]).advance_metadata(end).silent();
    written().sync_metadata(&[1]).advance_metadata(end).violates(&["W35/minority"]);
    let lied = written().sync_metadata(&[1]).touch(FaultKind::LyingSync, LogRef::metadata(NodeId(2)));
    let found = lied.advance_metadata(end).found();
    assert_eq!((found.violated, found.excused), (owned(&[]), owned(&["W35 by lying-sync"])));
}

#[test]
fn w36_a_leader_of_the_quorum_has_everything_that_is_committed() {
    let without = || {
        let group = Group::new();
        let end = group.shown_end();
        let batch = metadata_batch(end, 1, vec![]);
        group
            .append_metadata(1, batch.clone())
            .append_metadata(2, batch)
            .sync_metadata(&[1, 2])
            .advance_metadata(end + 1)
    };
    let led = without().wins(2, 2, &[2, 3]);
    let end = led.shown_end();
    led.append_metadata(3, metadata_batch(end - 1, 1, vec![])).commit_metadata(vec![]).silent();
    let found = without().wins(3, 2, &[2, 3]).found();
    assert_eq!(found.violated, owned(&["W13/elected-without", "W36/incomplete"]));
}

#[test]
fn w10_a_voter_may_lose_with_its_power_what_it_had_not_synced_though_others_had_committed_it() {
    let written = Group::new().write_metadata(vec![]).sync_metadata(&[1, 2]);
    let end = written.shown_end();
    let mut down = written.advance_metadata(end).stop(3, Stop::PowerLoss).begin(3);
    let (log, torn) = (LogRef::metadata(NodeId(3)), down.broker(3).quorum.batches.pop());
    let kept = down.broker(3).quorum.batches.clone();
    let survived = kept.iter().cloned().chain(torn.iter().map(rotten)).collect();
    let opened = down.then(Fact::Survived { log: log.clone(), batches: survived });
    let topic = opened.log(3);
    let opened = opened.then(Fact::Survived { log: topic.clone(), batches: Vec::new() });
    let opened = opened.then(Fact::Recovered { log, batches: kept });
    opened.then(Fact::Recovered { log: topic, batches: Vec::new() }).silent();
}
