//! What three real nodes said to recorded sessions, while one of them was killed, paused or shut down, is what ours say in the simulator.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::unwrap_used)]

use differential::cluster::act::{Act, Fault};
use differential::cluster::party::Party;
use differential::cluster::run::{Finding, Recording, run};
use differential::cluster::world::Ours;
use differential::expected;
use differential::run::Tally;
use flate2::read::GzDecoder;
use serde_json::json;
use std::collections::{BTreeSet, VecDeque};
use std::io::Read;

/// What `differential/run --nodes 3 N SEED --record FILE` wrote down.
fn recordings() -> Vec<Recording> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cluster.jsonl.gz");
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn replay(recording: &Recording, tally: &mut Tally) -> Option<Finding> {
    let (mut kafka, mut ours) = (recording.said.clone(), Ours::new(recording.seed).unwrap());
    let mut party = Party::new(&mut ours).unwrap();
    let sides = (&mut kafka as _, &mut party as _);
    run(&recording.acts, sides, &expected::list().unwrap(), tally, &mut VecDeque::new()).unwrap()
}

#[test]
fn three_nodes_say_what_three_recorded_nodes_said() {
    let (mut tally, mut faults) = (Tally::default(), BTreeSet::new());
    for recording in recordings() {
        let found = replay(&recording, &mut tally);
        assert!(found.is_none(), "session {}: {found:#?}", recording.seed);
        faults.extend(recording.acts.iter().filter_map(|act| match act {
            Act::Strike(_, fault) => Some(*fault as u8),
            _ => None,
        }));
    }
    assert_eq!(faults, BTreeSet::from([Fault::Kill, Fault::Pause, Fault::Shutdown].map(|fault| fault as u8)));
    assert!(tally.requests["Produce"] > 20 && tally.requests["Fetch"] > 20, "{:?}", tally.requests);
    // Leaders that are elsewhere, epochs that are over and those that have not begun, writes that too few replicas would hold.
    assert!([0, 6, 19, 74, 75].iter().all(|code| tally.errors.contains_key(code)), "{:?}", tally.errors);
}

#[test]
fn a_recording_that_says_otherwise_is_found() {
    let mut recording = recordings().swap_remove(0);
    let settled = recording.acts.iter().rposition(|act| matches!(act, Act::Settle)).unwrap();
    let epoch = recording.said[settled].pointer_mut("/metadata/topics/0/partitions/0/leaderEpoch").unwrap();
    *epoch = json!(epoch.as_i64().unwrap() + 1);
    let found = replay(&recording, &mut Tally::default()).unwrap();
    assert_eq!((found.place, found.differences.len()), (settled, 1), "{found:#?}");
    assert_eq!(found.differences[0].field, "metadata.topics[0].partitions[0].leaderEpoch");
}
