//! What to say when YAML gives up, and how to go on where that is safe: a value that begins with `{{`, `{%` or `*` and
//! was not quoted is reported and blanked out, so that the rest of the manifest is still checked in the same run.

use super::offsets::wrong_escape;
use super::tree::Stop;
use crate::diagnostic::source::Source;
use crate::diagnostic::text::manifest as words;
use crate::diagnostic::{Diagnostic, Place, Span};

/// So many values are blanked out before we stop trying; and fewer in a large text, since it is read anew after each.
const REPAIRS_MAX: usize = 100;
const READ_BYTES_MAX: usize = 16 * 1024 * 1024;

pub(super) enum Repair {
    /// Parse this text instead; the value at `offset` has been reported.
    Again { text: String, offset: usize, diagnostic: Box<Diagnostic> },
    /// There is no going on behind this; what stands before it may be read.
    Stop(Box<Diagnostic>),
}

/// What follows from the parser having stopped. `text` is what it read: the source, or the source after repairs.
pub(super) fn repair(source: &Source, text: &str, stop: Stop, blanked: &[usize]) -> Repair {
    match stop {
        Stop::TooDeep { span } => Repair::Stop(Box::new(words::too_deep().at(source.place_of(span)))),
        Stop::TooManyNodes => Repair::Stop(Box::new(words::too_many_values().at(Place::file(&source.file)))),
        Stop::UnquotedTemplate { offset } => blank(source, text, offset, template_end(text, offset), blanked),
        Stop::Syntax { message, span, offset } => syntax(source, text, &message, span, offset, blanked),
    }
}

fn syntax(source: &Source, text: &str, message: &str, span: Span, offset: usize, blanked: &[usize]) -> Repair {
    let (line_start, line) = line_around(text, offset);
    if let Some(start) = template_at_value(line).map(|at| line_start + at).filter(|at| !blanked.contains(at)) {
        return blank(source, text, start, template_end(text, start), blanked);
    }
    if message.contains("unknown anchor")
        && let Some(star) = text[..(offset + 1).min(text.len())].rfind('*').filter(|at| !blanked.contains(at))
    {
        let (start, line) = line_around(text, star);
        let end = start + line.trim_end().len();
        let diagnostic = words::alias(&source.quoted(star..end)).at(source.place(star..end));
        return again(text, star, end, diagnostic, blanked);
    }
    if let Some((start, end)) = text_with_colon(message, text, offset).filter(|(start, _)| !blanked.contains(start)) {
        let diagnostic = words::syntax(message).at(source.place(start..end));
        return again(text, start, end, diagnostic, blanked);
    }
    if message.contains("quoted scalar")
        && let Some((at, length)) = text.get(offset..).filter(|rest| rest.starts_with('"')).and_then(wrong_escape)
    {
        let at = offset + at;
        return Repair::Stop(Box::new(words::escape(&text[at..at + length]).at(source.place(at..at + length))));
    }
    if let Some(tabs) = tabs_before(message, text, offset) {
        return Repair::Stop(Box::new(words::tab_after_colon().at(source.place(tabs..offset))));
    }
    if let Some((start, end)) = tab_in_indentation(message, text, offset) {
        return Repair::Stop(Box::new(words::tab().at(source.place(start..end))));
    }
    Repair::Stop(Box::new(words::syntax(message).at(source.place_of(span))))
}

/// Reports an unquoted template and blanks it out.
fn blank(source: &Source, text: &str, start: usize, end: usize, blanked: &[usize]) -> Repair {
    let rest = text[end..].lines().next().unwrap_or_default();
    // What follows belongs to the same text, unless a flow collection goes on there, or a comment begins.
    let before = text[..start].rsplit('\n').next().unwrap_or_default();
    let plain = rest.replace("{{", "").replace("}}", "");
    let goes_on = before.contains(['{', '[']) || plain.contains([']', '}', '#']) || plain.trim_end().ends_with(',');
    let whole = if goes_on { end } else { end + rest.trim_end().len() };
    let diagnostic = words::unquoted_template(&source.quoted(start..whole)).at(source.place(start..end));
    again(text, start, end, diagnostic, blanked)
}

fn again(text: &str, start: usize, end: usize, diagnostic: Diagnostic, blanked: &[usize]) -> Repair {
    if blanked.len() >= REPAIRS_MAX.min(READ_BYTES_MAX / text.len().max(1)) {
        return Repair::Stop(Box::new(diagnostic));
    }
    // As many bytes as before, so that every offset behind it still fits the source.
    let text = format!("{}{}{}", &text[..start], "x".repeat(end - start), &text[end..]);
    Repair::Again { text, offset: start, diagnostic: Box::new(diagnostic) }
}

/// Where an unquoted template that starts at `start` ends: after its last `}}` or `%}` on the line that still belongs
/// to the same text rather than to a flow collection around it.
fn template_end(text: &str, start: usize) -> usize {
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line = text[start..line_end].trim_end();
    let mut end = 0;
    loop {
        let rest = &line[end..];
        let Some(open) = rest.find("{{").or_else(|| rest.find("{%")) else { break };
        if end > 0 && rest[..open].contains([',', '{', '}', '[', ']']) {
            break;
        }
        let Some(close) = rest[open..].find("}}").or_else(|| rest[open..].find("%}")) else { break };
        end += open + close + 2;
    }
    if end == 0 { start + line.len() } else { start + end }
}

/// The offset in `line` of a `{{` or `{%` that begins a value.
fn template_at_value(line: &str) -> Option<usize> {
    let at = [line.find("{{"), line.find("{%")].into_iter().flatten().min()?;
    let before = line[..at].trim_end();
    let begins = before.ends_with([':', '-', '[', ',', '{']) && before.len() < at;
    (begins || before.is_empty()).then_some(at)
}

/// The value of `name: Launch: the party`, which needs quotes because of its second colon.
fn text_with_colon(message: &str, text: &str, offset: usize) -> Option<(usize, usize)> {
    let (line_start, line) = line_around(text, offset);
    if !message.contains("mapping values") || line.trim_start().starts_with(['"', '\'']) {
        return None;
    }
    let value = line.find(": ")? + 2;
    let start = line_start + value + (line[value..].len() - line[value..].trim_start().len());
    let end = line_start + line.trim_end().len();
    (start < offset && offset < end).then_some((start, end))
}

/// Where the tabs begin that stand between a colon and the value at `offset`.
fn tabs_before(message: &str, text: &str, offset: usize) -> Option<usize> {
    let before = text.get(..offset).filter(|_| message.contains("followed by a valid YAML whitespace"))?;
    let tabs = before.trim_end_matches([' ', '\t']);
    (tabs.ends_with(':') && before[tabs.len()..].contains('\t')).then_some(tabs.len())
}

/// The tabs with which a line up to the one of `offset` is indented; or the one behind it, where the parser stopped at the
/// end of a text because of its tab.
fn tab_in_indentation(message: &str, text: &str, offset: usize) -> Option<(usize, usize)> {
    let (this, line) = line_around(text, offset);
    let before = this.checked_sub(1).map(|end| line_around(text, end).0);
    let behind = Some(this + line.len() + 1).filter(|start| message.contains("found a tab") && *start < text.len());
    [Some(this), before, behind].into_iter().flatten().find_map(|start| {
        let indent = text[start..].len() - text[start..].trim_start_matches([' ', '\t']).len();
        let tab = text[start..start + indent].find('\t')?;
        let tabs = text[start + tab..].bytes().take_while(|byte| *byte == b'\t').count();
        Some((start + tab, start + tab + tabs))
    })
}

/// The line that a byte offset lies in, without its newline, and where it starts.
fn line_around(text: &str, offset: usize) -> (usize, &str) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
    (start, &text[start..end])
}

/// The place of an anchor's or a tag's mark before the value that starts at `start`; the value's own when the mark is
/// not found near it, on its line or the one above.
pub(super) fn mark_before(source: &Source, text: &str, start: usize, mark: u8, span: Span) -> Place {
    /// A hostile line may be megabytes long, and may have a mark at every other byte.
    const NEAR_BYTES: usize = 1024;
    let near = &text[text.floor_char_boundary(start.saturating_sub(NEAR_BYTES))..start];
    let above = near.rmatch_indices('\n').nth(1).map_or(start - near.len(), |(at, _)| start - near.len() + at + 1);
    let at_value = text.as_bytes().get(start) == Some(&mark);
    let found = if at_value { Some(start) } else { text[above..start].rfind(mark as char).map(|at| above + at) };
    match found {
        Some(at) => {
            let length = text[at..].find([' ', '\r', '\n', ',', ']', '}']).unwrap_or(text.len() - at);
            source.place(at..at + length)
        }
        None => source.place_of(span),
    }
}
