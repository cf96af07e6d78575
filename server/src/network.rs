//! The network that the driver is generic over: bind, accept, connect. [`Tcp`] is the real one; tests bring turmoil's.

use std::future::Future;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use wire::{Endpoint, Str};

/// Where a driver's connections come from.
pub trait Network: Send + Sync + 'static {
    /// One connection.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;
    /// A bound port.
    type Listener: Send + 'static;

    /// Binds a port.
    fn bind(&self, at: &Endpoint) -> impl Future<Output = io::Result<Self::Listener>> + Send;
    /// Waits for the next connection; also says who connected.
    fn accept(&self, listener: &mut Self::Listener) -> impl Future<Output = io::Result<(Self::Stream, Str)>> + Send;
    /// Connects.
    fn connect(&self, to: &Endpoint) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// TCP, with TCP_NODELAY: an answer never waits for an acknowledgement of the one before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Network for Tcp {
    type Stream = TcpStream;
    type Listener = TcpListener;

    async fn bind(&self, at: &Endpoint) -> io::Result<TcpListener> {
        TcpListener::bind((at.host.as_str(), at.port)).await
    }

    async fn accept(&self, listener: &mut TcpListener) -> io::Result<(TcpStream, Str)> {
        let (stream, remote) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream, remote.to_string().into()))
    }

    async fn connect(&self, to: &Endpoint) -> io::Result<TcpStream> {
        let stream = TcpStream::connect((to.host.as_str(), to.port)).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
