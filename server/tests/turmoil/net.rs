//! turmoil's network behind the server's trait. Reads come in pieces of random size: a stream has no frames. What passes on the broker's
//! connections is read along, frame by frame.

use bytes::Bytes;
use server::Network;
use sim::Draw;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil::net::{TcpListener, TcpStream};
use wire::{Endpoint, Str};

/// The simulated network as one host sees it.
pub(crate) struct Turmoil {
    draw: Draw,
    streams: AtomicU64,
    /// Who reads along on accepted connections, and the first one's number.
    tap: Option<(Sender<Passed>, u32)>,
}

/// A frame that passed on a connection of the broker, and the connection's number in the run.
pub(crate) enum Passed {
    Request(u32, Bytes),
    Answer(u32, Bytes),
}

impl Turmoil {
    pub(crate) fn new(draw: Draw) -> Turmoil {
        Turmoil { draw, streams: AtomicU64::new(0), tap: None }
    }

    /// The network of a broker's incarnation.
    pub(crate) fn tapped(draw: Draw, incarnation: u32, tap: Sender<Passed>) -> Turmoil {
        Turmoil { tap: Some((tap, incarnation * 10_000)), ..Turmoil::new(draw.at(incarnation.into())) }
    }

    fn choppy(&self, stream: TcpStream, accepted: bool) -> Choppy {
        let number = self.streams.fetch_add(1, Ordering::Relaxed);
        let tap = self.tap.clone().filter(|_| accepted).map(|(tell, first)| Tap {
            link: first + number as u32,
            tell,
            requests: Vec::new(),
            answers: Vec::new(),
        });
        Choppy { stream, draw: self.draw.of("stream").at(number), reads: 0, tap }
    }
}

/// Cuts what passes into frames.
struct Tap {
    link: u32,
    tell: Sender<Passed>,
    requests: Vec<u8>,
    answers: Vec<u8>,
}

impl Tap {
    fn request(&mut self, bytes: &[u8]) {
        self.requests.extend_from_slice(bytes);
        while let Some(frame) = cut(&mut self.requests) {
            let _ = self.tell.send(Passed::Request(self.link, frame));
        }
    }

    fn answer(&mut self, bytes: &[u8]) {
        self.answers.extend_from_slice(bytes);
        while let Some(frame) = cut(&mut self.answers) {
            let _ = self.tell.send(Passed::Answer(self.link, frame));
        }
    }
}

fn cut(bytes: &mut Vec<u8>) -> Option<Bytes> {
    let length = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
    let frame = Bytes::copy_from_slice(bytes.get(4..4 + length)?);
    bytes.drain(..4 + length);
    Some(frame)
}

impl Network for Turmoil {
    type Stream = Choppy;
    type Listener = TcpListener;

    async fn bind(&self, at: &Endpoint) -> io::Result<TcpListener> {
        TcpListener::bind(("0.0.0.0", at.port)).await
    }

    async fn accept(&self, listener: &mut TcpListener) -> io::Result<(Choppy, Str)> {
        let (stream, remote) = listener.accept().await?;
        Ok((self.choppy(stream, true), remote.to_string().into()))
    }

    async fn connect(&self, to: &Endpoint) -> io::Result<Choppy> {
        Ok(self.choppy(TcpStream::connect((to.host.as_str(), to.port)).await?, false))
    }
}

/// A stream that gives at most a few bytes at a time, and sometimes many.
pub(crate) struct Choppy {
    stream: TcpStream,
    draw: Draw,
    reads: u64,
    tap: Option<Tap>,
}

impl AsyncRead for Choppy {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; 4096];
        let draw = self.draw.at(self.reads);
        let most = if draw.permille(500) { 4096 } else { 1 + draw.of("size").below(64) };
        let mut piece = ReadBuf::new(&mut bytes);
        let mut piece = piece.take(buf.remaining().min(usize::try_from(most).unwrap_or(1)));
        std::task::ready!(Pin::new(&mut self.stream).poll_read(cx, &mut piece))?;
        buf.put_slice(piece.filled());
        let read = piece.filled().len();
        if let Some(tap) = &mut self.tap {
            tap.request(&bytes[..read]);
        }
        self.reads += 1;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Choppy {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        if let Some(tap) = &mut self.tap {
            tap.answer(&bytes[..written]);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
