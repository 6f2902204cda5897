//! YAML text to a tree of nodes with spans and raw scalars: the syntax, and what this manifest does without.
//!
//! Reports syntax errors, several documents, duplicate keys, anchors, aliases, tags and depth. Knows nothing of what a
//! manifest contains, and never turns a scalar into anything but text.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Marks};

use super::offsets::{Offsets, closing_quote, end_of, first_line, span_of, to_u32};
use super::repair::{self, Repair};
use crate::diagnostic::source::Source;
use crate::diagnostic::text::manifest as words;
use crate::diagnostic::{Diagnostics, Place, Span};

/// Deeper than any manifest goes; a limit on what a hostile file can make us do.
const DEPTH_MAX: usize = 32;
/// A file of 4 MiB can hold more values than memory should.
const NODES_MAX: usize = 300_000;
/// The parser looks ahead through what may still be a key, and keeps all of it: so many commas, colons and dashes in a
/// file are more values than it may have, and are not even given to the parser.
const MARKS_MAX: usize = 500_000;

/// A value of the manifest and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Span,
    /// Byte offsets into the source.
    pub(super) bytes: (u32, u32),
    /// YAML gave up before its end: what it lacks may stand behind that place.
    pub(super) cut: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar {
        text: String,
        style: ScalarStyle,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// Was reported; nothing is to be said about it any more.
    Faulty,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Span,
    pub(super) value: Node,
}

impl Node {
    /// Nothing is written, or `~`, or `null`.
    pub(super) fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Scalar { text, style: ScalarStyle::Plain } => {
                matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            Kind::Scalar { .. } | Kind::List(_) | Kind::Map(_) | Kind::Faulty => false,
        }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Scalar { .. } | Kind::List(_) | Kind::Faulty => &[],
        }
    }

    pub(super) fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Scalar { .. } | Kind::Map(_) | Kind::Faulty => &[],
        }
    }

    /// Where to point: a collection at its first line only, since it may go on for pages.
    pub(super) fn place(&self, source: &Source) -> Place {
        source.place_of(first_line(self.span, source))
    }
}

/// Parses the whole text, or as much of it as is YAML: the root is cut then, and why has been reported. `None` when there
/// is no tree to go on with, which has been reported too.
pub(super) fn parse(source: &Source, diagnostics: &mut Diagnostics) -> Option<Node> {
    if marks(&source.text) > MARKS_MAX {
        diagnostics.push(words::too_many_values().at(Place::file(&source.file)));
        return None;
    }
    let mut text = source.text.to_string();
    let mut blanked = Vec::new();
    loop {
        let mut builder = Builder::new(source, &text, &blanked);
        let Err(stop) = builder.run() else {
            let empty = builder.root.as_ref().is_none_or(Node::is_null);
            if empty && builder.diagnostics.errors() == 0 && blanked.is_empty() {
                diagnostics.push(words::empty_file().at(Place::file(&source.file)));
            }
            diagnostics.merge(builder.diagnostics);
            return builder.root.filter(|_| !empty);
        };
        let is_syntax = matches!(stop, Stop::Syntax { .. });
        match repair::repair(source, &text, stop, &blanked) {
            Repair::Again { text: repaired, offset, diagnostic } => {
                text = repaired;
                blanked.push(offset);
                diagnostics.push(*diagnostic);
            }
            Repair::Stop(diagnostic) => {
                diagnostics.push(*diagnostic);
                if !is_syntax {
                    return None;
                }
                builder.cut_short();
                diagnostics.merge(builder.diagnostics);
                return builder.root;
            }
        }
    }
}

/// Characters that part one value from the next.
fn marks(text: &str) -> usize {
    let bytes = text.as_bytes();
    let parts = |(at, byte): (usize, &u8)| match byte {
        b',' | b'[' | b'{' => true,
        b':' | b'-' | b'?' => bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace),
        _ => false,
    };
    bytes.iter().enumerate().filter(|one| parts(*one)).count()
}

/// Why no tree could be built from a text.
#[derive(Debug)]
pub(super) enum Stop {
    /// The parser's own words, and where it gave up.
    Syntax {
        message: String,
        span: Span,
        offset: usize,
    },
    /// A value that begins with `{{` and is not quoted, which YAML takes for a map within a map.
    UnquotedTemplate {
        offset: usize,
    },
    TooDeep {
        span: Span,
    },
    TooManyNodes,
}

struct Builder<'a> {
    source: &'a Source,
    text: &'a str,
    offsets: Offsets,
    /// Offsets of values that were reported and blanked out.
    blanked: &'a [usize],
    stack: Vec<Frame>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
    diagnostics: Diagnostics,
}

struct Frame {
    start: Span,
    start_byte: usize,
    faulty: bool,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, seen: HashMap<String, usize>, key: Option<Key> },
}

/// The key that waits for its value.
enum Key {
    Good {
        text: String,
        span: Span,
    },
    /// Was reported: the value is read and dropped.
    Bad,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Source, text: &'a str, blanked: &'a [usize]) -> Self {
        Self {
            source,
            text,
            offsets: Offsets::new(text),
            blanked,
            stack: Vec::new(),
            root: None,
            nodes: 0,
            documents: 0,
            diagnostics: Diagnostics::new(),
        }
    }

    fn run(&mut self) -> Result<(), Stop> {
        let text = self.text;
        for event in Parser::new_from_str(text) {
            let (event, marks) = event.map_err(|error| {
                let mark = error.marker();
                Stop::Syntax {
                    message: error.info().to_owned(),
                    span: Span::on_line(to_u32(mark.line()), to_u32(mark.col()) + 1, 1),
                    offset: self.offsets.byte(mark.index()),
                }
            })?;
            if self.documents > 1 {
                break;
            }
            self.take(event, marks)?;
        }
        Ok(())
    }

    /// Makes a tree of what was read when YAML gave up. What was not closed yet, or was closed last, may go on behind that
    /// place, and the value read last may be what is wrong there.
    fn cut_short(&mut self) {
        // A key that waits for its value goes: the value before it was whole.
        let waits = self.stack.last().is_some_and(|frame| matches!(&frame.content, Content::Map { key: Some(_), .. }));
        let levels = if waits { self.stack.len() } else { DEPTH_MAX + 1 };
        while let Some(frame) = self.stack.pop() {
            let is_key = self.stack.last().is_some_and(|f| matches!(&f.content, Content::Map { key: None, .. }));
            let (span, end_byte) = (frame.start, frame.start_byte);
            // More values than there may be were refused before.
            if !is_key && self.finish(frame, span, end_byte).is_err() {
                return;
            }
        }
        if let Some(root) = &mut self.root {
            cut(root, levels);
        }
    }

    fn take(&mut self, event: Event<'_>, marks: Marks) -> Result<(), Stop> {
        let mut span = span_of(marks);
        let start = self.offsets.byte(marks.start.index());
        let mut end = self.offsets.byte(marks.end.index());
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.report(words::several_documents(), Span::on_line(span.line, span.column, 3));
                }
            }
            Event::Alias(_) => {
                self.report(words::alias(&self.source.quoted(start..end)), span);
                self.add(Node { kind: Kind::Faulty, span, bytes: (to_u32(start), to_u32(end)), cut: false })?;
            }
            Event::Scalar(text, style, anchor, tag) => {
                // The parser's end lies behind the blanks and the comment after a quoted text.
                if let Some(close) = closing_quote(&self.text[start..end], style) {
                    end = start + close;
                    (span.end_line, span.end_column) = end_of(&self.text[start..end], span);
                }
                let mut faulty = self.blanked.contains(&start);
                faulty |= self.decorated(anchor, tag.is_some(), start, span);
                if style == ScalarStyle::Plain && text.starts_with(['“', '”', '„', '‘', '’']) {
                    self.report(words::curly_quotes(), first_line(span, self.source));
                    faulty = true;
                }
                let kind = if faulty { Kind::Faulty } else { Kind::Scalar { text: text.into_owned(), style } };
                self.add(Node { kind, span, bytes: (to_u32(start), to_u32(end)), cut: false })?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(anchor, tag.is_some(), start, span, Content::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                if self.text[start..].starts_with("{{") {
                    return Err(Stop::UnquotedTemplate { offset: start });
                }
                let content = Content::Map { entries: Vec::new(), seen: HashMap::new(), key: None };
                self.open(anchor, tag.is_some(), start, span, content)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span, end)?,
        }
        Ok(())
    }

    fn report(&mut self, diagnostic: crate::diagnostic::Diagnostic, span: Span) {
        self.diagnostics.push(diagnostic.at(self.source.place_of(span)));
    }

    /// Reports an anchor or a tag before the value that starts at `start`.
    fn decorated(&mut self, anchor: usize, tag: bool, start: usize, span: Span) -> bool {
        if anchor > 0 {
            let place = repair::mark_before(self.source, self.text, start, b'&', span);
            self.diagnostics.push(words::anchor().at(place));
        }
        if tag {
            let place = repair::mark_before(self.source, self.text, start, b'!', span);
            self.diagnostics.push(words::tag().at(place));
        }
        anchor > 0 || tag
    }

    fn open(&mut self, anchor: usize, tag: bool, start: usize, span: Span, content: Content) -> Result<(), Stop> {
        let faulty = self.decorated(anchor, tag, start, span);
        if self.stack.len() >= DEPTH_MAX {
            return Err(Stop::TooDeep { span });
        }
        self.stack.push(Frame { start: span, start_byte: start, faulty, content });
        Ok(())
    }

    fn close(&mut self, end: Span, end_byte: usize) -> Result<(), Stop> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        self.finish(frame, end, end_byte)
    }

    fn finish(&mut self, frame: Frame, end: Span, end_byte: usize) -> Result<(), Stop> {
        let kind = match frame.content {
            _ if frame.faulty => Kind::Faulty,
            Content::List(items) => Kind::List(items),
            Content::Map { entries, .. } => Kind::Map(entries),
        };
        let span = Span { end_line: end.end_line, end_column: end.end_column, ..frame.start };
        self.add(Node { kind, span, bytes: (to_u32(frame.start_byte), to_u32(end_byte)), cut: false })
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(Stop::TooManyNodes);
        }
        let source = self.source;
        match self.stack.last_mut().map(|frame| &mut frame.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, seen, key }) => match key.take() {
                None => *key = Some(read_key(node, source, &mut self.diagnostics)),
                Some(Key::Bad) => {}
                Some(Key::Good { text, span }) => {
                    if let Some(first) = seen.get(&text) {
                        let first = source.place_of(entries[*first].key_span);
                        let diagnostic = words::duplicate_key(&text).at(source.place_of(span));
                        self.diagnostics.push(diagnostic.related(first, "first set here"));
                    } else {
                        seen.insert(text.clone(), entries.len());
                        entries.push(Entry { key: text, key_span: span, value: node });
                    }
                }
            },
        }
        Ok(())
    }
}

/// Marks a collection and what stands last in it, down so many levels; a value at the end is no longer relied on.
fn cut(node: &mut Node, levels: usize) {
    if levels == 0 {
        return;
    }
    node.cut = true;
    let last = match &mut node.kind {
        Kind::List(items) => items.last_mut(),
        Kind::Map(entries) => entries.last_mut().map(|entry| &mut entry.value),
        Kind::Scalar { .. } | Kind::Faulty => {
            node.kind = Kind::Faulty;
            None
        }
    };
    if let Some(last) = last {
        cut(last, levels - 1);
    }
}

fn read_key(node: Node, source: &Source, diagnostics: &mut Diagnostics) -> Key {
    match node.kind {
        Kind::Scalar { text, .. } if !text.is_empty() => Key::Good { text, span: node.span },
        Kind::Faulty => Key::Bad,
        Kind::Scalar { .. } | Kind::List(_) | Kind::Map(_) => {
            diagnostics.push(words::key_not_text().at(source.place_of(first_line(node.span, source))));
            Key::Bad
        }
    }
}
