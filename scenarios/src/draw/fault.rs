//! Faults in time. Each seed draws which kinds are on at all (swarm); active time is cut into periods, a quarter of them calm; what
//! lasts, lasts a minimum time, so that the system gets to live with it.

use super::script::{MILLI, SECOND, Script, Topic};
use super::workload;
use properties::FaultKind;
use sim::plan::Survival;
use sim::{Action, ClientOp, Role, Who};

/// Events near which a death is worth more than at a random time.
const NARROW_WINDOWS: &[&str] = &[
    "SegmentRolled",
    "ProduceReceived",
    "Appended",
    "LogCreated",
    "LogDurable",
    "FileReplaced",
    "Recovered",
    "HighWatermarkAdvanced",
    "FetchAnswered",
    "LogDeleted",
];

/// And near these, in a cluster.
const NARROW_WINDOWS_OF_CLUSTERS: &[&str] = &[
    "LeaderElected",
    "BecameFollower",
    "IsrChanged",
    "FollowerFetched",
    "ElectionStarted",
    "VoteGranted",
    "Appended",
    "ProduceReceived",
];

/// What takes or changes bytes that a disk had promised to keep.
const DAMAGE: &[FaultKind] = &[
    FaultKind::FailedSync,
    FaultKind::WriteError,
    FaultKind::ReadError,
    FaultKind::BitRot,
    FaultKind::MisdirectedWrite,
    FaultKind::LyingSync,
    FaultKind::WipedDisk,
];

/// Draws a swarm from a menu and spreads its faults over the active time.
pub(crate) fn storm(script: &mut Script, menu: &[FaultKind]) {
    let mut on = script.dice.subset(menu);
    if on.is_empty() {
        on.push(script.dice.pick(menu));
    }
    let mut at = script.dice.range(300 * MILLI, 2 * SECOND);
    while at < script.active_us {
        let period = script.dice.range(SECOND / 2, 3 * SECOND);
        if !script.dice.chance(1, 4) {
            for _ in 0..script.dice.range(1, 2) {
                let kind = script.dice.pick(&on);
                let within = script.dice.range(0, period);
                inject(script, kind, at + within);
            }
        }
        at += period;
    }
}

/// What takes a leader away for as long as the others need to notice.
const DEPOSES: &[FaultKind] = &[
    FaultKind::Kill,
    FaultKind::PowerLoss,
    FaultKind::TornTail,
    FaultKind::CleanRestart,
    FaultKind::Pause,
    FaultKind::Split,
];

/// A whole failover: the leader of a replicated partition is away until it is fenced and another leads, and comes back in time to catch up.
/// Whatever else a seed does, it lives through one; a swarm alone would spend most of its faults on who matters little. Among the other faults
/// it may come to nothing, so that most seeds have another one when those are over.
pub(crate) fn failover(script: &mut Script, menu: &[FaultKind]) {
    let kinds: Vec<FaultKind> = DEPOSES.iter().copied().filter(|kind| menu.contains(kind)).collect();
    let Some(topic) = script.topics.iter().find(|topic| topic.replicas > 1).cloned() else { return };
    if kinds.is_empty() {
        return;
    }
    let (who, action, away) = deposed(script, &topic, &kinds);
    let delay = script.dice.range(3 * SECOND, 7 * SECOND);
    // In a cluster that comes up among faults the topic may be late: a blow at a fixed time would hit nobody. Three logs are the metadata's.
    script.after("LogCreated", 5, delay, who, action);
    script.lasts_until(LATE_TOPIC + delay + away + 5 * SECOND);
    if script.dice.chance(7, 8) {
        calm_failover(script, &kinds);
    }
}

/// Another failover when the other faults are over; of a topic of its own, since there may be no other by then.
fn calm_failover(script: &mut Script, kinds: &[FaultKind]) {
    // What may crash in a seed does, if it is this that can.
    let crashes: Vec<FaultKind> = kinds.iter().copied().filter(|kind| CRASHES.contains(kind)).collect();
    let topic = workload::late_topic(script);
    let (who, action, away) = deposed(script, &topic, if crashes.is_empty() { kinds } else { &crashes });
    let at = script.ends_at() + LATE_TOPIC;
    script.at(at, who, action);
    script.lasts_until(at + away + 5 * SECOND);
    let producers = script.clients(Role::Producer);
    let (producer, partition) = (script.dice.pick(&producers), Some(0));
    let send = ClientOp::Send { topic: topic.name, partition, key: None, size: 100, count: 10, every_us: SECOND };
    script.op(at, producer, send);
}

/// The leader of one of a topic's partitions, and a blow that takes it away for so long.
fn deposed(script: &mut Script, topic: &Topic, kinds: &[FaultKind]) -> (Who, Action, u64) {
    let kind = script.dice.pick(kinds);
    // If it leads the quorum, too, its successor there counts from its own election.
    let away = script.session_us() + script.dice.range(4, 7) * SECOND;
    let partition = script.dice.range(0, topic.partitions as u64 - 1) as i32;
    let action = away_for(&action(script, kind), away);
    (Who::Leader(topic.name.clone(), partition), action, away)
}

/// When a topic is there, at the latest, in most clusters.
const LATE_TOPIC: u64 = 3 * SECOND;

/// What a machine or a process does not survive.
const CRASHES: &[FaultKind] = &[FaultKind::Kill, FaultKind::PowerLoss, FaultKind::TornTail];

/// The same action, with its victim away for so long.
fn away_for(action: &Action, us: u64) -> Action {
    let mut action = lasting(action, us);
    match &mut action {
        Action::Kill { down_us } | Action::PowerLoss { down_us, .. } | Action::CleanRestart { down_us } => {
            *down_us = us;
        }
        Action::Split { with, .. } => with.clear(),
        _ => {}
    }
    action
}

/// One fault of a kind, at a time or, for deaths in a third of the cases, in a narrow window after an event.
pub(crate) fn inject(script: &mut Script, kind: FaultKind, at_us: u64) {
    let who = target(script, kind);
    let action = action(script, kind);
    let narrow = matches!(kind, FaultKind::Kill | FaultKind::PowerLoss | FaultKind::TornTail | FaultKind::DeathAtCall);
    if narrow && script.dice.chance(1, 3) {
        let of_clusters = script.is_cluster() && script.dice.chance(1, 2);
        let event = script.dice.pick(if of_clusters { NARROW_WINDOWS_OF_CLUSTERS } else { NARROW_WINDOWS });
        let nth = script.dice.pick(&[1, 2, 3, 5, 8, 13, 21, 40]);
        let delay = script.dice.pick(&[0, 0, 100, 1_000, 8_000]);
        script.after(event, nth, delay, who, action);
    } else {
        script.at(at_us, who, action);
    }
}

/// Whom a fault of a kind strikes.
pub(crate) fn target(script: &mut Script, kind: FaultKind) -> Who {
    let client = match kind {
        FaultKind::ClientCrash | FaultKind::ClientPause | FaultKind::RetryStorm => true,
        FaultKind::Reset | FaultKind::DelaySpike | FaultKind::Partition | FaultKind::OneWayPartition => {
            script.dice.chance(1, if script.is_cluster() { 4 } else { 2 })
        }
        _ => false,
    };
    if let Some(victim) = script.victim.clone().filter(|_| DAMAGE.contains(&kind)) {
        return victim;
    }
    if !client {
        return if script.is_cluster() { role(script) } else { Who::Node(1) };
    }
    let mut clients = script.clients(Role::Producer);
    clients.extend(script.clients(Role::Consumer));
    Who::Client(script.dice.pick(&clients))
}

/// Any node, or the one that has a role at that moment.
fn role(script: &mut Script) -> Who {
    let (topic, partition) = script.partition();
    match script.dice.range(0, 6) {
        0..3 => any_node(script),
        3 | 4 => Who::Leader(topic, partition),
        5 => Who::Follower(topic, partition, script.dice.range(0, 1) as u8),
        _ => Who::ActiveController,
    }
}

fn any_node(script: &mut Script) -> Who {
    let nodes = script.nodes();
    Who::Node(script.dice.pick(&nodes))
}

/// The other end of a link, or everybody; with one node there is no link to choose.
fn peer(script: &mut Script) -> Option<Who> {
    (script.is_cluster() && script.dice.chance(1, 2)).then(|| role(script))
}

/// The same action for another time, if it lasts.
pub(crate) fn lasting(action: &Action, for_us: u64) -> Action {
    let mut action = action.clone();
    match &mut action {
        Action::Partition { for_us: old, .. }
        | Action::Split { for_us: old, .. }
        | Action::Ring { for_us: old, .. }
        | Action::CutControllers { for_us: old, .. }
        | Action::Delay { for_us: old, .. }
        | Action::Pause { for_us: old } => *old = for_us,
        _ => {}
    }
    action
}

/// What a fault of a kind is, with drawn numbers.
pub(crate) fn action(script: &mut Script, kind: FaultKind) -> Action {
    let log_dir = script.dice.range(0, u64::from(script.log_dir_count()) - 1) as u8;
    let down_us = script.dice.pick(&[MILLI, 50 * MILLI, 500 * MILLI, 2 * SECOND]);
    let for_us = script.dice.pick(&[200 * MILLI, SECOND, 4 * SECOND]);
    let nth = script.dice.pick(&[1, 1, 2, 3, 5, 9, 17]);
    if is_between_nodes(kind) {
        return between_nodes(script, kind, for_us, nth);
    }
    let dice = &mut script.dice;
    match kind {
        FaultKind::Kill => Action::Kill { down_us },
        FaultKind::PowerLoss => Action::PowerLoss { survival: survival(dice, false), down_us },
        FaultKind::TornTail => Action::PowerLoss { survival: survival(dice, true), down_us },
        FaultKind::DeathAtCall => {
            let calls = dice.range(1, 60) as u32;
            let torn = dice.chance(1, 2);
            let survival = dice.chance(2, 3).then(|| survival(dice, torn));
            Action::DieAtCall { calls, survival, down_us }
        }
        FaultKind::Pause => Action::Pause { for_us },
        FaultKind::CleanRestart => Action::CleanRestart { down_us },
        FaultKind::ClockJump => {
            Action::ClockJump { by_ms: dice.pick(&[-86_400_000, -60_000, -1_000, -1, 1, 1_000, 60_000, 86_400_000]) }
        }
        FaultKind::ClockDrift => Action::ClockDrift { ppm: dice.pick(&[-200_000, -1_000, 0, 1_000, 50_000, 200_000]) },
        FaultKind::SlowSync => {
            Action::SlowSync { for_us, delay_us: (MILLI, dice.pick(&[20 * MILLI, 300 * MILLI, 2 * SECOND])) }
        }
        FaultKind::FailedSync => Action::FailSync { nth, log_dir },
        FaultKind::WriteError => Action::FailWrite { nth, log_dir },
        FaultKind::ReadError => Action::FailRead { nth, log_dir },
        FaultKind::DiskFull => Action::DiskFull { for_us, log_dir },
        FaultKind::BitRot => {
            let ending = dice.pick(&[".log", ".log", ".log", ".index", ".timeindex", "leader-epoch-checkpoint"]);
            Action::BitRot { ending: ending.to_owned(), log_dir, permille: dice.range(0, 999) as u16 }
        }
        FaultKind::MisdirectedWrite => Action::Misdirect { ending: ".log".to_owned(), log_dir },
        FaultKind::LyingSync => Action::LyingSync { for_us },
        FaultKind::WipedDisk => Action::WipeDisk { log_dir, down_us },
        FaultKind::ClientCrash => Action::ClientCrash { down_us },
        FaultKind::ClientPause => Action::ClientPause { for_us },
        FaultKind::RetryStorm => Action::RetryStorm { for_us, every_us: dice.pick(&[5 * MILLI, 50 * MILLI]) },
        // There from the beginning, or of connections.
        _ => Action::Pause { for_us },
    }
}

/// Whether a fault is one of connections between machines.
fn is_between_nodes(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Partition
            | FaultKind::OneWayPartition
            | FaultKind::Split
            | FaultKind::OneWaySplit
            | FaultKind::Ring
            | FaultKind::ControllersCut
            | FaultKind::Reset
            | FaultKind::DelaySpike
            | FaultKind::LostAnswer
    )
}

fn between_nodes(script: &mut Script, kind: FaultKind, for_us: u64, nth: u32) -> Action {
    match kind {
        FaultKind::Partition => Action::Partition { from: peer(script), for_us, one_way: false },
        FaultKind::OneWayPartition => Action::Partition { from: peer(script), for_us, one_way: true },
        FaultKind::Split => Action::Split { with: companions(script), for_us, one_way: false },
        FaultKind::OneWaySplit => Action::Split { with: companions(script), for_us, one_way: true },
        FaultKind::Ring => Action::Ring { for_us, one_way: script.dice.chance(1, 2) },
        FaultKind::ControllersCut => Action::CutControllers { for_us, one_way: script.dice.chance(1, 3) },
        FaultKind::Reset => Action::Reset { with: peer(script) },
        FaultKind::LostAnswer => {
            let apis = if script.is_cluster() { CLUSTER_APIS } else { &[0, 0, 0, 1, 3, 19, 20] };
            Action::LoseAnswer { api_key: script.dice.pick(apis), nth }
        }
        _ => {
            let delay_us = (MILLI, script.dice.pick(&[30 * MILLI, 500 * MILLI, 3 * SECOND]));
            Action::Delay { for_us, delay_us, with: peer(script) }
        }
    }
}

/// Kafka's keys of what is worth losing in a cluster: Produce, Fetch, Metadata, CreateTopics, DeleteTopics, Vote, BeginQuorumEpoch,
/// AlterPartition, BrokerRegistration, BrokerHeartbeat.
const CLUSTER_APIS: &[i16] = &[0, 0, 1, 1, 3, 19, 20, 52, 53, 56, 56, 62, 63];

/// Who is on the same side of a split: nobody is a minority, one of three a majority.
fn companions(script: &mut Script) -> Vec<Who> {
    if script.dice.chance(1, 2) { Vec::new() } else { vec![any_node(script)] }
}

fn survival(dice: &mut crate::dice::Dice, torn: bool) -> Survival {
    Survival {
        writes_permille: dice.pick(&[0, 0, 300, 500, 900]),
        entries_permille: dice.pick(&[0, 0, 500, 900]),
        torn,
    }
}
