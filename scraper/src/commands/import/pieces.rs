//! A stream of text in pieces of whole lines, so that a file of any size is parsed in bounded memory.

use std::io::{self, Read};

/// How much is read before the next piece is given out.
const PIECE_BYTES: usize = 4 << 20;
/// A line that is longer is refused: no exposition has one, and it would have to be held whole.
const LINE_BYTES: usize = 16 << 20;

/// Whole lines of a stream.
#[derive(Debug)]
pub(crate) struct Piece {
    /// The number of the first line, counted from 1.
    pub(crate) first_line: usize,
    /// The lines, each with its end; at the end of the stream the last may lack it.
    pub(crate) bytes: Vec<u8>,
}

/// Cuts a stream at line ends.
pub(crate) struct Pieces<R> {
    input: R,
    /// Bytes behind the last line end that was given out.
    rest: Vec<u8>,
    next_line: usize,
    ended: bool,
    piece_bytes: usize,
    line_bytes: usize,
}

impl<R: Read> Pieces<R> {
    /// The pieces of a stream.
    pub(crate) fn new(input: R) -> Self {
        Pieces { input, rest: Vec::new(), next_line: 1, ended: false, piece_bytes: PIECE_BYTES, line_bytes: LINE_BYTES }
    }

    /// The next piece, `None` at the end.
    pub(crate) fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        let mut bytes = std::mem::take(&mut self.rest);
        let mut searched = 0;
        while !self.ended {
            self.ended = (&mut self.input).take(self.piece_bytes as u64).read_to_end(&mut bytes)? < self.piece_bytes;
            if let Some(at) = memchr::memrchr(b'\n', &bytes[searched..]) {
                if !self.ended {
                    self.rest = bytes.split_off(searched + at + 1);
                }
                break;
            }
            if bytes.len() > self.line_bytes {
                let message = format!("line {} is longer than {} bytes", self.next_line, self.line_bytes);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            searched = bytes.len();
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let first_line = self.next_line;
        self.next_line += memchr::memchr_iter(b'\n', &bytes).count();
        Ok(Some(Piece { first_line, bytes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A stream that gives what it has in small portions, as a pipe does.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(into.len()).min(self.0.len());
            into[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn pieces(input: &[u8], dribble: usize, piece_bytes: usize, line_bytes: usize) -> io::Result<Vec<Piece>> {
        let mut pieces = Pieces { piece_bytes, line_bytes, ..Pieces::new(Dribble(input, dribble)) };
        let mut all = Vec::new();
        while let Some(piece) = pieces.next_piece()? {
            all.push(piece);
        }
        Ok(all)
    }

    #[test]
    fn a_line_has_a_bound() {
        assert_eq!(pieces(b"a\nbbbbbbbb\nc", 3, 2, 8).unwrap().len(), 3);
        assert_eq!(pieces(b"a\nbbbbbbbbbbbb\nc", 3, 2, 8).unwrap_err().to_string(), "line 2 is longer than 8 bytes");
    }

    proptest! {
        #[test]
        fn pieces_are_the_stream_cut_at_line_ends(
            text in "[ab\n]{0,60}", dribble in 1usize..9, piece_bytes in 1usize..9
        ) {
            let all = pieces(text.as_bytes(), dribble, piece_bytes, 1000).unwrap();
            let joined: Vec<u8> = all.iter().flat_map(|p| p.bytes.clone()).collect();
            prop_assert_eq!(&joined, text.as_bytes());
            let mut line = 1;
            for (i, piece) in all.iter().enumerate() {
                prop_assert_eq!(piece.first_line, line);
                prop_assert!(i + 1 == all.len() || piece.bytes.ends_with(b"\n"));
                line += piece.bytes.iter().filter(|b| **b == b'\n').count();
            }
        }
    }
}
