//! The bytes of an answer: gathered, or handed on in pieces so that the whole of it never stands in memory.

use std::io::{self, Write as _};

use flate2::write::GzEncoder;

use crate::own::{Spent, Stopwatch};

/// Text is handed to the compressor, and to the outlet, in pieces of about this size.
const PIECE_BYTES: usize = 64 << 10;
/// On 9.8 MB of series of 10,000 processes, level 1 took 10 ms for 1.21 MB, 2 took 16 ms for 0.87 MB, 3 took 23 ms for
/// 0.79 MB and 6 took 66 ms for 0.70 MB; the scan before it takes over 300 ms. Past 2, the bytes saved cost more than they are worth.
const LEVEL: u32 = 2;

/// How an answer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// `Content-Encoding: gzip`.
    Gzip,
}

/// Where pieces of the answer go as they are finished.
pub(crate) type Outlet<'a> = &'a mut dyn FnMut(Vec<u8>) -> io::Result<()>;

/// The answer so far.
pub(crate) struct Body<'a> {
    /// Where text is written: all of it, or what is neither compressed nor handed on yet.
    pub(crate) text: Vec<u8>,
    gzip: Option<GzEncoder<Vec<u8>>>,
    outlet: Option<Outlet<'a>>,
    /// Bytes that have left `text`.
    spilled: usize,
    compressing: Spent,
}

/// The end of an answer.
#[derive(Debug)]
pub struct Finished {
    /// What was not handed on.
    pub rest: Vec<u8>,
    /// The length of the whole answer before compression.
    pub bytes: usize,
    /// What compressing took since it was last asked for.
    pub(crate) compressing: Spent,
}

impl<'a> Body<'a> {
    /// Without an outlet everything is gathered.
    pub(crate) fn new(compression: Compression, outlet: Option<Outlet<'a>>) -> Body<'a> {
        let gzip = match compression {
            Compression::None => None,
            Compression::Gzip => Some(GzEncoder::new(Vec::new(), flate2::Compression::new(LEVEL))),
        };
        Body { text: piece(), gzip, outlet, spilled: 0, compressing: Spent::default() }
    }

    /// Compresses and hands on what has gathered, where that is enough to be worth it.
    pub(crate) fn spill(&mut self) -> io::Result<()> {
        if self.text.len() < PIECE_BYTES {
            return Ok(());
        }
        match (&mut self.gzip, &mut self.outlet) {
            (None, None) => {}
            (None, Some(outlet)) => {
                self.spilled += self.text.len();
                outlet(std::mem::replace(&mut self.text, piece()))?;
            }
            (Some(gzip), outlet) => {
                let watch = Stopwatch::start();
                gzip.write_all(&self.text)?;
                watch.add_to(&mut self.compressing);
                self.spilled += self.text.len();
                self.text.clear();
                if let Some(outlet) = outlet
                    && gzip.get_ref().len() >= PIECE_BYTES
                {
                    outlet(std::mem::replace(gzip.get_mut(), piece()))?;
                }
            }
        }
        Ok(())
    }

    /// What compressing took since this was last asked.
    pub(crate) fn compressing(&mut self) -> Spent {
        std::mem::take(&mut self.compressing)
    }

    /// Compresses the rest.
    pub(crate) fn finish(self) -> io::Result<Finished> {
        let Body { text, gzip, spilled, mut compressing, .. } = self;
        let bytes = spilled + text.len();
        let rest = match gzip {
            None => text,
            Some(mut gzip) => {
                let watch = Stopwatch::start();
                gzip.write_all(&text)?;
                let rest = gzip.finish()?;
                watch.add_to(&mut compressing);
                rest
            }
        };
        Ok(Finished { rest, bytes, compressing })
    }
}

/// Room for a piece, and for the samples of one process more.
fn piece() -> Vec<u8> {
    Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    const LINES: usize = 100_000;

    /// Pieces that were handed on, and what was left.
    fn written(compression: Compression, hand_on: bool) -> (Vec<Vec<u8>>, Vec<u8>, usize) {
        let mut pieces = Vec::new();
        let mut outlet = |piece: Vec<u8>| {
            pieces.push(piece);
            Ok(())
        };
        let mut body = Body::new(compression, if hand_on { Some(&mut outlet) } else { None });
        for n in 0..LINES {
            writeln!(body.text, "line {n}").expect("memory");
            body.spill().expect("spill");
        }
        let Finished { rest, bytes, .. } = body.finish().expect("finish");
        (pieces, rest, bytes)
    }

    #[test]
    fn what_is_unpacked_is_what_was_written() {
        let expected: String = (0..LINES).map(|n| format!("line {n}\n")).collect();
        for hand_on in [false, true] {
            for compression in [Compression::None, Compression::Gzip] {
                let (pieces, rest, bytes) = written(compression, hand_on);
                assert_eq!(bytes, expected.len());
                assert_eq!(pieces.len() > 1, hand_on);
                assert!(pieces.iter().all(|piece| piece.len() < 2 * PIECE_BYTES));
                let body = [pieces.concat(), rest].concat();
                let mut unpacked = Vec::new();
                match compression {
                    Compression::None => unpacked = body,
                    Compression::Gzip => {
                        assert!(body.len() < expected.len() / 2);
                        flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut unpacked).expect("gzip");
                    }
                }
                assert!(unpacked == expected.as_bytes());
            }
        }
    }

    #[test]
    fn nobody_is_written_for_who_has_gone() {
        let mut outlet = |_| Err(io::ErrorKind::BrokenPipe.into());
        let mut body = Body::new(Compression::None, Some(&mut outlet));
        body.text.resize(PIECE_BYTES, b'x');
        assert_eq!(body.spill().expect_err("gone").kind(), io::ErrorKind::BrokenPipe);
    }
}
