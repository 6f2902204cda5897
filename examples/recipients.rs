//! Generates a recipient list to try with: `cargo run --example recipients -- 10000 > list.csv`.
//!
//! Made-up groups, some with names that are hard on a CSV; the same number always gives the same list.

use std::io::{self, BufWriter};

const NAMES: [&str; 6] = ["Pinheiros", "Vila \"Madá\"", "Mooca, leste", "São José", "Penha; norte", "山田"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: u64 = std::env::args().nth(1).unwrap_or_else(|| "1000".to_owned()).parse()?;
    let mut csv = csv::Writer::from_writer(BufWriter::new(io::stdout().lock()));
    csv.write_record(["phone", "label", "first_name"])?;
    for row in 0..rows {
        // A permutation, so that neighbours in the list are no neighbours in number.
        let id = 120_363_000_000_000_000 + row * 61_803_399 % 1_000_000_007;
        let name = NAMES[usize::try_from(row % 6)?];
        csv.write_record([format!("{id}-group"), format!("{name} {row}"), name.to_owned()])?;
    }
    csv.flush()?;
    Ok(())
}
