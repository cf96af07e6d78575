//! The driver with TCP, files and our own clients: what was produced is there, and still there after a restart.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::unwrap_used)]

use broker_core::Config;
use client_core::{Client, Done, NewTopic, Op, Position, Record, Role, SendOutcome};
use server::{Clock, Driver, Handle, NoStorage, Serving, Tcp, Told};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, LocalSet};
use wire::{OpId, Reason, TopicPartition};

/// A log directory of the test's own, removed at its end.
struct Temp(PathBuf);

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A broker on a port that was free a moment ago.
struct Running {
    port: u16,
    handle: Handle<Infallible>,
    task: JoinHandle<Reason>,
}

impl Running {
    async fn start(dir: &Path, seed: u64) -> Running {
        Running::start_with(dir, seed, &[]).await
    }

    async fn start_with(dir: &Path, seed: u64, properties: &[(&str, &str)]) -> Running {
        let port = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (port, controller) = (port(), port());
        let listeners = format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}");
        let mut all = BTreeMap::from([("listeners".to_owned(), listeners)]);
        all.extend(properties.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
        let config = Config::parse(&all).unwrap();
        let serving = Serving::start(config, Tcp, &[dir.to_path_buf()], seed).await.unwrap();
        Running { port, handle: serving.handle(), task: tokio::task::spawn_local(serving.run()) }
    }

    async fn stop(self) -> Reason {
        self.handle.shutdown().await;
        self.task.await.unwrap()
    }
}

/// A client, and how its operations ended.
struct Application {
    handle: Handle<Op>,
    done: mpsc::UnboundedReceiver<(OpId, Done)>,
    asked: u64,
}

impl Application {
    fn open(role: Role, port: u16, properties: &[(&str, &str)]) -> Application {
        let bootstrap = format!("127.0.0.1:{port}");
        let mut all = BTreeMap::from([("bootstrap.servers".to_owned(), bootstrap)]);
        all.extend(properties.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
        let config = client_core::Config::parse(&all).unwrap();
        let (network, storage) = (Arc::new(Tcp), NoStorage::default());
        let opened = Driver::new(network, storage, Clock::real(), |_| Ok(Client::open(role, config, 7)));
        let Ok::<_, Infallible>((driver, handle)) = opened;
        let (tell, done) = mpsc::unbounded_channel();
        tokio::task::spawn_local(driver.run(move |told| {
            if let Told::Done(id, done) = told {
                let _ = tell.send((id, done));
            }
        }));
        Application { handle, done, asked: 0 }
    }

    async fn ask(&mut self, op: Op) {
        self.asked += 1;
        assert!(self.handle.op(OpId(self.asked), op).await);
    }

    async fn end(&mut self) -> Done {
        self.done.recv().await.unwrap().1
    }

    async fn call(&mut self, op: Op) -> Done {
        self.ask(op).await;
        self.end().await
    }
}

fn partition() -> TopicPartition {
    TopicPartition { topic: "t".into(), partition: 0 }
}

async fn create(port: u16) {
    let mut admin = Application::open(Role::Admin, port, &[]);
    let topic = NewTopic { name: "t".into(), partitions: 1, replication_factor: 1, configs: vec![] };
    let Done::Topics(topics) = admin.call(Op::CreateTopics(vec![topic])).await else { panic!("another answer") };
    assert_eq!(topics[0].1, 0);
}

/// Sends the numbers of a range as values, and tells the offsets that they got.
async fn produce(port: u16, acks: &str, values: std::ops::Range<u32>) -> Vec<Option<i64>> {
    let mut producer = Application::open(Role::Producer, port, &[("acks", acks), ("linger.ms", "0")]);
    for value in values.clone() {
        let record = Record { value: Some(value.to_string().into()), ..Record::default() };
        producer.ask(Op::Send { topic: "t".into(), partition: Some(0), record }).await;
    }
    let mut offsets = Vec::new();
    for _ in values {
        match producer.end().await {
            Done::Sent(SendOutcome::Acked(ack)) => offsets.push(ack.offset),
            other => panic!("{other:?}"),
        }
    }
    offsets
}

/// Polls from the beginning until so many records have come.
async fn consume(port: u16, count: usize) -> Vec<(i64, String)> {
    let mut consumer = Application::open(Role::Consumer, port, &[]);
    consumer.call(Op::Assign(vec![(partition(), Position::Earliest)])).await;
    let mut seen = Vec::new();
    while seen.len() < count {
        let Done::Polled { records, errors } = consumer.call(Op::Poll { max_records: 500, timeout_ms: 1000 }).await
        else {
            panic!("another answer")
        };
        assert_eq!(errors, []);
        let text = |record: &Record| String::from_utf8(record.value.as_deref().unwrap().to_vec()).unwrap();
        let records = records.into_iter().flat_map(|(_, records)| records);
        seen.extend(records.map(|(offset, record)| (offset, text(&record))));
    }
    seen
}

#[tokio::test]
async fn what_was_produced_over_tcp_outlives_a_restart() {
    let dir = Temp(std::env::temp_dir().join(format!("tribunal-tcp-{}", std::process::id())));
    let story = async {
        let broker = Running::start(&dir.0, 1).await;
        create(broker.port).await;
        let acked = produce(broker.port, "all", 0..300).await;
        assert_eq!(acked, (0..300).map(Some).collect::<Vec<_>>());
        let expected: Vec<(i64, String)> = (0..300).map(|n| (n, n.to_string())).collect();
        assert_eq!(consume(broker.port, 300).await, expected);
        assert_eq!(broker.stop().await, Reason::Shutdown);

        let broker = Running::start(&dir.0, 2).await;
        assert_eq!(consume(broker.port, 300).await, expected);
        assert_eq!(produce(broker.port, "1", 300..301).await, [Some(300)]);
        assert_eq!(broker.stop().await, Reason::Shutdown);
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn a_request_longer_than_the_limit_ends_its_connection_and_no_other() {
    let dir = Temp(std::env::temp_dir().join(format!("tribunal-limit-{}", std::process::id())));
    let story = async {
        let broker = Running::start_with(&dir.0, 1, &[("socket.request.max.bytes", "1000")]).await;
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", broker.port)).await.unwrap();
        stream.write_all(&1001_u32.to_be_bytes()).await.unwrap();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0, "closed before the frame came");
        create(broker.port).await;
        assert_eq!(produce(broker.port, "all", 0..3).await, [Some(0), Some(1), Some(2)]);
        assert_eq!(consume(broker.port, 3).await.len(), 3);
        assert_eq!(broker.stop().await, Reason::Shutdown);
    };
    LocalSet::new().run_until(story).await;
}
