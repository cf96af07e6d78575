//! What happened, in Kafka's words: the lines of the trace, and the clients' history as JSON.

use super::events;
use crate::plan::{Action, ClientOp, FIRST_READER, StartAt, Step, Who};
use properties::{Fact, Moment, Outcome, ReadSeen, Stop};
use serde_json::{Value, json};
use wire::messages::ApiKey;
use wire::{ErrorCode, NodeId};

/// The node that a fact is about.
pub(super) fn node_of(fact: &Fact) -> Option<NodeId> {
    match fact {
        Fact::Started { node, .. }
        | Fact::Opened { node, .. }
        | Fact::Stopped { node, .. }
        | Fact::DiskFailed { node, .. }
        | Fact::FileReplaced { node, .. }
        | Fact::ProduceReceived { node, .. }
        | Fact::ProduceAnswered { node, .. }
        | Fact::FollowerFetched { node, .. }
        | Fact::FollowerAnswered { node, .. }
        | Fact::SnapshotAsked { node, .. }
        | Fact::VoteGranted { node, .. }
        | Fact::FetchAnswered { node, .. }
        | Fact::AlterPartitionReceived { node, .. }
        | Fact::AlterPartitionAnswered { node, .. }
        | Fact::OffsetAnswered { node, .. }
        | Fact::Stated { node, .. } => Some(*node),
        Fact::Injected { node, .. } => *node,
        Fact::Survived { log, .. }
        | Fact::Recovered { log, .. }
        | Fact::Appended { log, .. }
        | Fact::AppendFailed { log, .. }
        | Fact::Truncated { log, .. }
        | Fact::SegmentCreated { log, .. }
        | Fact::LogRemoved { log }
        | Fact::LogDurable { log, .. } => Some(log.node),
        _ => None,
    }
}

/// How people call a client.
pub(super) fn client(id: u16) -> String {
    if id < FIRST_READER { format!("client {id}") } else { "reader".to_owned() }
}

/// The API of a request, unless a fact tells more of it.
pub(super) fn request(api_key: i16) -> Option<ApiKey> {
    ApiKey::from_key(api_key).filter(|api| *api != ApiKey::Produce)
}

pub(super) fn error(code: i16) -> String {
    match code {
        0 => "ok".to_owned(),
        -1 => "no answer".to_owned(),
        code => ErrorCode::from_code(code).name().to_owned(),
    }
}

/// A line for a fact; None for those that other lines tell.
pub(super) fn fact(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::Started { node, incarnation } => format!("broker {node} starts, incarnation {incarnation}"),
        Fact::Opened { node, error: None } => format!("broker {node} is open"),
        Fact::Opened { node, error: Some(error) } => format!("broker {node} cannot open: {error}"),
        Fact::Stopped { node, how } => format!("broker {node} {}", stopped(*how)),
        Fact::Stated { node, event } => format!("broker {node} {}", events::broker(event)),
        Fact::Injected { fault, node: Some(node) } => format!("broker {node} !! {}", fault.name()),
        Fact::Injected { fault, node: None } => format!("!! {}", fault.name()),
        Fact::Healed {} => "-- faults stop; liveness is due from here on".to_owned(),
        Fact::AtRest {} => "-- at rest".to_owned(),
        Fact::ClientLife { client: id, session, alive } => {
            format!("{} {} session {session}", client(*id), if *alive { "begins" } else { "dies, ending" })
        }
        Fact::ProduceAnswered { .. } | Fact::ProduceReceived { .. } | Fact::FetchAnswered { .. } => exchange(fact)?,
        _ => disk_line(fact).or_else(|| client_line(fact))?,
    })
}

fn stopped(how: Stop) -> &'static str {
    match how {
        Stop::Kill => "is killed; the page cache survives",
        Stop::PowerLoss => "loses power",
        Stop::Shutdown => "has shut down",
        Stop::Halt => "has halted itself",
    }
}

fn exchange(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::VoteGranted { node, candidate, epoch } => {
            format!("broker {node} votes for {candidate} in quorum epoch {epoch}")
        }
        Fact::ProduceReceived { node, client: id, acks, partition, batch, .. } => {
            let what = batch.as_ref().map_or_else(
                || "something unreadable".to_owned(),
                |batch| format!("{} records, {} bytes", batch.records.len(), batch.bytes),
            );
            format!("broker {node} <- {} Produce {partition} {what} acks={acks}", client(*id))
        }
        Fact::ProduceAnswered { node, client: id, partition, error: code, base_offset, .. } => {
            let to = client(*id);
            format!("broker {node} -> {to} Produce {partition} {} at offset {base_offset}", error(*code))
        }
        Fact::FetchAnswered {
            node,
            client: to,
            partition,
            fetch_offset,
            error: code,
            high_watermark,
            batches,
            diverging,
            ..
        } => {
            let to = to.map_or_else(|| "a follower".to_owned(), client);
            if let Some((epoch, end_offset)) = diverging {
                return Some(format!(
                    "broker {node} -> {to} Fetch {partition} from {fetch_offset}: diverging epoch {epoch}, end offset {end_offset}"
                ));
            }
            if batches.is_empty() && *code == 0 {
                return None;
            }
            let count = batches.len();
            format!(
                "broker {node} -> {to} Fetch {partition} from {fetch_offset}: {}, {count} batches, high watermark {high_watermark}",
                error(*code)
            )
        }
        _ => return None,
    })
}

fn disk_line(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::Survived { log, batches } => format!("broker {} finds {}: {}", log.node, log.partition, extent(batches)),
        Fact::Recovered { log, batches } => {
            format!("broker {} recovers {}: {}", log.node, log.partition, extent(batches))
        }
        Fact::Appended { log, batch, .. } => {
            let (from, to, epoch) = (batch.base_offset, batch.last_offset, batch.leader_epoch);
            let names: Vec<&str> = batch.metadata.iter().map(wire::metadata::MetadataRecord::name).collect();
            let what = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
            format!("broker {} appends {} offsets {from} to {to}, leader epoch {epoch}{what}", log.node, log.partition)
        }
        Fact::AppendFailed { log, .. } => format!("broker {} fails to append to {}", log.node, log.partition),
        Fact::Truncated { log, to } => format!("broker {} cuts {} to {to}", log.node, log.partition),
        Fact::LogDurable { log, to } => format!("broker {} has {} durable below {to}", log.node, log.partition),
        Fact::LogRemoved { log } => format!("broker {} removes {}", log.node, log.partition),
        Fact::DiskFailed { node, log_dir, write } => {
            format!(
                "broker {node} log directory {} fails a {}",
                log_dir.0,
                if *write { "write or sync" } else { "read" }
            )
        }
        _ => return None,
    })
}

fn extent(batches: &[properties::BatchSeen]) -> String {
    let invalid = batches.iter().filter(|batch| !batch.valid).count();
    match (batches.first(), batches.last()) {
        (Some(first), Some(last)) => {
            let damage = if invalid > 0 { format!(", {invalid} with a wrong CRC") } else { String::new() };
            format!("offsets {} to {} in {} batches{damage}", first.base_offset, last.last_offset, batches.len())
        }
        _ => "nothing".to_owned(),
    }
}

fn client_line(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::SendCompleted { payload, outcome, partition, offset, .. } => {
            let place = partition
                .map_or_else(|| payload.topic.to_string(), |partition| format!("{}-{partition}", payload.topic));
            let offset = offset.map_or_else(String::new, |offset| format!(" at offset {offset}"));
            format!("{} record {} to {place}: {}{offset}", client(payload.uid.producer), payload.uid, ended(outcome))
        }
        Fact::PollCompleted { client: id, records, errors, .. } => {
            if records.is_empty() && errors.is_empty() {
                return None;
            }
            let errors: String = errors.iter().map(|(at, code)| format!(", {at}: {}", error(*code))).collect();
            format!("{} polls {} records{}{errors}", client(*id), records.len(), spans(records))
        }
        Fact::Repositioned { client: id, partitions, assign, .. } => {
            let what = if *assign { "is assigned" } else { "seeks in" };
            let names: Vec<String> = partitions.iter().map(ToString::to_string).collect();
            format!("{} {what} {}", client(*id), names.join(" "))
        }
        Fact::AdminCompleted { client: id, what, topics, .. } => {
            let results: Vec<String> =
                topics.iter().map(|(topic, code, _)| format!("{topic}: {}", error(*code))).collect();
            format!("{} {what} {}", client(*id), results.join(", "))
        }
        _ => return None,
    })
}

fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok => "acknowledged".to_owned(),
        Outcome::Failed(code) => format!("failed, {}", error(*code)),
        Outcome::Unknown(code) => format!("unknown, {}", error(*code)),
    }
}

/// The first and last offset of each run of records of one partition.
fn spans(records: &[ReadSeen]) -> String {
    let runs = records.chunk_by(|a, b| a.partition == b.partition);
    let span = |run: &[ReadSeen]| match (run.first(), run.last()) {
        (Some(first), Some(last)) => format!(", {} {} to {}", first.partition, first.record.offset, last.record.offset),
        _ => String::new(),
    };
    runs.map(span).collect()
}

/// What a step does, and as what it concerns whom it concerns.
pub(super) fn step(step: &Step) -> String {
    let role = match &step.who {
        Who::Leader(topic, partition) => format!("(the leader of {topic}-{partition}) "),
        Who::Follower(topic, partition, nth) => format!("(follower {nth} of {topic}-{partition}) "),
        Who::ActiveController => "(the active controller) ".to_owned(),
        Who::Node(_) | Who::Client(_) => String::new(),
    };
    format!("{role}{}", action(&step.action))
}

/// What an action does.
fn action(action: &Action) -> String {
    let ms = |us: &u64| format!("{}.{:03} ms", us / 1_000, us % 1_000);
    match action {
        Action::Do(op) => operation(op),
        Action::Kill { down_us } => format!("!! kill, down {}", ms(down_us)),
        Action::PowerLoss { survival, down_us } => format!(
            "!! power loss, {} of 1000 un-synced writes survive{}, down {}",
            survival.writes_permille,
            if survival.torn { ", the tail may tear" } else { "" },
            ms(down_us)
        ),
        Action::DieAtCall { calls, survival, .. } => {
            format!("!! will die at disk call {calls} from now ({})", if survival.is_some() { "power" } else { "kill" })
        }
        Action::Pause { for_us } | Action::ClientPause { for_us } => format!("!! stands still for {}", ms(for_us)),
        Action::CleanRestart { down_us } => format!("controlled shutdown, down {}", ms(down_us)),
        Action::ClockJump { by_ms } => format!("!! wall clock jumps by {by_ms} ms"),
        Action::ClockDrift { ppm } => format!("!! clocks drift by {ppm} ppm"),
        Action::ClientCrash { down_us } => format!("!! crashes, down {}", ms(down_us)),
        other => {
            let name = other.fault().map_or("", properties::FaultKind::name);
            format!("!! {name} {}", serde_json::to_string(other).unwrap_or_default())
        }
    }
}

fn operation(op: &ClientOp) -> String {
    match op {
        ClientOp::Send { topic, partition, size, count, .. } => {
            let place = partition.map_or_else(|| topic.clone(), |partition| format!("{topic}-{partition}"));
            format!("sends {count} records of {size} bytes to {place}")
        }
        ClientOp::Flush => "flushes".to_owned(),
        ClientOp::Assign { partitions, start } => {
            let names: Vec<String> =
                partitions.iter().map(|(topic, partition)| format!("{topic}-{partition}")).collect();
            format!("assigns {} from {}", names.join(" "), start_at(*start))
        }
        ClientOp::Seek { topic, partition, to } => format!("seeks {topic}-{partition} to {}", start_at(*to)),
        ClientOp::Poll { max_records, count, .. } => format!("polls {count} times, up to {max_records} records"),
        ClientOp::CreateTopic { name, partitions, .. } => format!("creates topic {name} with {partitions} partitions"),
        ClientOp::DeleteTopic { name } => format!("deletes topic {name}"),
        ClientOp::DescribeTopic { name } => format!("describes topic {name}"),
        ClientOp::ListOffsets { topic, partition, timestamp } => {
            format!("lists offsets of {topic}-{partition} at {timestamp}")
        }
    }
}

fn start_at(start: StartAt) -> String {
    match start {
        StartAt::Earliest => "earliest".to_owned(),
        StartAt::Latest => "latest".to_owned(),
        StartAt::Offset(offset) => format!("offset {offset}"),
    }
}

/// A line of the clients' history; None for facts that no client sees.
pub(super) fn history(fact: &Fact, moment: Moment) -> Option<String> {
    let mut line = match fact {
        Fact::SendInvoked { payload, op, acks, .. } => json!({
            "type": "invoke", "f": "send", "process": process(payload.uid.producer, payload.uid.session), "op": op,
            "uid": payload.uid.to_string(), "topic": payload.topic.as_str(), "partition": payload.partition, "acks": acks,
        }),
        Fact::SendCompleted { payload, op, outcome, partition, offset } => json!({
            "type": outcome_type(outcome), "f": "send", "process": process(payload.uid.producer, payload.uid.session), "op": op,
            "uid": payload.uid.to_string(), "topic": payload.topic.as_str(), "partition": partition, "offset": offset,
            "error": outcome_error(outcome),
        }),
        Fact::PollInvoked { client, session, op } => {
            json!({"type": "invoke", "f": "poll", "process": process(*client, *session), "op": op})
        }
        Fact::PollCompleted { client, session, op, records, errors } => json!({
            "type": "ok", "f": "poll", "process": process(*client, *session), "op": op,
            "records": records.iter().map(read).collect::<Vec<_>>(),
            "errors": errors.iter().map(|(at, code)| json!([at.to_string(), error(*code)])).collect::<Vec<_>>(),
        }),
        Fact::Repositioned { client, session, partitions, assign } => json!({
            "type": "info", "f": if *assign { "assign" } else { "seek" }, "process": process(*client, *session),
            "partitions": partitions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
        Fact::AdminInvoked { client, op, what, topics } => json!({
            "type": "invoke", "f": what, "process": process(*client, 0), "op": op,
            "topics": topics.iter().map(|topic| topic.name.as_str()).collect::<Vec<_>>(),
        }),
        Fact::AdminCompleted { client, op, what, topics } => json!({
            "type": "ok", "f": what, "process": process(*client, 0), "op": op,
            "topics": topics.iter().map(|(topic, code, id)| json!([topic.as_str(), error(*code), id.to_string()])).collect::<Vec<_>>(),
        }),
        Fact::ClientLife { client, session, alive } => {
            json!({"type": "info", "f": if *alive { "begin" } else { "crash" }, "process": process(*client, *session)})
        }
        _ => return None,
    };
    line["time_ns"] = Value::from(moment.at.0);
    line["seq"] = Value::from(moment.seq);
    Some(line.to_string())
}

fn process(client: u16, session: u16) -> String {
    format!("{client}.{session}")
}

fn read(seen: &ReadSeen) -> Value {
    let uid = seen.record.payload.as_ref().map(|payload| payload.uid.to_string());
    json!([seen.partition.to_string(), seen.record.offset, uid])
}

fn outcome_type(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Failed(_) => "fail",
        Outcome::Unknown(_) => "info",
    }
}

fn outcome_error(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Ok => None,
        Outcome::Failed(code) | Outcome::Unknown(code) => Some(error(*code)),
    }
}
