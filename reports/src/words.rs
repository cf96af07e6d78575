//! Steps in the words of a Kafka engineer.

use sim::{Action, ClientOp, StartAt, Step, Survival, When, Who};

/// A step as a sentence: when, who, what.
#[must_use]
pub fn step(step: &Step) -> String {
    format!("{}: {}", when(&step.when), action(&who(&step.who), &step.action))
}

/// A time as seconds.
#[must_use]
pub fn seconds(us: u64) -> String {
    format!("{}.{:06} s", us / 1_000_000, us % 1_000_000)
}

/// A duration with the unit that suits it.
#[must_use]
pub fn span(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} us"),
        1_000..1_000_000 if us.is_multiple_of(1_000) => format!("{} ms", us / 1_000),
        _ if us.is_multiple_of(1_000_000) => format!("{} s", us / 1_000_000),
        1_000..1_000_000 => format!("{}.{:03} ms", us / 1_000, us % 1_000),
        _ => format!("{}.{:03} s", us / 1_000_000, us / 1_000 % 1_000),
    }
}

fn when(when: &When) -> String {
    match when {
        When::At(us) => format!("at {}", seconds(*us)),
        When::After(pattern, nth, delay) => {
            let node = pattern.node.map(|node| format!(" on broker {node}")).unwrap_or_default();
            let delay = if *delay == 0 { String::new() } else { format!(", {} later", span(*delay)) };
            format!("after the {} {}{node}{delay}", ordinal(*nth), pattern.event)
        }
    }
}

fn ordinal(n: u32) -> String {
    let ending = match (n % 100, n % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

fn who(who: &Who) -> String {
    match who {
        Who::Node(id) => format!("broker {id}"),
        Who::Leader(topic, partition) => format!("the leader of {topic}-{partition}"),
        Who::Follower(topic, partition, n) => format!("follower {n} of {topic}-{partition}"),
        Who::ActiveController => "the active controller".to_owned(),
        Who::Client(id) => format!("client {id}"),
    }
}

fn action(subject: &str, action: &Action) -> String {
    let down = |us: &u64| format!("starts again after {}", span(*us));
    match action {
        Action::Do(op) => format!("{subject} {}", operation(op)),
        Action::Kill { down_us } => format!("{subject} is killed (-9) and {}", down(down_us)),
        Action::PowerLoss { survival, down_us } => {
            format!("{subject} loses power ({}) and {}", survives(survival), down(down_us))
        }
        Action::DieAtCall { calls, survival, down_us } => {
            let how = survival.as_ref().map_or("page cache survives".to_owned(), survives);
            format!("{subject} dies at its {} disk call from now ({how}) and {}", ordinal(*calls), down(down_us))
        }
        Action::Pause { for_us } => format!("{subject} stands still for {}", span(*for_us)),
        Action::CleanRestart { down_us } => format!("{subject} is shut down in a controlled way and {}", down(down_us)),
        Action::ClockJump { by_ms } => format!("the wall clock of {subject} jumps by {by_ms} ms"),
        Action::ClockDrift { ppm } => format!("the clocks of {subject} drift by {ppm} ppm from now on"),
        Action::SlowSync { for_us, delay_us } => {
            format!("syncs of {subject} take {} to {} longer for {}", span(delay_us.0), span(delay_us.1), span(*for_us))
        }
        Action::FailSync { nth, log_dir } => {
            format!("the {} sync from now in log dir {log_dir} of {subject} fails", ordinal(*nth))
        }
        Action::FailWrite { nth, log_dir } => {
            format!("the {} write from now to log dir {log_dir} of {subject} fails with EIO", ordinal(*nth))
        }
        Action::FailRead { nth, log_dir } => {
            format!("the {} read from now from log dir {log_dir} of {subject} fails with EIO", ordinal(*nth))
        }
        Action::DiskFull { for_us, log_dir } => format!("log dir {log_dir} of {subject} is full for {}", span(*for_us)),
        Action::BitRot { ending, log_dir, permille } => {
            format!("a bit rots at {permille} permille of a {ending} file in log dir {log_dir} of {subject}")
        }
        Action::Misdirect { ending, log_dir } => {
            format!("the next append to a {ending} file in log dir {log_dir} of {subject} lands elsewhere")
        }
        Action::LyingSync { for_us } => format!("syncs of {subject} lie for {}", span(*for_us)),
        Action::WipeDisk { log_dir, down_us } => {
            format!("log dir {log_dir} of {subject} is wiped; it {}", down(down_us))
        }
        Action::Partition { from, for_us, one_way } => {
            let other = from.as_ref().map_or("everybody".to_owned(), who);
            let way = if *one_way { "no bytes reach" } else { "no bytes pass between" };
            let link = if *one_way { format!("{subject} from {other}") } else { format!("{subject} and {other}") };
            format!("{way} {link} for {}", span(*for_us))
        }
        Action::Reset { with } => {
            format!("connections between {subject} and {} are reset", with.as_ref().map_or("everybody".to_owned(), who))
        }
        Action::Split { with, for_us, one_way } => {
            let side: String = with.iter().map(|other| format!(" and {}", who(other))).collect();
            let way = if *one_way { "reach" } else { "pass between" };
            let from = if *one_way { "from" } else { "and" };
            format!("no bytes {way} {subject}{side} {from} the other brokers for {}", span(*for_us))
        }
        Action::Ring { for_us, one_way } => {
            let way = if *one_way { "to" } else { "between it and" };
            format!("each broker loses its neighbour: no bytes pass {way} the next one for {}", span(*for_us))
        }
        Action::CutControllers { for_us, one_way } => {
            let way = if *one_way { "hears nothing from" } else { "loses" };
            format!("{subject} {way} the controllers, and nothing else, for {}", span(*for_us))
        }
        Action::Delay { for_us, delay_us, with } => {
            let with = with.as_ref().map_or_else(String::new, |other| format!(" and {}", who(other)));
            format!(
                "frames of {subject}{with} take {} to {} longer for {}",
                span(delay_us.0),
                span(delay_us.1),
                span(*for_us)
            )
        }
        Action::LoseAnswer { api_key, nth } => {
            format!("{subject} handles the {} request of API {api_key} from now, and its answer is lost", ordinal(*nth))
        }
        Action::ClientCrash { down_us } => format!("{subject} crashes; a new session {}", down(down_us)),
        Action::ClientPause { for_us } => format!("{subject} stands still for {}", span(*for_us)),
        Action::RetryStorm { for_us, every_us } => {
            format!("connections of {subject} are reset every {} for {}", span(*every_us), span(*for_us))
        }
    }
}

fn survives(survival: &Survival) -> String {
    let torn = if survival.torn { ", torn tails" } else { "" };
    let (writes, entries) = (survival.writes_permille, survival.entries_permille);
    match (writes, entries) {
        (0, 0) => format!("nothing un-synced survives{torn}"),
        _ => format!("un-synced writes survive at {writes} permille, names at {entries}{torn}"),
    }
}

fn operation(op: &ClientOp) -> String {
    match op {
        ClientOp::Send { topic, partition, key, size, count, every_us } => {
            let to = partition.map_or(topic.clone(), |partition| format!("{topic}-{partition}"));
            let key = key.map(|key| format!(", key {key}")).unwrap_or_default();
            let pace =
                if *count > 1 && *every_us > 0 { format!(", one every {}", span(*every_us)) } else { String::new() };
            format!("sends {count} x {size} bytes to {to}{key}{pace}")
        }
        ClientOp::Flush => "flushes".to_owned(),
        ClientOp::Assign { partitions, start } => {
            let names: Vec<String> =
                partitions.iter().map(|(topic, partition)| format!("{topic}-{partition}")).collect();
            format!("is assigned {} from {}", names.join(", "), start_at(*start))
        }
        ClientOp::Seek { topic, partition, to } => format!("seeks {topic}-{partition} to {}", start_at(*to)),
        ClientOp::Poll { max_records, count, every_us } => {
            format!("polls {count} times, every {}, for up to {max_records} records", span(*every_us))
        }
        ClientOp::CreateTopic { name, partitions, replication_factor, configs } => {
            let configs: Vec<String> = configs.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("creates topic {name}, {partitions} partitions, RF {replication_factor}{}", configs.concat())
        }
        ClientOp::DeleteTopic { name } => format!("deletes topic {name}"),
        ClientOp::DescribeTopic { name } => format!("describes topic {name}"),
        ClientOp::ListOffsets { topic, partition, timestamp } => {
            format!("asks for the offset of {topic}-{partition} at {timestamp}")
        }
    }
}

fn start_at(start: StartAt) -> String {
    match start {
        StartAt::Earliest => "the earliest offset".to_owned(),
        StartAt::Latest => "the latest offset".to_owned(),
        StartAt::Offset(offset) => format!("offset {offset}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::Pattern;

    #[test]
    fn spans_use_the_unit_that_suits() {
        for (us, text) in
            [(7, "7 us"), (5_000, "5 ms"), (5_250, "5.250 ms"), (3_000_000, "3 s"), (1_500_000, "1.500 s")]
        {
            assert_eq!(span(us), text);
        }
    }

    #[test]
    fn a_step_reads_as_a_sentence() {
        let survival = Survival { writes_permille: 0, entries_permille: 0, torn: true };
        let step = Step {
            id: 4,
            when: When::After(Pattern { event: "SegmentRolled".into(), node: Some(1) }, 2, 3_000),
            who: Who::Node(1),
            action: Action::PowerLoss { survival, down_us: 50_000 },
        };
        let text = "after the 2nd SegmentRolled on broker 1, 3 ms later: broker 1 loses power (nothing un-synced survives, \
                    torn tails) and starts again after 50 ms";
        assert_eq!(super::step(&step), text);
    }
}
