//! `differential --sessions N --seed S --kafka HOST:PORT [--ours HOST:PORT]`: exit code 0 if every difference is listed, 1 if not, 2
//! for bad usage, 3 if the harness failed.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use clap::Parser;
use differential::cluster;
use differential::cluster::generate::session as cluster_session;
use differential::cluster::kafka::Kafka;
use differential::cluster::party::Party;
use differential::cluster::run::Recording;
use differential::cluster::world::Ours;
use differential::compare::Difference;
use differential::core::Core;
use differential::expected::{self, Expected};
use differential::generate::session;
use differential::peer::{PATIENCE, Peer, Remote};
use differential::run::{Finding, Tally, run};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs generated client sessions against a real Kafka and against this broker, and tells where they differ.
#[derive(Parser)]
struct Arguments {
    /// How many sessions.
    #[arg(long, default_value_t = 100)]
    sessions: u64,
    /// The first session's seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The real Kafka, as `differential/kafka start` starts it.
    #[arg(long, default_value = "127.0.0.1:19092")]
    kafka: String,
    /// This broker behind TCP; without it, the core in this process.
    #[arg(long)]
    ours: Option<String>,
    /// Stop after so many sessions with unlisted differences.
    #[arg(long, default_value_t = 20)]
    findings: usize,
    /// Three real nodes, in the directory in which `differential/kafka start` started them; ours are in the simulator.
    #[arg(long)]
    cluster: Option<PathBuf>,
    /// Write the sessions on three nodes down, with what Kafka said.
    #[arg(long)]
    record: Option<PathBuf>,
}

/// What `differential/kafka` configures, for our broker, if the real one is at this port.
fn config(port: u16) -> Vec<(&'static str, String)> {
    let client = format!("PLAINTEXT://127.0.0.1:{port}");
    let controller = format!("127.0.0.1:{}", port.saturating_add(1));
    vec![
        ("process.roles", "broker,controller".into()),
        ("node.id", "1".into()),
        ("controller.quorum.voters", format!("1@{controller}")),
        ("listeners", format!("{client},CONTROLLER://{controller}")),
        ("advertised.listeners", client),
        ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".into()),
        ("controller.listener.names", "CONTROLLER".into()),
        ("offsets.topic.replication.factor", "1".into()),
        ("transaction.state.log.replication.factor", "1".into()),
        ("transaction.state.log.min.isr", "1".into()),
        ("log.initial.task.delay.ms", "86400000".into()),
    ]
}

impl Arguments {
    fn port(&self) -> Result<u16, &'static str> {
        self.kafka.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).ok_or("--kafka is HOST:PORT")
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let compared = match &arguments.cluster {
        None => compare(&arguments),
        Some(dir) => compare_clusters(&arguments, dir),
    };
    match compared {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("differential: {error}");
            ExitCode::from(3)
        }
    }
}

/// The number of sessions with unlisted differences.
fn compare(arguments: &Arguments) -> Result<usize, Box<dyn std::error::Error>> {
    let expected = expected::list()?;
    let mut kafka = Remote::new(&arguments.kafka, PATIENCE);
    let mut ours: Box<dyn Peer> = match &arguments.ours {
        Some(address) => Box::new(Remote::new(address, PATIENCE)),
        None => {
            let config = config(arguments.port()?);
            let properties: Vec<(&str, &str)> = config.iter().map(|(name, value)| (*name, value.as_str())).collect();
            Box::new(Core::new(&properties)?)
        }
    };
    let (mut tally, mut findings, mut sessions) = (Tally::default(), 0, 0);
    for seed in arguments.seed..arguments.seed + arguments.sessions {
        sessions += 1;
        let found = run(&session(seed), &mut kafka, ours.as_mut(), &expected, &mut tally);
        if let Some(finding) = found.map_err(|error| format!("session {seed}: {error}"))? {
            show(&finding);
            findings += 1;
        }
        if findings >= arguments.findings {
            break;
        }
    }
    summarise(sessions, findings, &tally, &expected);
    Ok(findings)
}

/// The same for sessions on three nodes.
fn compare_clusters(arguments: &Arguments, dir: &Path) -> Result<usize, Box<dyn std::error::Error>> {
    let expected = expected::list()?;
    let mut kafka = Kafka::new(dir, arguments.port()?);
    let mut record = arguments.record.as_ref().map(std::fs::File::create).transpose()?;
    let (mut tally, mut findings, mut sessions) = (Tally::default(), 0, 0);
    for seed in arguments.seed..arguments.seed + arguments.sessions {
        sessions += 1;
        let mut ours = Ours::new(seed)?;
        let (acts, mut said) = (cluster_session(seed), Default::default());
        let mut sides = (Party::new(&mut kafka)?, Party::new(&mut ours)?);
        let found = cluster::run::run(&acts, (&mut sides.0, &mut sides.1), &expected, &mut tally, &mut said);
        match found.map_err(|error| format!("session {seed}: {error}"))? {
            Some(finding) => {
                println!(
                    "session {seed} act {}: {}",
                    finding.place,
                    finding.act.chars().take(1500).collect::<String>()
                );
                tell(&finding.differences);
                findings += 1;
            }
            None => {
                println!("session {seed}: {} acts, no unlisted difference", acts.len());
                if let Some(file) = &mut record {
                    writeln!(file, "{}", serde_json::to_string(&Recording { seed, acts, said })?)?;
                }
            }
        }
        if findings >= arguments.findings {
            break;
        }
    }
    summarise(sessions, findings, &tally, &expected);
    Ok(findings)
}

fn show(finding: &Finding) {
    let (version, tweak) = finding.how;
    println!("session {} step {}: {} v{version}, {tweak:?}", finding.seed, finding.step, finding.api.name());
    println!("  request {}", finding.request.chars().take(1500).collect::<String>());
    println!("  frame {}", finding.frame.iter().take(2000).map(|byte| format!("{byte:02x}")).collect::<String>());
    tell(&finding.differences);
}

fn tell(differences: &[Difference]) {
    for difference in differences.iter().take(400) {
        println!("  {}", difference.to_string().chars().take(600).collect::<String>());
    }
}

fn summarise(sessions: u64, findings: usize, tally: &Tally, expected: &[Expected]) {
    let requests: Vec<String> = tally.requests.iter().map(|(api, count)| format!("{api} {count}")).collect();
    let errors: Vec<String> = tally.errors.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    println!("{sessions} sessions, {} requests ({})", tally.requests.values().sum::<u64>(), requests.join(", "));
    println!("error codes of Kafka (-2 is a closed connection): {}", errors.join(", "));
    for (place, listed) in expected.iter().enumerate() {
        let count = tally.listed.get(&place).copied().unwrap_or(0);
        println!("listed {count:>6} times: {} {}: {}", listed.api, listed.field, listed.reason);
    }
    println!("{findings} sessions with unlisted differences");
}
