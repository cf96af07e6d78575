//! What must be so at rest.

use crate::bench::{Bench, DIR, Found, NODE, owned, partition, record};
use properties::{Fact, FaultKind, Outcome, ReadSeen, Stop};

#[test]
fn l03_a_broker_runs_and_answers() {
    Bench::new().stop(Stop::Kill).heal().then(Fact::AtRest {}).violates(&["L03/down"]);
    Bench::new().invoke(&[0]).heal().then(Fact::AtRest {}).violates(&["L03/pending"]);
}

#[test]
fn l03_after_healing_a_send_succeeds_or_deserves_its_error() {
    let ended = |outcome| {
        let healed = Bench::new().heal().invoke(&[0]);
        healed.complete(0, outcome, None).then(Fact::AtRest {})
    };
    ended(Outcome::Failed(10)).silent();
    ended(Outcome::Failed(6)).violates(&["L03/refused"]);
    ended(Outcome::Unknown(-1)).violates(&["L03/timed-out"]);
    // An attempt before may have been appended; the last one was answered, and deserved it.
    ended(Outcome::Unknown(10)).silent();
    ended(Outcome::Unknown(6)).violates(&["L03/timed-out"]);
    let before = Bench::new().invoke(&[0]).complete(0, Outcome::Unknown(-1), None).heal();
    before.then(Fact::AtRest {}).silent();
}

#[test]
fn l03_a_directory_that_failed_excuses_its_logs() {
    let bench = Bench::new().produce(&[0]).touch_as(|touch| touch.on(NODE).in_dir(DIR), FaultKind::WriteError);
    let failed = bench.then(Fact::DiskFailed { node: NODE, log_dir: DIR, write: true }).heal().poll(&[0]).invoke(&[1]);
    let found = failed.complete(1, Outcome::Failed(56), None).then(Fact::AtRest {}).found();
    assert_eq!(found, Found { excused: owned(&["L03 by write-error"]), ..Found::default() });
}

#[test]
fn l05_a_read_that_failed_excuses_where_it_took_the_directory_offline() {
    let failed = |online| {
        let bench = Bench::new().produce(&[0]).touch_as(|touch| touch.on(NODE).in_dir(DIR), FaultKind::ReadError);
        let mut bench = bench.then(Fact::DiskFailed { node: NODE, log_dir: DIR, write: false }).heal();
        bench.honest = false;
        bench.shown.logs[0].online = online;
        bench.poll(&[]).then(Fact::AtRest {}).found()
    };
    assert_eq!(
        failed(false),
        Found { excused: owned(&["J04 by read-error", "L05 by read-error"]), ..Found::default() }
    );
    assert_eq!(failed(true).violated, ["J04/unseen", "L05/stuck"]);
}

#[test]
fn l04_watermarks_reach_the_end() {
    let shows = |high_watermark, last_stable| {
        let mut bench = Bench::new().produce(&[0, 1]).heal().poll(&[0, 1]);
        bench.honest = false;
        (bench.shown.logs[0].high_watermark, bench.shown.logs[0].last_stable) = (high_watermark, last_stable);
        bench.then(Fact::AtRest {})
    };
    shows(2, 2).silent();
    shows(1, 1).violates(&["L04/high-watermark"]);
    shows(2, 1).violates(&["L04/last-stable-offset"]);
}

#[test]
fn l05_a_final_reader_reaches_the_end_or_is_told() {
    Bench::new().append(&[0]).unknown(&[0]).rest(1).silent();
    Bench::new().append(&[0]).unknown(&[0]).rest(0).violates(&["L05/stuck"]);
    let told =
        Fact::PollCompleted { client: 2, session: 1, op: 0, records: Vec::new(), errors: vec![(partition(), 56)] };
    Bench::new().append(&[0]).unknown(&[0]).heal().then(told).then(Fact::AtRest {}).silent();
}

#[test]
fn l05_judges_only_readers_that_began_after_healing() {
    let assigned = Fact::Repositioned { client: 2, session: 0, partitions: vec![partition()], assign: true };
    Bench::new().append(&[0]).unknown(&[0]).then(assigned).then(Fact::Healed {}).then(Fact::AtRest {}).silent();
    // A consumer that nobody polls is not stuck.
    Bench::new().append(&[0]).unknown(&[0]).heal().then(Fact::AtRest {}).silent();
}

#[test]
fn l05_a_consumer_that_lived_through_the_faults_reads_on_too() {
    let read = |bench: Bench, offset| {
        let records = vec![ReadSeen { partition: partition(), record: record(offset, offset as u32) }];
        bench.then(Fact::PollCompleted { client: 5, session: 0, op: 0, records, errors: Vec::new() })
    };
    let begun = || {
        let bench = Bench::new().then(Fact::ClientLife { client: 5, session: 0, alive: true }).produce(&[0]);
        let partitions = vec![partition()];
        let bench = bench.then(Fact::Repositioned { client: 5, session: 0, partitions, assign: true });
        read(bench, 0).produce(&[1])
    };
    read(begun(), 1).rest(2).silent();
    begun().rest(2).violates(&["L05/stuck"]);
}
