//! Text to raw records: cuts at the line breaks that end a row, and keeps the line numbers right.
//!
//! Guards what comes after it: a quote that never closes is found within 64 KiB and costs one line, not the file; lines
//! and records have an upper limit. Does not split fields; that is the `csv` crate's work, in `reader`.

use std::io::{self, Read};
use std::ops::Range;

use super::decode::{Decoder, Trouble};
use super::quotes::{Behind, Opening, QuoteState, Reading, Shape, Sign, Swallowed, closes_itself, first_sign};

/// A quoted text that goes on over lines for longer than this is a quote that was never closed.
pub(super) const FIELD_BYTES_MAX: usize = 64 * 1024;
pub(super) const LINE_BYTES_MAX: usize = 1024 * 1024;
/// How much of a line that is too long is shown.
const LONG_LINE_SHOWN_BYTES: usize = 200;

/// One record as it stands in the file, without its line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raw {
    /// Within [`Records::text`].
    pub(super) range: Range<usize>,
    /// The line on which it starts.
    pub(super) line: u32,
    pub(super) fault: Option<RawFault>,
    /// Where within a quoted text a line stands that looks like a row of its own, and is none.
    pub(super) row_within: Option<usize>,
}

/// Why a record cannot be split into fields; byte offsets count from the record's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RawFault {
    UnclosedQuote {
        at: usize,
        behind: Behind,
    },
    /// Whether the quote at `at` begins a text, or has swallowed rows such as the one at `row`, nobody can know.
    Doubtful {
        at: usize,
        row: usize,
    },
    AfterQuote {
        at: usize,
        behind: Behind,
    },
    Nul {
        at: usize,
    },
    LongLine,
}

impl RawFault {
    /// Whether it leaves open what the lines behind the record are: taking the record out does not help.
    pub(super) fn is_of_file(self) -> bool {
        match self {
            Self::Doubtful { .. } => true,
            Self::UnclosedQuote { behind, .. } | Self::AfterQuote { behind, .. } => behind == Behind::Doubtful,
            Self::Nul { .. } | Self::LongLine => false,
        }
    }
}

/// What was seen in the file so far, so that the usual file pays for none of it.
#[derive(Debug, Default)]
struct Seen {
    quote: bool,
    carriage_return: bool,
    nul: bool,
}

/// Cuts a decoded text into records.
pub(super) struct Records<R> {
    decoder: Decoder<R>,
    buffer: String,
    /// Everything in `buffer` before this was given out.
    start: usize,
    /// The number of the line at `start`.
    line: u32,
    /// Bytes of decoded text before `buffer`.
    dropped: u64,
    ended: bool,
    seen: Seen,
    pub(super) delimiter: u8,
    pub(super) shape: Option<Shape>,
}

/// Where a line ends: before its break, and after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineEnd {
    pub(super) text: usize,
    pub(super) next: usize,
}

/// How far a record goes once its quotes are looked at.
struct Extent {
    end: LineEnd,
    lines: u32,
    fault: Option<RawFault>,
    row_within: Option<usize>,
}

impl<R: Read> Records<R> {
    pub(super) fn new(decoder: Decoder<R>) -> Self {
        Self {
            decoder,
            buffer: String::new(),
            start: 0,
            line: 1,
            dropped: 0,
            ended: false,
            seen: Seen::default(),
            delimiter: b',',
            shape: None,
        }
    }

    pub(super) fn text(&self, raw: &Raw) -> &str {
        &self.buffer[raw.range.clone()]
    }

    /// What the decoder had to assume after the first `said` troubles, if that lies before the end of `raw`: its offset
    /// from the start of `raw`.
    pub(super) fn trouble_before_end(&self, raw: &Raw, said: usize) -> Option<(Trouble, usize)> {
        let trouble = *self.decoder.troubles().get(said)?;
        let offset = usize::try_from(trouble.offset.saturating_sub(self.dropped)).unwrap_or(usize::MAX);
        (offset < raw.range.end).then(|| (trouble, offset.saturating_sub(raw.range.start)))
    }

    /// The first line that is not blank, without taking it.
    pub(super) fn peek(&mut self) -> io::Result<Option<&str>> {
        let Some(end) = self.skip_blank()? else { return Ok(None) };
        let end = end.text.min(self.buffer.floor_char_boundary(self.start + LINE_BYTES_MAX));
        Ok(Some(&self.buffer[self.start..end]))
    }

    /// Takes the line that [`Records::peek`] showed.
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        if let Some(end) = self.line_end(self.start)? {
            self.take(end, 1);
        }
        Ok(())
    }

    /// The next record that is not blank.
    pub(super) fn next(&mut self) -> io::Result<Option<Raw>> {
        self.drop_taken();
        let Some(end) = self.skip_blank()? else { return Ok(None) };
        let line = self.line;
        let start = self.start;
        if end.text - start > LINE_BYTES_MAX {
            return self.long_line(line).map(Some);
        }
        let mut record = Extent { end, lines: 1, fault: self.nul(start, end), row_within: None };
        if self.seen.quote && self.buffer[start..end.text].contains('"') {
            record = self.quotes(start, end)?;
        }
        self.take(record.end, record.lines);
        Ok(Some(Raw { range: start..record.end.text, line, fault: record.fault, row_within: record.row_within }))
    }

    /// Leaves out blank lines; where the line at `start` ends, `None` at the end of the file.
    fn skip_blank(&mut self) -> io::Result<Option<LineEnd>> {
        while let Some(end) = self.line_end(self.start)? {
            let is_blank = end.text - self.start < 1000 && self.buffer[self.start..end.text].trim().is_empty();
            if !is_blank {
                return Ok(Some(end));
            }
            self.take(end, 1);
            self.drop_taken();
        }
        Ok(None)
    }

    /// The end of the line that begins at `start`, reading on as far as needed; a line over the limit ends where the
    /// limit was found to be passed. `None` when nothing is left.
    fn line_end(&mut self, start: usize) -> io::Result<Option<LineEnd>> {
        loop {
            let rest = &self.buffer[start..];
            let newline = rest.find('\n');
            let until = &rest[..newline.unwrap_or(rest.len())];
            let lone = if self.seen.carriage_return { until.find('\r') } else { None };
            match (lone, newline) {
                (Some(at), Some(newline)) if at + 1 == newline => {
                    return Ok(Some(LineEnd { text: start + at, next: start + newline + 1 }));
                }
                (Some(at), _) if at + 1 < rest.len() || self.ended => {
                    return Ok(Some(LineEnd { text: start + at, next: start + at + 1 }));
                }
                (None, Some(end)) => return Ok(Some(LineEnd { text: start + end, next: start + end + 1 })),
                (Some(_) | None, _) if self.ended || rest.len() > LINE_BYTES_MAX + 1 => {
                    let end = self.buffer.len();
                    return Ok((end > start).then_some(LineEnd { text: end, next: end }));
                }
                (Some(_) | None, _) => self.fill()?,
            }
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let before = self.buffer.len();
        self.ended = !self.decoder.fill(&mut self.buffer)?;
        let new = &self.buffer[before..];
        self.seen.quote |= new.contains('"');
        self.seen.carriage_return |= new.contains('\r');
        self.seen.nul |= new.contains('\0');
        Ok(())
    }

    fn take(&mut self, end: LineEnd, lines: u32) {
        self.start = end.next;
        self.line = self.line.saturating_add(lines);
    }

    /// Forgets what was given out, once that is worth the move.
    fn drop_taken(&mut self) {
        if self.start > 0 && (self.start == self.buffer.len() || self.start >= FIELD_BYTES_MAX) {
            self.dropped += self.start as u64;
            self.buffer.drain(..self.start);
            self.start = 0;
        }
    }

    fn nul(&self, start: usize, end: LineEnd) -> Option<RawFault> {
        if !self.seen.nul {
            return None;
        }
        self.buffer[start..end.text].find('\0').map(|at| RawFault::Nul { at })
    }

    /// Skips a line that is too long, keeping its beginning to show.
    fn long_line(&mut self, line: u32) -> io::Result<Raw> {
        let shown = self.buffer.floor_char_boundary(self.start + LONG_LINE_SHOWN_BYTES);
        let head = self.buffer[self.start..shown].to_owned();
        loop {
            let end = self.line_end(self.start)?;
            let at_end = self.ended && end.is_none_or(|end| end.next == self.buffer.len());
            let broken = end.is_some_and(|end| end.next > end.text);
            if let Some(end) = end {
                self.start = end.next;
            }
            if broken || at_end {
                break;
            }
            self.drop_taken();
        }
        self.line = self.line.saturating_add(1);
        // The head goes back in front of what is left, so that the raw record has a text to point to.
        self.dropped = (self.dropped + self.start as u64).saturating_sub(head.len() as u64);
        self.buffer.replace_range(..self.start, &head);
        self.start = head.len();
        Ok(Raw { range: 0..head.len(), line, fault: Some(RawFault::LongLine), row_within: None })
    }

    /// Follows the quotes of a record that begins at `start`, over line breaks where a quote is open. After a quote that
    /// never closes, the next record begins on the line after the one where it was opened.
    fn quotes(&mut self, start: usize, first: LineEnd) -> io::Result<Extent> {
        let mut state = QuoteState::new(self.delimiter);
        let mut swallowed = Swallowed::new(Opening { at: 0, end: first, lines: 1 });
        let (mut end, mut lines, mut at) = (first, 1, start);
        loop {
            let (opened, fields) = (state.opened, if lines == 1 { 0 } else { state.fields });
            let after = state.read(&self.buffer[start..end.text], at - start);
            let opened_here = lines == 1 || state.opened != opened;
            let has_own = self.shape.is_some_and(|shape| (fields..state.fields).contains(&shape.phone));
            let line = &self.buffer[at..end.text];
            if lines > 1 {
                swallowed.line(at - start, line, has_own, self.delimiter, self.shape);
            }
            if opened_here && state.is_open() && swallowed.row.is_none() {
                swallowed = Swallowed::new(Opening { at: state.opened, end, lines });
                swallowed.line(at - start, line, has_own, self.delimiter, self.shape);
                let rest = &self.buffer[start + state.opened..end.text];
                swallowed.opening_line(state.fields, rest, self.delimiter, self.shape);
            }
            let extent = |fault, row_within| Ok(Extent { end, lines, fault, row_within });
            match after {
                Some(at) if opened_here && swallowed.row.is_none() => {
                    let is_whole = closes_itself(&self.buffer[start + state.opened..end.text]);
                    let behind = if is_whole { Behind::Rows } else { self.behind(end)? };
                    return extent(Some(RawFault::AfterQuote { at, behind }), None);
                }
                Some(_) if swallowed.row.is_none() => return Ok(swallowed.opening.unclosed(self.behind(end)?)),
                Some(_) => return Ok(swallowed.opening.unclosed(Behind::Doubtful)),
                None if !state.is_open() => {
                    return match swallowed.reading(state.fields, self.shape) {
                        Reading::Text { row } => extent(self.nul(start, end), row),
                        Reading::Rows => Ok(swallowed.opening.unclosed(Behind::Doubtful)),
                        Reading::Either { row } => {
                            extent(Some(RawFault::Doubtful { at: swallowed.opening.at, row }), None)
                        }
                    };
                }
                None => {}
            }
            if end.text - start - state.opened > FIELD_BYTES_MAX || end.text - start > LINE_BYTES_MAX {
                return Ok(swallowed.opening.unclosed(Behind::Doubtful));
            }
            // The break belongs to the text, which goes on in the next line.
            at = end.next;
            let Some(next) = self.line_end(at)? else {
                let behind = if swallowed.row.is_some() { Behind::Doubtful } else { Behind::Rows };
                return Ok(swallowed.opening.unclosed(behind));
            };
            end = next;
            lines += 1;
        }
    }

    /// What the lines behind `end` are, where a quoted text ends wrongly. A line that looks like a row may belong to that
    /// text if, before any other one begins, a quote closes what nothing opened.
    fn behind(&mut self, end: LineEnd) -> io::Result<Behind> {
        let (mut at, mut has_row) = (end.next, false);
        while let Some(next) = self.line_end(at)? {
            let line = &self.buffer[at..next.text];
            has_row |= self.shape.is_some_and(|shape| shape.is_of(line, self.delimiter));
            match first_sign(line, self.delimiter) {
                Some(Sign::Closes) if has_row => return Ok(Behind::Doubtful),
                Some(Sign::Opens | Sign::Closes) => break,
                None if next.text - end.text > FIELD_BYTES_MAX => break,
                None => at = next.next,
            }
        }
        Ok(Behind::Rows)
    }
}

impl Opening {
    /// The record as far as the line whose quote never closes.
    fn unclosed(self, behind: Behind) -> Extent {
        let Self { at, end, lines } = self;
        Extent { end, lines, fault: Some(RawFault::UnclosedQuote { at, behind }), row_within: None }
    }
}
