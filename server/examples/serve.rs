//! `serve DIR PORT`: one broker on 127.0.0.1 until it is told to end (SIGINT, SIGTERM); its files are in DIR.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use broker_core::Config;
use server::{Tcp, serve};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, port] = arguments.as_slice() else { return Err("usage: serve DIR PORT".into()) };
    let port: u16 = port.parse()?;
    let controller = port.checked_add(1).ok_or("the controller's port follows PORT")?;
    let listeners = format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}");
    let properties = BTreeMap::from([("node.id".into(), "1".into()), ("listeners".into(), listeners)]);
    let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = async {
        tokio::select! { _ = int.recv() => {}, _ = term.recv() => {} }
    };
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos() as u64;
    let reason = serve(Config::parse(&properties)?, Tcp, &[PathBuf::from(dir)], seed, stop).await?;
    eprintln!("halted: {reason:?}");
    Ok(())
}
