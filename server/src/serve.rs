//! A broker on real files and a real network, from its configuration to its end.

use crate::disk::RealDisk;
use crate::driver::{Clock, Driver, Handle, Told};
use crate::network::Network;
use broker_core::{Broker, Config, OpenError};
use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use wire::Reason;

/// Why a broker could not be started. The text says what an operator can do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A log directory cannot be taken.
    #[error("cannot take log.dirs {0:?}: {1}; another process may have them, or they may not be writable")]
    LogDirs(Vec<PathBuf>, io::Error),
    /// A listener's port cannot be bound.
    #[error("cannot listen on {0}: {1}; another process may have the port")]
    Bind(String, io::Error),
    /// The broker refuses what it found on its disk.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A broker that is about to run.
pub struct Serving<W> {
    driver: Driver<Broker, W, RealDisk>,
    handle: Handle<Infallible>,
}

impl<W: Network> Serving<W> {
    /// Binds the listeners of the configuration, takes the log directories and recovers what is in them. From here on connections wait
    /// to be accepted; `seed` must differ from start to start: two starts with one seed would be one incarnation to the controller.
    pub async fn start(config: Config, network: W, log_dirs: &[PathBuf], seed: u64) -> Result<Serving<W>, ServeError> {
        let network = Arc::new(network);
        let mut bound = Vec::new();
        for listener in &config.listeners {
            let at = &listener.endpoint;
            let refused = |error| ServeError::Bind(format!("{}:{}", at.host, at.port), error);
            bound.push((listener.name.clone(), network.bind(at).await.map_err(refused)?));
        }
        let most = u32::try_from(config.number("socket.request.max.bytes")).unwrap_or(u32::MAX);
        let disk = RealDisk::new(log_dirs).map_err(|error| ServeError::LogDirs(log_dirs.to_vec(), error))?;
        let (mut driver, handle) = Driver::new(network, disk, Clock::real(), |io| Broker::open(config, seed, io))?;
        driver.limit_frames(most);
        for (name, port) in bound {
            driver.listen(name, port);
        }
        Ok(Serving { driver, handle })
    }

    /// Asks for a controlled shutdown, from anywhere.
    #[must_use]
    pub fn handle(&self) -> Handle<Infallible> {
        self.handle.clone()
    }

    /// Runs until the broker halts.
    pub async fn run(self) -> Reason {
        self.driver
            .run(|told| match told {
                Told::Event(event) => tracing::debug!(name = event.name(), ?event, "broker"),
                Told::Done(_, done) => match done {},
            })
            .await
    }
}

/// Serves until `stop` is ready, then shuts down cleanly; ends earlier if the broker halts of its own.
pub async fn serve<W: Network>(
    config: Config,
    network: W,
    log_dirs: &[PathBuf],
    seed: u64,
    stop: impl Future<Output = ()>,
) -> Result<Reason, ServeError> {
    let serving = Serving::start(config, network, log_dirs, seed).await?;
    let handle = serving.handle();
    let shutdown = async {
        stop.await;
        handle.shutdown().await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        reason = serving.run() => Ok(reason),
        () = shutdown => Ok(Reason::Shutdown),
    }
}
