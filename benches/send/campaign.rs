//! The campaign that everybody sends: the same rows as a CSV, as a manifest, and as what other programs want to be given.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::{ToSpan, civil};

const FIRST: [&str; 16] = [
    "Ana",
    "João",
    "María José",
    "Luís",
    "Zoë",
    "Müller",
    "O'Brien",
    "Maria \"Duda\"",
    "Çağla",
    "Bruno",
    "Érica",
    "Karen",
    "山田",
    "Олег",
    "Vitória",
    "William",
];
const CITIES: [&str; 8] =
    ["São Paulo, SP", "Rio de Janeiro", "Belo Horizonte", "Curitiba, PR", "Brasília", "Salvador", "Niterói", "Recife"];
const NAME: &str = "Spring launch, {{ first_name }}";
const DESCRIPTION: &str = "Your slot in {{ city }} is reserved, see you there.";

/// What a program that knows templates of its own is given as the body.
pub(crate) const BODY_TEMPLATE: &str = r#"{"phone":"{{phone}}","event":{"name":"Spring launch, {{first_name}}","description":"Your slot in {{city}} is reserved, see you there.","dateTime":"{{slot_datetime}}","location":{"name":"Av. Paulista 1000"},"callLinkType":"video","canceled":false}}"#;

/// One row, always the same for the same number. Dates are within the year from tomorrow.
struct Row {
    phone: String,
    first_name: &'static str,
    city: &'static str,
    slot: civil::DateTime,
}

fn rows(count: u64) -> impl Iterator<Item = Row> {
    let tomorrow = jiff::Zoned::now().date().saturating_add(1.day()).at(8, 0, 0, 0);
    let mut random = fastrand::Rng::with_seed(7);
    (0..count).map(move |number| Row {
        // A permutation, so nobody is named twice.
        phone: format!("55119{:08}", (number * 61_803_399 + 7) % 100_000_000),
        first_name: FIRST[random.usize(..FIRST.len())],
        city: CITIES[random.usize(..CITIES.len())],
        slot: tomorrow.saturating_add(random.i64(0..300 * 24 * 4).saturating_mul(15).minutes()),
    })
}

impl Row {
    fn date_time(&self) -> String {
        self.slot.strftime("%Y-%m-%dT%H:%M:%S").to_string()
    }

    fn body(&self) -> String {
        serde_json::json!({"phone": self.phone, "event": {
            "name": format!("Spring launch, {}", self.first_name),
            "description": format!("Your slot in {} is reserved, see you there.", self.city),
            "dateTime": self.date_time(),
            "location": {"name": "Av. Paulista 1000"},
            "callLinkType": "video",
            "canceled": false,
        }})
        .to_string()
    }
}

/// A campaign's folder: `r.csv` and `m.yaml`, without a ledger.
pub(crate) fn write(folder: &Path, count: u64) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut csv = csv::Writer::from_writer(BufWriter::new(File::create(folder.join("r.csv"))?));
    csv.write_record(["phone", "first_name", "city", "slot_datetime"])?;
    for row in rows(count) {
        csv.write_record([&row.phone, row.first_name, row.city, &row.date_time()])?;
    }
    csv.flush()?;
    fs::write(folder.join("m.yaml"), manifest())?;
    fs::write(folder.join("body.json"), rows(1).map(|row| row.body()).collect::<String>())
}

fn manifest() -> String {
    format!(
        "version: 1
campaign: bench
timezone: America/Sao_Paulo
instances:
  main: {{ id: \"${{ZAPI_INSTANCE_ID}}\", token: \"${{ZAPI_INSTANCE_TOKEN}}\", clientToken: \"${{ZAPI_CLIENT_TOKEN}}\" }}
events:
  launch:
    name: \"{NAME}\"
    description: \"{DESCRIPTION}\"
    dateTime: \"{{{{ slot_datetime }}}}\"
    location: {{ name: Av. Paulista 1000 }}
    callLinkType: video
recipients:
  all: {{ csv: r.csv }}
"
    )
}

/// The configuration file of `curl --parallel`, with every request rendered beforehand. Each answer is written to a file,
/// which the next one replaces: whoever throws answers away knows nobody's message id.
pub(crate) fn write_curl(path: &Path, count: u64, url: &str) -> io::Result<PathBuf> {
    let mut out = BufWriter::new(File::create(path)?);
    let answer = path.with_extension("out");
    let answer = answer.display();
    let mut text = String::new();
    for (number, row) in rows(count).enumerate() {
        let body = row.body().replace('\\', "\\\\").replace('"', "\\\"");
        text.clear();
        // Only between requests: after the last one it would ask for one more.
        text.push_str(if number > 0 { "next\n" } else { "" });
        let _ = write!(
            text,
            "url = \"{url}\"\nheader = \"Client-Token: F0\"\nheader = \"Content-Type: application/json\"\nsilent\n\
             output = \"{answer}\"\ndata-binary = \"{body}\"\n"
        );
        out.write_all(text.as_bytes())?;
    }
    out.flush()?;
    Ok(path.to_owned())
}

/// The least that a program with these crates could do to the rows: parse the CSV, and render what is a template.
pub(crate) fn render_bare(csv: &Path) -> Result<usize, Box<dyn std::error::Error>> {
    let mut jinja = minijinja::Environment::new();
    for (name, text) in [("name", NAME), ("description", DESCRIPTION), ("date", "{{ slot_datetime }}")] {
        jinja.add_template(name, text)?;
    }
    let templates = [jinja.get_template("name")?, jinja.get_template("description")?, jinja.get_template("date")?];
    let mut rows = csv::Reader::from_path(csv)?;
    let mut row = csv::StringRecord::new();
    let mut length = 0;
    while rows.read_record(&mut row)? {
        let values = minijinja::context! { first_name => &row[1], city => &row[2], slot_datetime => &row[3] };
        for template in &templates {
            length += template.render(values.clone())?.len();
        }
    }
    Ok(length)
}
