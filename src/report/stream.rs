//! Where reports go: standard output for what was asked for, standard error for people. A closed pipe means that the
//! reader has had enough, and is no fault.

use std::io::{self, IsTerminal, Write};

use crate::diagnostic::render::Style;

/// One of the process's two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
        }
    }

    /// Colours only on a terminal and without `NO_COLOR`; persons' numbers whole only on a terminal, or when asked for.
    pub fn style(self, show_recipients: bool) -> Style {
        let terminal = self.is_terminal();
        let plain = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Style {
            colour: terminal && !plain("NO_COLOR") && !dumb,
            mask: !terminal && !show_recipients,
            width: width(self),
        }
    }

    /// Writes all of it and flushes.
    pub fn say(self, text: &str) -> io::Result<()> {
        match self {
            Self::Stdout => say(&mut io::stdout().lock(), text),
            Self::Stderr => say(&mut io::stderr().lock(), text),
        }
    }
}

/// What is written to [`Stream::Stdout`] bit by bit; errors other than a closed pipe come through.
pub fn stdout() -> ClosedIsDone<io::BufWriter<io::StdoutLock<'static>>> {
    ClosedIsDone::new(io::BufWriter::with_capacity(64 * 1024, io::stdout().lock()))
}

/// Columns to lay reports out in: the terminal's; elsewhere what the shell says, else a usual terminal's.
fn width(stream: Stream) -> usize {
    let term = match stream {
        Stream::Stdout => console::Term::stdout(),
        Stream::Stderr => console::Term::stderr(),
    };
    let terminal = term.size_checked().map(|(_, columns)| usize::from(columns));
    let said = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    terminal.or_else(said).unwrap_or(100).clamp(60, 120)
}

fn say(out: &mut impl Write, text: &str) -> io::Result<()> {
    let mut out = ClosedIsDone::new(out);
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A writer that takes a closed pipe as "enough": what follows is thrown away.
#[derive(Debug)]
pub struct ClosedIsDone<W> {
    inner: W,
    closed: bool,
}

impl<W: Write> ClosedIsDone<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, closed: false }
    }

    /// Nobody reads any more, so the writer may stop making text.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn forgive<T>(&mut self, done: io::Result<T>, otherwise: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(otherwise)
            }
            other => other,
        }
    }
}

impl<W: Write> Write for ClosedIsDone<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let done = self.inner.write(bytes);
        self.forgive(done, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let done = self.inner.flush();
        self.forgive(done, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_closed_pipe_is_enough_and_a_full_disk_is_a_fault() {
        assert!(say(&mut Failing(io::ErrorKind::BrokenPipe), "text").is_ok());
        assert!(say(&mut Failing(io::ErrorKind::StorageFull), "text").is_err());
        let mut text = Vec::new();
        say(&mut text, "whole").unwrap();
        assert_eq!(text, b"whole");
    }
}
