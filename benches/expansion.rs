//! How long it takes to expand a campaign: manifest and rows to messages, with nobody listening.
//!
//! Three lists of 10,000 rows: plain phones, group ids, and phones as people write them; the last shows what a mask costs.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use zapi_batch::diagnostic::Diagnostics;
use zapi_batch::{expand, manifest};

const ROWS: u64 = 10_000;

fn campaign(folder: &Path, recipient: impl Fn(u64) -> String) -> PathBuf {
    let rows: String = (0..ROWS)
        .map(|number| format!("{},Ana \"{number}\",2099-12-04T19:00\n", recipient(number)).replace('"', ""))
        .collect();
    fs::write(folder.join("r.csv"), format!("phone,first_name,slot\n{rows}")).expect("a temporary folder takes files");
    let manifest = folder.join("m.yaml");
    let text = "version: 1
campaign: bench
timezone: America/Sao_Paulo
instances: { main: { id: \"${ID}\", token: \"${TOKEN}\", clientToken: \"${CLIENT}\" } }
events:
  launch:
    name: \"Spring launch, {{ first_name }}\"
    dateTime: \"{{ slot }}\"
    location: { name: Av. Paulista 1000 }
recipients: { all: { csv: r.csv } }
";
    fs::write(&manifest, text).expect("a temporary folder takes files");
    manifest
}

fn expansion(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let now: Timestamp = "2099-11-01T12:00:00Z".parse().expect("a date");
    let mut group = criterion.benchmark_group("expansion");
    group.throughput(Throughput::Elements(ROWS)).sample_size(20);
    let plain = |number: u64| format!("55119{:08}", (number * 61_803_399 + 7) % 100_000_000);
    let kinds: [(&str, &dyn Fn(u64) -> String); 3] = [
        ("phones", &plain),
        ("groups", &|number| format!("120363019502{number:06}-group")),
        ("masked phones", &|number| {
            let digits = plain(number);
            format!("+55 (11) {}-{}", &digits[4..9], &digits[9..])
        }),
    ];
    for (name, recipient) in kinds {
        let path = campaign(folder.path(), recipient);
        let mut diagnostics = Diagnostics::new();
        let loaded = manifest::load(&path, &mut diagnostics).expect("a manifest without faults");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut diagnostics = Diagnostics::new();
                let done = expand::expand(&loaded, now, &mut diagnostics, &mut |row| {
                    black_box(row);
                    Ok(())
                });
                assert_eq!(done.expect("nothing is written").messages, ROWS);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, expansion);
criterion_main!(benches);
