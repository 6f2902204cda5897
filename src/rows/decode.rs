//! Bytes to text: finds out the encoding and decodes piece by piece, never the whole file at once.
//!
//! Knows nothing of lines or fields. What it had to assume is kept as [`Trouble`], for the reader to report once it knows
//! the line.

use std::io::{self, Read};

/// How much is read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// How a file is encoded.
enum Encoding {
    /// `plain` as long as nothing but ASCII was seen.
    Utf8 {
        plain: bool,
    },
    /// UTF-8 with bytes that are none: those are replaced, and it was said.
    Broken,
    Windows1252(encoding_rs::Decoder),
    /// Of either order.
    Utf16(encoding_rs::Decoder),
}

/// A file that was encoded twice shows it early on.
const SEARCHED_BYTES: u64 = 1024 * 1024;

/// What a decoder had to assume, and at which byte of the decoded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) kind: TroubleKind,
    pub(super) offset: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TroubleKind {
    /// Not UTF-8, so taken for what Excel writes on Windows.
    Windows1252,
    /// Bytes that are no text in the encoding that the rest has.
    Invalid,
    /// UTF-8 that was read as something else and written as UTF-8 again before it came here.
    EncodedTwice,
}

/// Decodes `R`, whatever its encoding.
pub(super) struct Decoder<R> {
    input: R,
    encoding: Encoding,
    /// Bytes that were read and not yet decoded: `chunk[..pending]`.
    chunk: Vec<u8>,
    pending: usize,
    decoded: u64,
    /// The first of each kind: what follows is the same trouble again.
    troubles: Vec<Trouble>,
    ended: bool,
}

/// What a file turns out to be at its first bytes.
pub(super) enum Opened<R> {
    Text(Decoder<R>),
    /// A spreadsheet's workbook.
    Workbook,
}

/// Looks at the first bytes: byte order marks, UTF-16 without one, workbooks.
pub(super) fn open<R: Read>(mut input: R) -> io::Result<Opened<R>> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut pending = 0;
    while pending < 8 {
        match input.read(&mut chunk[pending..])? {
            0 => break,
            count => pending += count,
        }
    }
    let (encoding, mark) = match &chunk[..pending] {
        [b'P', b'K', 3, 4, ..] | [0xD0, 0xCF, 0x11, 0xE0, ..] => return Ok(Opened::Workbook),
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8 { plain: false }, 3),
        [0xFF, 0xFE, ..] => (Encoding::Utf16(encoding_rs::UTF_16LE.new_decoder_without_bom_handling()), 2),
        [0xFE, 0xFF, ..] => (Encoding::Utf16(encoding_rs::UTF_16BE.new_decoder_without_bom_handling()), 2),
        [1..=255, 0, 1..=255, 0, ..] => (Encoding::Utf16(encoding_rs::UTF_16LE.new_decoder_without_bom_handling()), 0),
        [0, 1..=255, 0, 1..=255, ..] => (Encoding::Utf16(encoding_rs::UTF_16BE.new_decoder_without_bom_handling()), 0),
        _ => (Encoding::Utf8 { plain: true }, 0),
    };
    chunk.copy_within(mark..pending, 0);
    let pending = pending - mark;
    Ok(Opened::Text(Decoder { input, encoding, chunk, pending, decoded: 0, troubles: Vec::new(), ended: false }))
}

impl<R: Read> Decoder<R> {
    /// Appends the next piece to `out`. `false` at the end of the file.
    pub(super) fn fill(&mut self, out: &mut String) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let before = out.len();
        // What is pending may be the first half of a character, so it is decoded together with what follows. Only the
        // very first piece can fill the whole chunk.
        if self.pending < self.chunk.len() {
            match self.input.read(&mut self.chunk[self.pending..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.pending += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        self.decode(out, before);
        self.decoded += (out.len() - before) as u64;
        Ok(!self.ended || out.len() > before)
    }

    /// What had to be assumed, in the order of the file.
    pub(super) fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    /// `start` is where this piece begins in `out`.
    fn decode(&mut self, out: &mut String, start: usize) {
        match &mut self.encoding {
            Encoding::Utf8 { .. } | Encoding::Broken => self.decode_utf8(out, start),
            Encoding::Windows1252(decoder) => {
                // A character that was misread may have begun in the piece before.
                let from = out.char_indices().next_back().map_or(0, |(at, _)| at);
                let pending = &self.chunk[..self.pending];
                out.reserve(decoder.max_utf8_buffer_length(pending.len()).unwrap_or(0));
                let _ = decoder.decode_to_string(pending, out, self.ended);
                self.pending = 0;
                if let Some(at) = misread_utf8(&out[from..]) {
                    self.note(TroubleKind::Invalid, from + at, start);
                }
            }
            Encoding::Utf16(decoder) => {
                let pending = &self.chunk[..self.pending];
                out.reserve(decoder.max_utf8_buffer_length(pending.len()).unwrap_or(0));
                let (_, _, had_errors) = decoder.decode_to_string(pending, out, self.ended);
                self.pending = 0;
                if had_errors {
                    let at = out[start..].find('\u{FFFD}').unwrap_or(0);
                    self.note(TroubleKind::Invalid, start + at, start);
                }
            }
        }
    }

    fn decode_utf8(&mut self, out: &mut String, start: usize) {
        let mut at = 0;
        while at < self.pending {
            let (text, fault) = match std::str::from_utf8(&self.chunk[at..self.pending]) {
                Ok(text) => (text, None),
                Err(error) => {
                    let valid = &self.chunk[at..at + error.valid_up_to()];
                    (std::str::from_utf8(valid).unwrap_or_default(), Some(error))
                }
            };
            out.push_str(text);
            at += text.len();
            if let Encoding::Utf8 { plain } = &mut self.encoding {
                *plain = *plain && text.is_ascii();
                if !*plain
                    && self.decoded < SEARCHED_BYTES
                    && let Some(found) = misread_utf8(text)
                {
                    self.note(TroubleKind::EncodedTwice, out.len() - text.len() + found, start);
                }
            }
            let Some(error) = fault else { break };
            if error.error_len().is_none() && !self.ended {
                break;
            }
            if let Encoding::Utf8 { plain: true } = self.encoding {
                self.note(TroubleKind::Windows1252, out.len(), start);
                self.keep_from(at);
                self.encoding = Encoding::Windows1252(encoding_rs::WINDOWS_1252.new_decoder_without_bom_handling());
                self.decode(out, start);
                return;
            }
            self.note(TroubleKind::Invalid, out.len(), start);
            self.encoding = Encoding::Broken;
            out.push('\u{FFFD}');
            at += error.error_len().unwrap_or(self.pending - at);
        }
        self.keep_from(at);
    }

    fn keep_from(&mut self, at: usize) {
        self.chunk.copy_within(at..self.pending, 0);
        self.pending -= at;
    }

    /// `at` is the place in what is being decoded to, where this piece begins at `start`.
    fn note(&mut self, kind: TroubleKind, at: usize, start: usize) {
        let offset = self.decoded + at as u64 - start as u64;
        if self.troubles.iter().all(|known| known.kind != kind) {
            self.troubles.push(Trouble { kind, offset });
        }
    }
}

/// Where UTF-8 was read as Windows-1252: `JoÃ£o`, `â€œ`, `ðŸŽ‰`. What may follow a capital `Ã` at the end of a word is
/// left out: quotation marks, dashes and an ellipsis.
fn misread_utf8(text: &str) -> Option<usize> {
    let starts = text.match_indices(['Ã', 'â', 'ð']);
    starts.map(|(at, _)| at).find(|at| {
        let mut next = text[*at..].chars();
        match (next.next(), next.next()) {
            (Some('Ã'), Some(c)) => {
                ('\u{a0}'..='\u{bf}').contains(&c) || "\u{81}\u{8d}\u{8f}\u{90}\u{9d}€‚ƒ„†‡ˆ‰Š‹ŒŽ•˜™š›œžŸ".contains(c)
            }
            (Some('â'), Some('€')) | (Some('ð'), Some('Ÿ')) => true,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of a given size, as a pipe or a disk might.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(out.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    type Seen = Vec<(TroubleKind, u64)>;

    fn decoded(bytes: &[u8], piece: usize) -> Option<(String, Seen)> {
        let Opened::Text(mut decoder) = open(Pieces(bytes, piece)).unwrap() else { return None };
        let mut out = String::new();
        while decoder.fill(&mut out).unwrap() {}
        Some((out, decoder.troubles().iter().map(|trouble| (trouble.kind, trouble.offset)).collect()))
    }

    #[test]
    fn encodings_are_found_out() {
        let utf16 = |text: &str, mark: &[u8], order: fn(u16) -> [u8; 2]| {
            [mark.to_vec(), text.encode_utf16().flat_map(order).collect()].concat()
        };
        let text = "nome;ação\nJoão;😀\n";
        let cases: Vec<(Vec<u8>, &str, Seen)> = vec![
            (text.as_bytes().to_vec(), text, vec![]),
            (b"\xEF\xBB\xBFnome\n".to_vec(), "nome\n", vec![]),
            (utf16(text, b"\xFF\xFE", u16::to_le_bytes), text, vec![]),
            (utf16(text, b"\xFE\xFF", u16::to_be_bytes), text, vec![]),
            (utf16(text, b"", u16::to_le_bytes), text, vec![]),
            (utf16(text, b"", u16::to_be_bytes), text, vec![]),
            (b"nome\nJo\xE3o;\x80\n".to_vec(), "nome\nJoão;€\n", vec![(TroubleKind::Windows1252, 7)]),
            ("é\n\u{FFFD}x".as_bytes().to_vec(), "é\n\u{FFFD}x", vec![]),
            (b"\xC3\xA9\nJo\xE3o\xFF".to_vec(), "é\nJo\u{FFFD}o\u{FFFD}", vec![(TroubleKind::Invalid, 5)]),
            (b"ab\xC3".to_vec(), "abÃ", vec![(TroubleKind::Windows1252, 2)]),
            (b"".to_vec(), "", vec![]),
            (
                b"Jo\xE3o\nJo\xC3\xA3o\n".to_vec(),
                "João\nJoÃ£o\n",
                vec![(TroubleKind::Windows1252, 2), (TroubleKind::Invalid, 8)],
            ),
            (
                b"Jo\xE3o AMANH\xC3\x94 \xE2 \xC3 \xCA\n".to_vec(),
                "João AMANHÃ” â Ã Ê\n",
                vec![(TroubleKind::Windows1252, 2)],
            ),
        ];
        for (bytes, expected, trouble) in cases {
            for piece in [1, 2, 3, 7, 100_000] {
                assert_eq!(
                    decoded(&bytes, piece),
                    Some((expected.to_owned(), trouble.clone())),
                    "{bytes:?} by {piece}"
                );
            }
        }
        let long = "ação;".repeat(CHUNK_BYTES);
        assert_eq!(decoded(long.as_bytes(), usize::MAX), Some((long.clone(), vec![])));
        assert!(decoded(b"PK\x03\x04rest of a workbook", 100).is_none());
    }
}
