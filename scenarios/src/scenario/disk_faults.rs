//! The disk fails: EIO on write, read and sync, no space, bit rot, misdirected writes, lying syncs, a wiped directory; with one log directory or two, and a power loss or a restart to bring the damage to light.

use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "disk-faults",
    about: "every disk fault, with one log directory or two",
    turns: 1,
    judged_after: 200,
    must_reach: &["LogDirFailed", "CorruptionFound", "DiskFailed", "TailTruncated"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::SlowSync,
    FaultKind::FailedSync,
    FaultKind::WriteError,
    FaultKind::ReadError,
    FaultKind::DiskFull,
    FaultKind::BitRot,
    FaultKind::MisdirectedWrite,
    FaultKind::LyingSync,
    FaultKind::WipedDisk,
    FaultKind::PowerLoss,
    FaultKind::Kill,
    FaultKind::CleanRestart,
];

fn draw(seed: u64) -> Plan {
    let mut script = Script::new(SCENARIO.name, seed);
    workload::mixed(&mut script);
    let log_dirs = script.dice.pick(&[1, 1, 2]);
    script.log_dirs(log_dirs);
    fault::storm(&mut script, FAULTS);
    let last = script.dice.pick(&[FaultKind::PowerLoss, FaultKind::Kill, FaultKind::CleanRestart]);
    let at = script.active_us * 9 / 10;
    fault::inject(&mut script, last, at);
    script.finish()
}
