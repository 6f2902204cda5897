//! Colours and columns of the reports for people. Without colour the text is the same, letter by letter.

use std::fmt::Write as _;

use crate::diagnostic::render::Style;
use crate::recipient::mask_in_text;

use super::words::one_line;

/// What a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Head,
    Good,
    Careful,
    Bad,
    Quiet,
}

/// Text that grows line by line.
pub(super) struct Page {
    text: String,
    pub(super) style: Style,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self { text: String::new(), style }
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// `  word      the rest`, the word in its tone, in a column of nine.
    pub(super) fn entry(&mut self, tone: Tone, word: &str, rest: &str) {
        let padding = " ".repeat(9usize.saturating_sub(word.chars().count()));
        let word = self.paint(tone, word);
        self.line(&format!("  {word}{padding} {rest}"));
    }

    /// Left text, and right text at the end of the line where there is room for both.
    pub(super) fn head(&mut self, tone: Tone, word: &str, left: &str, right: &str) {
        let used = word.chars().count() + left.chars().count();
        let gap = self.style.width.min(100).saturating_sub(used + right.chars().count()).max(3);
        let word = self.paint(tone, word);
        let right = if right.is_empty() { String::new() } else { " ".repeat(gap) + right };
        self.line(&format!("{word}{left}{right}"));
    }

    pub(super) fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.style.colour {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Head => "1",
            Tone::Good => "32",
            Tone::Careful => "33",
            Tone::Bad => "31;1",
            Tone::Quiet => "2",
        };
        let mut painted = String::with_capacity(text.len() + 12);
        let _ = write!(painted, "\u{1b}[{code}m{text}\u{1b}[0m");
        painted
    }

    /// Text from outside, on one line and masked as the style says.
    pub(super) fn foreign(&self, text: &str, most: usize) -> String {
        let line = one_line(text, most);
        if self.style.mask { mask_in_text(&line).into_owned() } else { line }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}
