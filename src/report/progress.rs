//! Shows a run while it goes on: a bar on a terminal, elsewhere a plain line every few seconds, both on stderr.
//!
//! The only file that names indicatif. What is shown is worked out by `watch`; the caller brings events and the time.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::diagnostic::render::Style;
use crate::engine::event::Event;

use super::Stream;
use super::plan::EstimatedEnd;
use super::watch::Watch;

/// How often [`Progress::tick`] wants to be called.
pub const TICK: Duration = Duration::from_millis(200);

/// Between two plain lines while something happens.
const LINE_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// Between two plain lines while nothing happens.
const SIGN_OF_LIFE_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// What is shown while a run goes on.
#[derive(Debug)]
pub struct Progress {
    watch: Watch,
    face: Face,
}

#[derive(Debug)]
enum Face {
    Bar(ProgressBar),
    Lines { shown_at: Timestamp, shown: (u64, u64) },
    Silent,
}

/// Where progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// A bar on a terminal, plain lines elsewhere.
    Fitting,
    /// Plain lines, also on a terminal: a bar and a log do not go together.
    Lines,
    Nothing,
}

impl Progress {
    /// `lanes` are the names of the engine's lanes, in its order.
    pub fn start(
        to_do: u64,
        lanes: Vec<String>,
        estimate: EstimatedEnd,
        show: Show,
        style: Style,
        now: &Zoned,
    ) -> Self {
        let face = match show {
            Show::Nothing => Face::Silent,
            Show::Fitting if Stream::Stderr.is_terminal() => Face::Bar(bar(to_do, style)),
            Show::Fitting | Show::Lines => Face::Lines { shown_at: now.timestamp(), shown: (0, 0) },
        };
        Self { watch: Watch::new(to_do, lanes, estimate, style, now.timestamp()), face }
    }

    /// Takes in what the engine says.
    pub fn event(&mut self, event: &Event, now: &Zoned) {
        self.watch.event(event, now.timestamp());
        if let (Face::Bar(bar), Event::Draining { .. }) = (&mut self.face, event) {
            begin_anew(bar);
        }
        match (&self.face, event) {
            (Face::Bar(_), Event::Waiting { .. } | Event::LaneEnded { .. } | Event::Draining { .. }) => self.tick(now),
            (Face::Lines { .. }, Event::Draining { .. }) => self.line(now),
            _ => {}
        }
    }

    /// Shows what has changed; to be called every [`TICK`].
    pub fn tick(&mut self, now: &Zoned) {
        match &self.face {
            Face::Silent => {}
            Face::Bar(bar) => draw(bar, &self.watch, now),
            Face::Lines { shown_at, shown } => {
                let since = now.timestamp().duration_since(*shown_at);
                if since >= LINE_EVERY && *shown != self.watch.fingerprint() || since >= SIGN_OF_LIFE_EVERY {
                    self.line(now);
                }
            }
        }
    }

    /// Takes the bar away, so that the summary can follow.
    pub fn finish(self) {
        if let Face::Bar(bar) = self.face {
            bar.finish_and_clear();
        }
    }

    /// Runs `write` while no bar is in the way, for a line of the log or a warning.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.face {
            Face::Bar(bar) => bar.suspend(write),
            Face::Lines { .. } | Face::Silent => write(),
        }
    }

    fn line(&mut self, now: &Zoned) {
        let text = plain_line(&self.watch, now);
        if let Face::Lines { shown_at, shown } = &mut self.face {
            *shown_at = now.timestamp();
            *shown = self.watch.fingerprint();
            // Progress that cannot be shown stops nothing.
            let _ = Stream::Stderr.say(&text);
        }
    }
}

/// `18:12:05 412 of 812: 409 accepted, 2 rejected, 1 unknown; 20/min, done about 18:59; last "Mooca 2"`.
fn plain_line(watch: &Watch, now: &Zoned) -> String {
    let clock = now.strftime("%H:%M:%S");
    let mut line = format!("{clock} {} of {}: {}", watch.tally.through(), watch.to_do, watch.counts());
    for part in [watch.pace(now), watch.last()] {
        if !part.is_empty() {
            line.push_str("; ");
            line.push_str(&part);
        }
    }
    line.push('\n');
    line
}

/// Each setter may draw what is not whole yet, or leave it out as too soon; what is forced at the end is whole and stays.
fn draw(bar: &ProgressBar, watch: &Watch, now: &Zoned) {
    bar.set_position(watch.tally.through());
    bar.set_prefix(watch.counts());
    bar.set_message(beneath(watch, now));
    bar.force_draw();
}

fn beneath(watch: &Watch, now: &Zoned) -> String {
    let parts = [watch.pace(now), watch.last()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The `^C` that the terminal has echoed has moved the cursor, so that the bar could no longer be taken away whole: it is
/// left as it stands, and one like it goes on below.
fn begin_anew(bar: &mut ProgressBar) {
    let below = ProgressBar::with_draw_target(bar.length(), target()).with_style(bar.style());
    bar.set_draw_target(ProgressDrawTarget::hidden());
    *bar = below;
    // Progress that cannot be shown stops nothing.
    let _ = Stream::Stderr.say("\n");
}

fn target() -> ProgressDrawTarget {
    ProgressDrawTarget::stderr_with_hz(8)
}

fn bar(to_do: u64, style: Style) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(to_do), target());
    let template = if style.colour {
        "{bar:30.green/dim} {pos}/{len}  {prefix}\n{wide_msg:.dim}"
    } else {
        "{bar:30} {pos}/{len}  {prefix}\n{wide_msg}"
    };
    // A template of ours that could not be read would only look plainer.
    let look = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(look.progress_chars("=> "));
    bar
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use crate::engine::event::{Settled, Tally, Verdict};
    use crate::message::AttemptKind;

    use super::*;

    /// Keeps what is written to it since the last line was cleared: what a person sees.
    #[derive(Debug, Clone, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)?;
            self.write_str("\n")
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            self.0.lock().unwrap().clear();
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_bar_and_its_counts_never_part() {
        let now: Zoned = "2026-12-04T18:12:05[America/Sao_Paulo]".parse().unwrap();
        let style = Style { colour: false, mask: true, width: 80 };
        let mut watch = Watch::new(812, vec!["main".into()], EstimatedEnd::Nothing, style, now.timestamp());
        let screen = Screen::default();
        let bar = bar(812, style);
        bar.set_draw_target(ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), 8));
        for accepted in 1..=100 {
            let last = Settled {
                lane: 0,
                label: format!("Mooca {accepted}"),
                kind: AttemptKind::Create,
                verdict: Verdict::Accepted,
            };
            let tally = Tally { accepted, ..Tally::default() };
            watch.event(&Event::Settled { tally, again: 0, last }, now.timestamp());
            draw(&bar, &watch, &now);
            let seen = screen.0.lock().unwrap().clone();
            assert!(seen.contains(&format!(" {accepted}/812  {accepted} accepted")), "{accepted}: {seen}");
            assert!(seen.contains(&format!("last \"Mooca {accepted}\"")), "{accepted}: {seen}");
        }
    }

    #[test]
    fn a_plain_line_says_everything() {
        let now: Zoned = "2026-12-04T18:12:05[America/Sao_Paulo]".parse().unwrap();
        let style = Style { colour: false, mask: true, width: 80 };
        let watch = Watch::new(812, vec!["main".into()], EstimatedEnd::Nothing, style, now.timestamp());
        assert_eq!(plain_line(&watch, &now), "18:12:05 0 of 812: 0 accepted, 0 rejected, 0 unknown\n");
    }

    #[test]
    fn both_templates_can_be_read() {
        for colour in [true, false] {
            let bar = bar(812, Style { colour, mask: false, width: 80 });
            assert_eq!(bar.length(), Some(812));
        }
        for template in
            ["{bar:30.green/dim} {pos}/{len}  {prefix}\n{wide_msg:.dim}", "{bar:30} {pos}/{len}  {prefix}\n{wide_msg}"]
        {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
