//! One connection: a reader that cuts length-prefixed frames and waits for permission between them, and a writer that grants it.
//!
//! The writer takes its orders in sequence, so `Next` opens the reader exactly when every answer queued before has been written:
//! that is Kafka's muted channel. A frame's length is checked before memory is taken, and memory grows only as bytes arrive.

use bytes::Bytes;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, BufWriter};
use tokio::sync::mpsc;

/// What a frame's buffer begins with, whatever length the peer announced.
const FIRST_BYTES: usize = 64 << 10;

/// What the driver tells a connection's writer.
pub(crate) enum Order {
    /// Write a frame.
    Send(Bytes),
    /// Let the reader go on.
    Next,
    /// Close.
    Close,
}

/// Reads frames and hands them to `deliver` until the peer closes, breaks the framing, or nobody listens any more. The first
/// frame comes unasked; each later one waits for a word on `next`.
pub(crate) async fn read_frames<R, F>(
    stream: R,
    max_bytes: u32,
    mut next: mpsc::UnboundedReceiver<()>,
    mut deliver: impl FnMut(Bytes) -> F,
) where
    R: AsyncRead + Unpin,
    F: Future<Output = bool>,
{
    let mut stream = BufReader::new(stream);
    while let Ok(Some(frame)) = read_frame(&mut stream, max_bytes).await {
        if !deliver(frame).await || next.recv().await.is_none() {
            return;
        }
    }
}

/// One frame; None at a clean end. A length below zero or above the limit is an error, before any memory is taken for it.
async fn read_frame<R: AsyncRead + Unpin>(stream: &mut R, max_bytes: u32) -> io::Result<Option<Bytes>> {
    let mut prefix = [0; 4];
    if stream.read(&mut prefix[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut prefix[1..]).await?;
    let len = u32::try_from(i32::from_be_bytes(prefix)).ok().filter(|&len| len <= max_bytes);
    let len = len.ok_or(io::ErrorKind::InvalidData)? as usize;
    let mut body = Vec::with_capacity(len.min(FIRST_BYTES));
    stream.take(len as u64).read_to_end(&mut body).await?;
    if body.len() < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(body.into()))
}

/// Carries out orders until it is told to close, the driver lets go, or the peer is gone. What was queued is written first.
pub(crate) async fn write_frames<W: AsyncWrite + Unpin>(
    stream: W,
    mut orders: mpsc::UnboundedReceiver<Order>,
    next: mpsc::UnboundedSender<()>,
) {
    let mut stream = BufWriter::new(stream);
    let mut written = async || -> io::Result<()> {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Send(frame) => write_frame(&mut stream, &frame).await?,
                Order::Next => {
                    stream.flush().await?;
                    let _ = next.send(());
                }
                Order::Close => break,
            }
            if orders.is_empty() {
                stream.flush().await?;
            }
        }
        stream.shutdown().await
    };
    if let Err(error) = written().await {
        tracing::debug!(%error, "connection lost while writing");
    }
}

async fn write_frame<W: AsyncWrite + Unpin>(stream: &mut W, frame: &Bytes) -> io::Result<()> {
    let len = i32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    stream.write_all(&len.to_be_bytes()).await?;
    stream.write_all(frame).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::ReadBuf;

    /// Feeds bytes and tells which frames come out, if the reader is always let on.
    async fn frames(bytes: &[u8], max_bytes: u32) -> Vec<Bytes> {
        let (go, next) = mpsc::unbounded_channel();
        let mut seen = Vec::new();
        read_frames(bytes, max_bytes, next, |frame| {
            seen.push(frame);
            let _ = go.send(());
            std::future::ready(true)
        })
        .await;
        seen
    }

    #[tokio::test]
    async fn frames_are_cut_and_bad_lengths_end_the_connection() {
        let table: [(&[u8], &[&[u8]]); 6] = [
            (b"", &[]),
            (b"\0\0\0\x02ab\0\0\0\0\0\0\0\x01c", &[b"ab", b"", b"c"]),
            (b"\0\0\0\x02ab\0\0\0\x05cd", &[b"ab"]),
            (b"\xff\xff\xff\xffab", &[]),
            (b"\0\0\0\x09123456789", &[]),
            (b"\0\0", &[]),
        ];
        for (bytes, expected) in table {
            assert_eq!(frames(bytes, 8).await, expected, "{bytes:?}");
        }
    }

    /// Sends what it has, and remembers the largest buffer that it was offered.
    struct Stingy<'a>(&'a [u8], usize);

    impl AsyncRead for Stingy<'_> {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            self.1 = self.1.max(buf.remaining());
            Pin::new(&mut self.0).poll_read(cx, buf)
        }
    }

    #[tokio::test]
    async fn an_announced_length_takes_no_memory_that_the_peer_has_not_sent() {
        let mut bytes = Vec::from((100_i32 << 20).to_be_bytes());
        bytes.extend_from_slice(&[7; 1000]);
        let mut peer = Stingy(&bytes, 0);
        let error = read_frame(&mut peer, 100 << 20).await.unwrap_err();
        assert_eq!((error.kind(), peer.1 <= FIRST_BYTES), (io::ErrorKind::UnexpectedEof, true));
    }

    #[tokio::test]
    async fn the_next_frame_waits_until_the_answer_is_written() {
        let (ours, mut theirs) = tokio::io::duplex(8);
        let (read, write) = tokio::io::split(ours);
        let (orders, order) = mpsc::unbounded_channel();
        let (go, next) = mpsc::unbounded_channel();
        let (seen, mut frames) = mpsc::unbounded_channel();
        tokio::spawn(write_frames(write, order, go));
        tokio::spawn(read_frames(read, 100, next, move |frame| std::future::ready(seen.send(frame).is_ok())));

        theirs.write_all(b"\0\0\0\x01a").await.unwrap();
        assert_eq!(frames.recv().await.unwrap(), "a");
        theirs.write_all(b"\0\0\0\x01b").await.unwrap();
        orders.send(Order::Send(Bytes::from_static(&[9; 40]))).ok().unwrap();
        orders.send(Order::Next).ok().unwrap();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(frames.try_recv().is_err(), "the answer does not fit the pipe, so nothing more is read");
        let mut answer = [0; 44];
        theirs.read_exact(&mut answer).await.unwrap();
        assert_eq!(frames.recv().await.unwrap(), "b");
        orders.send(Order::Close).ok().unwrap();
        assert_eq!(theirs.read(&mut answer).await.unwrap(), 0);
    }
}
