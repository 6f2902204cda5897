//! Medians of rounds, as a table in Markdown: figures first, then what they are beside the others, round by round.

use std::fmt::Write;

/// What one sender did in one round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// Sends a second from the first request to the last, as the server saw it.
    pub(crate) steady: Option<f64>,
    /// Rows a second of the whole process.
    pub(crate) whole: f64,
    pub(crate) wall_ms: f64,
    pub(crate) cpu_us: f64,
    pub(crate) peak_mib: f64,
    /// Not all of it was done, or some of it twice.
    pub(crate) is_wrong: bool,
}

/// A sender with its rounds.
pub(crate) struct Rounds {
    pub(crate) name: String,
    pub(crate) samples: Vec<Sample>,
}

pub(crate) const HEADER: &str = "\
| setting | who | sends/s, first to last | rows/s, whole process | CPU us a row | peak MiB | rounds |
| --- | --- | --- | --- | --- | --- | --- |";

/// The lines of one setting.
pub(crate) fn lines(setting: &str, rows: u64, all: &[Rounds]) -> String {
    let mut out = String::new();
    for Rounds { name, samples } in all {
        let column = |of: &dyn Fn(&Sample) -> f64| median(samples.iter().map(of).collect());
        let steady = if samples.iter().all(|sample| sample.steady.is_some()) {
            format!("{:.0}", column(&|sample| sample.steady.unwrap_or_default()))
        } else {
            "-".to_owned()
        };
        let wrong = samples.iter().filter(|sample| sample.is_wrong).count();
        let wrong = if wrong > 0 { format!(", {wrong} WRONG") } else { String::new() };
        let _ = writeln!(
            out,
            "| {setting}, {rows} rows | {name} | {steady} | {:.0} | {:.1} | {:.0} | {}{wrong} |",
            column(&|sample| sample.whole),
            column(&|sample| sample.cpu_us),
            column(&|sample| sample.peak_mib),
            samples.len(),
        );
    }
    out
}

/// How the first compares with each of the others, in the same rounds.
pub(crate) fn ratios(all: &[Rounds]) -> String {
    let mut out = String::new();
    let Some((first, others)) = all.split_first() else { return out };
    for other in others {
        let _ = write!(out, "- {} / {}:", first.name, other.name);
        let mut say = |what: &str, of: &dyn Fn(&Sample) -> Option<f64>| {
            let pairs = first.samples.iter().zip(&other.samples);
            let ratios: Option<Vec<f64>> = pairs.map(|(one, two)| Some(of(one)? / of(two)?)).collect();
            if let Some(ratios) = ratios.filter(|ratios| ratios.iter().all(|ratio| ratio.is_finite())) {
                let (least, most) = ratios.iter().fold((f64::MAX, 0.0_f64), |(a, b), r| (a.min(*r), b.max(*r)));
                let _ = write!(out, " {what} {:.2} ({least:.2} to {most:.2});", median(ratios));
            }
        };
        say("first to last", &|sample| sample.steady);
        say("whole process", &|sample| Some(sample.whole));
        say("CPU a row", &|sample| Some(sample.cpu_us));
        let difference: Vec<f64> =
            first.samples.iter().zip(&other.samples).map(|(one, two)| one.wall_ms - two.wall_ms).collect();
        let _ = writeln!(out, " takes {:+.1} ms", median(difference));
    }
    out
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}
