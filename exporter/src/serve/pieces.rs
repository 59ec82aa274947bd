//! An answer on its way: pieces go to the client while later ones are still being written.
//!
//! The writer holds the scanner, so it waits only a moment for a client that is slower than it. After that the pieces
//! are kept for the client, of a few such clients at a time; others are cut off.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::Frame;
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Pieces that are ready and not yet taken.
const READY: usize = 4;
/// How long the writer waits for one client in all.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long an answer is kept for a client that does not take it.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// So many clients may have their answers kept.
pub(crate) const SLOW_CLIENTS: usize = 4;

enum Piece {
    Text(Bytes),
    /// Without it the answer is not whole.
    End,
}

/// Where the writer puts pieces. Blocks, so it belongs to a thread of its own.
pub(crate) struct Writer {
    ready: mpsc::Sender<Piece>,
    runtime: Handle,
    patience: Duration,
    slow_clients: Arc<Semaphore>,
    /// What a slow client has still to get.
    kept: Option<(OwnedSemaphorePermit, Vec<Bytes>)>,
}

/// The body of the answer: pieces in their order. It fails where the writer did, so that half an answer is not taken for
/// a whole one.
pub(crate) struct Pieces {
    ready: mpsc::Receiver<Piece>,
    over: bool,
}

/// Both ends. `slow_clients` is shared by all answers.
pub(crate) fn channel(slow_clients: Arc<Semaphore>) -> (Writer, Pieces) {
    let (sender, receiver) = mpsc::channel(READY);
    let writer = Writer { ready: sender, runtime: Handle::current(), patience: PATIENCE, slow_clients, kept: None };
    (writer, Pieces { ready: receiver, over: false })
}

impl Writer {
    /// Hands a piece on.
    pub(crate) fn write(&mut self, piece: Vec<u8>) -> io::Result<()> {
        let piece = Bytes::from(piece);
        if let Some((_, kept)) = &mut self.kept {
            kept.push(piece);
            return if self.ready.is_closed() { Err(gone()) } else { Ok(()) };
        }
        let begun = Instant::now();
        let sent = self.runtime.block_on(self.ready.send_timeout(Piece::Text(piece), self.patience));
        self.patience = self.patience.saturating_sub(begun.elapsed());
        match sent {
            Ok(()) => Ok(()),
            Err(SendTimeoutError::Timeout(Piece::Text(piece))) => {
                let place = self.slow_clients.clone().try_acquire_owned().map_err(|_| {
                    io::Error::new(io::ErrorKind::TimedOut, "the client is slow, and so are too many others")
                })?;
                self.kept = Some((place, vec![piece]));
                Ok(())
            }
            Err(_) => Err(gone()),
        }
    }

    /// The answer is whole. What is kept follows as the client takes it; nobody waits for that.
    pub(crate) fn finish(self) {
        let Writer { ready, runtime, kept, .. } = self;
        runtime.spawn(async move {
            let (place, kept) = kept.unzip();
            for piece in kept.into_iter().flatten() {
                if ready.send_timeout(Piece::Text(piece), KEPT_FOR).await.is_err() {
                    return;
                }
            }
            drop(place);
            let _ = ready.send_timeout(Piece::End, KEPT_FOR).await;
        });
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the client has gone")
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.over {
            return Poll::Ready(None);
        }
        self.ready.poll_recv(context).map(|piece| match piece {
            Some(Piece::Text(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Piece::End) => {
                self.over = true;
                None
            }
            None => {
                self.over = true;
                Some(Err(io::Error::other("the answer is not whole")))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    fn places() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(1))
    }

    /// Writes so many pieces of one byte on a thread of its own, and says what came of it.
    async fn write(mut writer: Writer, pieces: usize) -> io::Result<()> {
        let work = move || {
            (0..pieces).try_for_each(|n| writer.write(vec![n as u8]))?;
            writer.finish();
            Ok(())
        };
        tokio::task::spawn_blocking(work).await.expect("no panic")
    }

    #[tokio::test]
    async fn who_reads_gets_everything_in_its_order() {
        let (writer, pieces) = channel(places());
        let (written, read) = tokio::join!(write(writer, 200), pieces.collect());
        written.expect("taken");
        assert_eq!(read.expect("whole").to_bytes(), (0..200).collect::<Vec<u8>>());
    }

    #[tokio::test]
    async fn who_reads_late_gets_everything_and_keeps_nobody_waiting() {
        let (writer, pieces) = channel(places());
        write(writer, 200).await.expect("kept");
        assert_eq!(pieces.collect().await.expect("whole").to_bytes().len(), 200);
    }

    #[tokio::test]
    async fn too_many_who_read_late_are_cut_off_and_know_it() {
        let places = places();
        let (first, kept) = channel(places.clone());
        write(first, 200).await.expect("kept");
        let (second, cut) = channel(places.clone());
        assert_eq!(write(second, 200).await.expect_err("no place").kind(), io::ErrorKind::TimedOut);
        assert!(cut.collect().await.is_err());
        kept.collect().await.expect("whole");
        let (third, pieces) = channel(places);
        write(third, 200).await.expect("there is a place again");
        pieces.collect().await.expect("whole");
    }

    #[tokio::test]
    async fn nothing_is_kept_for_ever() {
        let places = places();
        let (writer, pieces) = channel(places.clone());
        write(writer, 200).await.expect("kept");
        assert_eq!(places.available_permits(), 0);
        tokio::time::pause();
        tokio::time::sleep(KEPT_FOR * 2).await;
        assert_eq!(places.available_permits(), 1);
        assert!(pieces.collect().await.is_err());
    }

    #[tokio::test]
    async fn nothing_is_written_for_who_has_gone() {
        let (writer, pieces) = channel(places());
        drop(pieces);
        assert_eq!(write(writer, 200).await.expect_err("gone").kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn an_answer_whose_writer_fails_is_not_taken_for_whole() {
        let (mut writer, pieces) = channel(places());
        tokio::task::spawn_blocking(move || writer.write(vec![1])).await.expect("no panic").expect("taken");
        assert!(pieces.collect().await.is_err());
    }
}
