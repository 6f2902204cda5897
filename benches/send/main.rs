//! The whole program against a very cheap server, beside other senders, in turn in one run: `cargo bench --bench send`.
//!
//!     cargo bench --bench send -- [--quick] [--rounds N] [--rows N] [NAME ...]
//!
//! NAME selects settings by a part of their name. The server is a process of its own, on a processor of its own where
//! there are two; the senders share the other. What is printed is Markdown. See `docs/performance.md` for how to read it.

#![allow(clippy::print_stdout)] // a table is what this is for

mod campaign;
mod measure;
mod report;
mod senders;
mod server;
mod servers;
mod settings;
mod tls;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use report::{Rounds, Sample};
use senders::{Load, Sender, pinned, zapi_batch};
use servers::Server;
use settings::{SETTINGS, Setting, Transport, What};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// What was asked for on the command line.
#[derive(Debug, Default)]
struct Asked {
    quick: bool,
    rounds: Option<usize>,
    rows: Option<u64>,
    names: Vec<String>,
}

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--serve", latency_ms] => Ok(server::serve(Duration::from_millis(latency_ms.parse()?), None)?),
        ["--serve", latency_ms, certificate] => {
            let config = tls::config(Path::new(certificate))?;
            Ok(server::serve(Duration::from_millis(latency_ms.parse()?), Some(config))?)
        }
        ["--bare", csv] => {
            std::hint::black_box(campaign::render_bare(Path::new(csv))?);
            Ok(())
        }
        _ => compare(&asked(&arguments)?),
    }
}

fn asked(arguments: &[String]) -> Fallible<Asked> {
    let mut asked = Asked::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || rest.next().ok_or("a number is missing").map(|text| text.parse::<u64>());
        match argument.as_str() {
            // Cargo says so itself.
            "--bench" => {}
            "--quick" => asked.quick = true,
            "--rounds" => asked.rounds = Some(usize::try_from(number()??)?),
            "--rows" => asked.rows = Some(number()??),
            name => asked.names.push(name.to_owned()),
        }
    }
    Ok(asked)
}

fn compare(asked: &Asked) -> Fallible<()> {
    let is_wanted = |name: &str| asked.names.is_empty() || asked.names.iter().any(|part| name.contains(part.as_str()));
    let folder = tempfile::Builder::new().prefix("zapi-batch-bench-").tempdir()?;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("processors {}, load {}\n", std::thread::available_parallelism()?, load.trim());
    println!("{}", report::HEADER);
    let mut ratios = Vec::new();
    for setting in SETTINGS.iter().filter(|setting| is_wanted(setting.name)) {
        let rows = asked.rows.unwrap_or(if asked.quick { setting.rows_quick } else { setting.rows });
        if rows == 0 {
            continue;
        }
        let rounds = asked.rounds.unwrap_or(if asked.quick { setting.rounds.min(3) } else { setting.rounds });
        let campaign = folder.path().join(setting.name.replace([' ', ','], "-"));
        campaign::write(&campaign, rows)?;
        let all = measure_setting(setting, &campaign, rows, rounds)?;
        print!("{}", report::lines(setting.name, rows, &all));
        ratios.push(format!("{}, {rows} rows\n{}", setting.name, report::ratios(&all)));
        fs::remove_dir_all(&campaign)?;
    }
    println!("\n{}", ratios.join("\n"));
    Ok(())
}

fn measure_setting(setting: &Setting, folder: &Path, rows: u64, rounds: usize) -> Fallible<Vec<Rounds>> {
    match setting.what {
        What::Send { slots, latency_ms, transport, senders } => {
            let certificate = folder.join("certificate.pem");
            let server = Server::start(latency_ms, (transport == Transport::Tls).then_some(&*certificate))?;
            send(&Load { folder, rows, slots, server: &server }, senders, rounds)
        }
        What::NothingToDo => {
            let server = Server::start(0, None)?;
            let load = Load { folder, rows, slots: 64, server: &server };
            measure::run(&mut Sender::ZapiBatch.command(&load)?)?;
            let arguments = ["apply", "m.yaml", "--yes", "--no-preflight", "--base-url"];
            let base = server.base();
            in_turn(
                rounds,
                rows,
                &mut [("second apply", &mut || {
                    let mut command = zapi_batch(folder, &arguments);
                    command.arg(&base);
                    Ok(command)
                })],
            )
        }
        What::Validate => in_turn(
            rounds,
            rows,
            &mut [
                ("zapi-batch validate", &mut || Ok(zapi_batch(folder, &["validate", "m.yaml"]))),
                ("bare csv and minijinja", &mut || {
                    let mut command = pinned(std::env::current_exe()?);
                    command.arg("--bare").arg(folder.join("r.csv"));
                    Ok(command)
                }),
            ],
        ),
        What::StartUp => in_turn(
            rounds,
            rows,
            &mut [
                ("zapi-batch validate", &mut || Ok(zapi_batch(folder, &["validate", "m.yaml"]))),
                ("true", &mut || Ok(pinned("true"))),
            ],
        ),
    }
}

/// Everybody sends the whole load, one after the other, round by round.
fn send(load: &Load<'_>, senders: &[Sender], rounds: usize) -> Fallible<Vec<Rounds>> {
    let here = senders.iter().copied().filter(|sender| sender.is_here());
    let mut all: Vec<(Sender, Rounds)> =
        here.map(|sender| (sender, Rounds { name: sender.name().to_owned(), samples: Vec::new() })).collect();
    for _ in 0..rounds {
        for (sender, rounds) in &mut all {
            let mut command = sender.command(load)?;
            load.server.forget()?;
            let took = measure::run(&mut command)?;
            let seen = load.server.seen()?;
            let mut sample = sample(&took, load.rows);
            #[allow(clippy::cast_precision_loss)] // counts of requests
            let requests = seen.requests as f64;
            sample.steady = Some(requests / seen.span.as_secs_f64());
            let distinct = if *sender == Sender::Oha { 1 } else { load.rows };
            sample.is_wrong |= seen.requests != load.rows || seen.distinct != distinct;
            rounds.samples.push(sample);
        }
    }
    Ok(all.into_iter().map(|(_, rounds)| rounds).collect())
}

type Contender<'a> = (&'a str, &'a mut dyn FnMut() -> Fallible<Command>);

/// Runs programs that need no server, one after the other, round by round.
fn in_turn(rounds: usize, rows: u64, contenders: &mut [Contender<'_>]) -> Fallible<Vec<Rounds>> {
    let mut all: Vec<Rounds> =
        contenders.iter().map(|(name, _)| Rounds { name: (*name).to_owned(), samples: Vec::new() }).collect();
    for _ in 0..rounds {
        for ((_, command), rounds) in contenders.iter_mut().zip(&mut all) {
            let took = measure::run(command()?.stdout(Stdio::null()))?;
            rounds.samples.push(sample(&took, rows));
        }
    }
    Ok(all)
}

#[allow(clippy::cast_precision_loss)] // counts of rows
fn sample(took: &measure::Took, rows: u64) -> Sample {
    let rows = rows as f64;
    Sample {
        steady: None,
        whole: rows / took.wall.as_secs_f64(),
        wall_ms: took.wall.as_secs_f64() * 1e3,
        cpu_us: took.cpu_s * 1e6 / rows,
        peak_mib: took.peak_mib,
        is_wrong: !took.status.success(),
    }
}
