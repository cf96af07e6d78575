//! The driver in turmoil: the broker on the simulated disk, our clients as hosts, a stalled link, a partition, a crash and a bounce;
//! judged by the same court as every run of the simulator. Not the search: the async shell is on trial, its framing, back-pressure and
//! reconnects.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::unwrap_used)]

mod app;
mod net;
mod witness;

use app::{App, clock};
use broker_core::{Broker, Config};
use client_core::Role;
use net::Turmoil;
use properties::{Fact, Stop};
use server::{Driver, Network, Told};
use sim::Draw;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use turmoil::Sim;
use wire::{Endpoint, Str};
use witness::{NODE, Witness};

const PARTITIONS: i32 = 2;
const RECORDS: u32 = 400;

const CLIENTS: [&str; 3] = ["producer", "consumer", "reader"];

/// When the last fault is over.
const HEALED: Duration = Duration::from_secs(12);

/// What a trial came to.
#[derive(Debug, PartialEq)]
struct Ended {
    acked: u32,
    read: usize,
    read_back: usize,
    violations: Vec<String>,
    lost: usize,
    transcript: Vec<String>,
}

fn config() -> Config {
    let properties = [
        ("listeners", "PLAINTEXT://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093"),
        ("advertised.listeners", "PLAINTEXT://broker:9092"),
    ];
    Config::parse(&BTreeMap::from(properties.map(|(name, value)| (name.to_owned(), value.to_owned())))).unwrap()
}

/// One incarnation of the broker.
async fn broker(seed: u64, witness: Witness) -> turmoil::Result {
    let (incarnation, tap) = witness.started();
    let network = Arc::new(Turmoil::tapped(Draw::seeded(seed).of("broker"), incarnation, tap));
    let listener = network.bind(&Endpoint { host: Str::default(), port: 9092 }).await?;
    let open = |io: &mut wire::Io<'_, Broker>| Broker::open(config(), seed + u64::from(incarnation), io);
    let (mut driver, _handle) = Driver::new(network, witness.clone(), clock(), open)?;
    witness.opened();
    driver.listen("PLAINTEXT".into(), listener);
    let told = witness.clone();
    let reason = driver
        .run(move |said| match said {
            Told::Event(event) => told.tell(&Fact::Stated { node: NODE, event }),
            Told::Done(_, done) => match done {},
        })
        .await;
    Err(format!("the broker halted: {reason:?}").into())
}

fn trial(seed: u64, death: Stop) -> Ended {
    let mut builder = turmoil::Builder::new();
    builder
        .rng_seed(seed)
        .epoch(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
        .simulation_duration(Duration::from_secs(120))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(8))
        .tcp_capacity(1 << 16);
    let mut sim = builder.build();
    let witness = Witness::new(seed, config());
    let host = witness.clone();
    sim.host("broker", move || broker(seed, host.clone()));
    let (acked, read, read_back) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));

    let (told, count) = (witness.clone(), acked.clone());
    sim.client("producer", async move {
        App::open(Role::Admin, 1, seed, &told).create(PARTITIONS).await;
        count.set(App::open(Role::Producer, 2, seed, &told).produce(RECORDS, PARTITIONS).await);
        Ok(())
    });
    let (told, count) = (witness.clone(), read.clone());
    sim.client("consumer", async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        count.set(App::open(Role::Consumer, 3, seed, &told).consume(PARTITIONS, u32::MAX, HEALED * 2).await);
        Ok(())
    });
    let (told, count, sent) = (witness.clone(), read_back.clone(), acked.clone());
    sim.client("reader", async move {
        while sent.get() == 0 || turmoil::sim_elapsed().unwrap_or_default() < HEALED * 2 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        count.set(App::open(Role::Consumer, 4, seed, &told).consume(PARTITIONS, 3, Duration::MAX).await);
        Ok(())
    });
    go_through(&mut sim, &witness, death);
    let (violations, lost, transcript) = witness.finish();
    Ended { acked: acked.get(), read: read.get(), read_back: read_back.get(), violations, lost, transcript }
}

/// The faults, at their times: a short stall, a partition that kills its streams, a crash, a bounce.
fn go_through(sim: &mut Sim<'_>, witness: &Witness, death: Stop) {
    type Fault = fn(&mut Sim<'_>, &Witness, Stop);
    let faults: [(u64, Fault); 7] = [
        (2_000, |sim, _, _| sim.hold("producer", "broker")),
        (2_500, |sim, _, _| sim.release("producer", "broker")),
        (3_000, |sim, _, _| sim.partition("consumer", "broker")),
        (6_000, |sim, _, _| sim.repair("consumer", "broker")),
        // A machine that dies says no goodbye: its links go first.
        (7_000, |sim, witness, death| {
            CLIENTS.iter().for_each(|client| sim.partition(*client, "broker"));
            sim.crash("broker");
            witness.died(death);
        }),
        (8_000, |sim, _, _| {
            CLIENTS.iter().for_each(|client| sim.repair(*client, "broker"));
            sim.bounce("broker");
        }),
        (12_000, |_, witness, _| witness.tell(&Fact::Healed {})),
    ];
    let mut faults = faults.into_iter().peekable();
    while !sim.step().unwrap() {
        while let Some((_, fault)) = faults.next_if(|(at, _)| sim.elapsed() >= Duration::from_millis(*at)) {
            fault(sim, witness, death);
        }
    }
}

#[test]
fn what_is_acknowledged_survives_a_stall_a_partition_a_crash_and_a_bounce() {
    let ended = trial(1, Stop::Kill);
    assert_eq!((ended.violations.as_slice(), ended.lost), (&[][..], 0));
    let told = |what: &str| ended.transcript.iter().filter(|line| line.contains(what)).count();
    assert_eq!(told("Started"), 2, "the broker was started again");
    assert!(told("Retrying") > 0, "the crash was felt");
    assert!(ended.acked > RECORDS / 2 && ended.read_back >= ended.acked as usize && ended.read > 0, "{ended:?}");
}

#[test]
fn what_a_power_loss_takes_from_the_page_cache_is_noticed() {
    let ended = trial(3, Stop::PowerLoss);
    assert_eq!(ended.violations, Vec::<String>::new());
    assert!(ended.lost > 0, "acknowledged records that were never synced are gone, and the court attributes it");
}

#[test]
fn the_same_seed_gives_the_same_trial() {
    let (one, two) = (trial(7, Stop::Kill), trial(7, Stop::Kill));
    let differ = one.transcript.iter().zip(&two.transcript).find(|(a, b)| a != b);
    assert_eq!(differ, None);
    assert_eq!(one, two);
    assert_ne!(one.transcript, trial(8, Stop::Kill).transcript);
}
