//! Everything wrong is found in one run, and said in five formats that other programs can read.
//!
//! `tests/manifests/forty` is a manifest with 25 different faults and a CSV with 15 more; beside them stands what is said
//! in each format. With `UPDATE_EXPECTED=1` those files are written anew, for people to read and commit.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::world::{Ran, World};
use crate::xml;

const FORTY: &str = "tests/manifests/forty";
const FORMATS: [(&str, &str); 5] =
    [("human", "txt"), ("json", "json"), ("github", "github"), ("sarif", "sarif"), ("junit", "xml")];

/// The folder with the forty faults, and the expected files kept out of it.
fn world() -> World {
    let world = World::new();
    for name in ["campaign.yaml", "guests.csv"] {
        world.write(name, fs::read(Path::new(FORTY).join(name)).unwrap());
    }
    world
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn forty_faults_are_listed_at_their_places_in_five_formats() {
    let world = world();
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    for (format, ending) in FORMATS {
        let ran = world.run(&["validate", "campaign.yaml", "--format", format]).expect(2);
        assert_eq!(ran.stderr, "", "{format}");
        let beside = Path::new(FORTY).join(format!("expected.{ending}"));
        if update {
            fs::write(&beside, &ran.stdout).unwrap();
        }
        assert_eq!(ran.stdout, fs::read_to_string(&beside).unwrap(), "{format}");
    }
}

#[test]
fn the_forty_are_different_and_each_is_in_every_format() {
    let world = world();
    let found = json(&world.run(&["validate", "campaign.yaml", "--format", "json"]));
    assert_eq!(found["summary"]["errors"], 40);
    let found = found["diagnostics"].as_array().unwrap();
    let of = |file: &str| found.iter().filter(|one| one["file"] == file).count();
    assert_eq!((found.len(), of("campaign.yaml"), of("guests.csv")), (40, 25, 15));
    let codes: BTreeSet<&str> = found.iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes.len(), 40, "{codes:?}");

    let texts: Vec<(&str, String)> = FORMATS
        .iter()
        .map(|(format, _)| (*format, world.run(&["validate", "campaign.yaml", "--format", format]).stdout))
        .collect();
    for one in found {
        let (file, line, column) = (one["file"].as_str().unwrap(), &one["line"], &one["column"]);
        let code = one["code"].as_str().unwrap();
        for (format, text) in &texts {
            let expected = match *format {
                "human" => format!("error[{code}]: {}\n", one["message"].as_str().unwrap()),
                "github" => format!("::error file={file},line={line},endLine={},", one["end_line"]),
                "sarif" => format!("\"ruleId\": \"{code}\""),
                "junit" => format!("<failure type=\"{code}\""),
                _ => format!("\"column\": {column},"),
            };
            assert!(text.contains(&expected), "{format} lacks {expected}");
            if *format == "human" {
                assert!(text.contains(&format!("--> {file}:{line}:{column}\n")), "{file}:{line}:{column}");
            }
        }
    }
}

#[test]
fn plan_and_the_dry_run_say_the_same() {
    let world = world();
    for format in ["github", "sarif", "junit"] {
        let validated = world.run(&["validate", "campaign.yaml", "--format", format]).expect(2);
        let planned = world.run(&["plan", "campaign.yaml", "--format", format]).expect(2);
        let dry = world.run(&["apply", "campaign.yaml", "--dry-run", "--format", format]).expect(2);
        assert_eq!(validated.stdout, planned.stdout, "{format}");
        assert_eq!(validated.stdout, dry.stdout, "{format}");
    }
    let validated = json(&world.run(&["validate", "campaign.yaml", "--format", "json"]));
    for arguments in [&["plan", "campaign.yaml"][..], &["apply", "campaign.yaml", "--dry-run"]] {
        let ran = world.run(&[arguments, &["--format", "json"]].concat()).expect(2);
        assert_eq!(json(&ran)["diagnostics"], validated["diagnostics"], "{arguments:?}");
        let people = world.run(arguments).expect(2);
        assert_eq!(people.stdout, "", "no plan is shown of what cannot be sent");
        assert_eq!(people.stderr.matches("error[E").count(), 40, "{arguments:?}");
    }
}

/// Against the part of the SARIF schema that we emit, written down from the specification; see there.
#[test]
fn sarif_follows_its_schema() {
    let schema: Value =
        serde_json::from_str(&fs::read_to_string("tests/schemas/sarif-2.1.0-emitted.schema.json").unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let world = world();
    world.write("good.yaml", good());
    world.write("bad place & name.yaml", "campaign: x\ncampaign: y\n");
    world.write("many.yaml", many(150));
    for manifest in ["campaign.yaml", "good.yaml", "bad place & name.yaml", "many.yaml"] {
        let log = json(&world.run(&["validate", manifest, "--format", "sarif"]));
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{} {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{manifest}: {errors:#?}");
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
        }
    }
    for wrong in ["{}", r#"{"version":"2.1.0","runs":[{"results":[]}]}"#] {
        assert!(!validator.is_valid(&serde_json::from_str(wrong).unwrap()), "{wrong}");
    }
}

#[test]
fn junit_is_well_formed_and_its_counts_add_up() {
    let world = world();
    world.write("good.yaml", good());
    world.write("many.yaml", many(150));
    for (manifest, tests, failures) in [("campaign.yaml", 40, 40), ("good.yaml", 1, 0), ("many.yaml", 101, 100)] {
        let text = world.run(&["validate", manifest, "--format", "junit"]).stdout;
        let elements = xml::elements(&text).unwrap_or_else(|fault| panic!("{manifest}: {fault}\n{text}"));
        let count = |name: &str| elements.iter().filter(|(element, _)| element == name).count();
        assert_eq!((count("testcase"), count("failure")), (tests, failures), "{manifest}");
        let suites = elements.iter().find(|(name, _)| name == "testsuites").unwrap();
        let attribute = |name: &str| suites.1.iter().find(|(key, _)| key == name).unwrap().1.clone();
        assert_eq!((attribute("tests"), attribute("failures")), (tests.to_string(), failures.to_string()));
    }
}

#[test]
fn the_first_hundred_of_a_kind_are_shown_and_all_are_counted() {
    let world = World::new();
    world.write("m.yaml", many(150));
    let found = json(&world.run(&["validate", "m.yaml", "--format", "json"]).expect(2));
    assert_eq!(found["diagnostics"].as_array().unwrap().len(), 100);
    assert_eq!((&found["summary"]["errors"], &found["summary"]["by_code"]["E308"]), (&150.into(), &150.into()));
    for (format, _) in FORMATS.iter().filter(|(format, _)| *format != "json") {
        let text = world.run(&["validate", "m.yaml", "--format", format]).stdout;
        assert!(text.contains("E308 in m.yaml: 150 in all, the first 100 are shown"), "{format}: {text}");
    }
    // Faults of the text itself are counted as well.
    let keys = "campaign: again\n".repeat(250);
    world.write("m.yaml", format!("{}{keys}", good()));
    let found = json(&world.run(&["validate", "m.yaml", "--format", "json"]).expect(2));
    assert_eq!(found["summary"]["by_code"]["E008"], 250);
}

#[test]
fn strict_makes_errors_of_warnings() {
    let world = World::new();
    world.write("m.yaml", good().replace("timezone: UTC\n", ""));
    let kind = |ran: &Ran| json(ran)["diagnostics"][0]["severity"].as_str().unwrap().to_owned();
    let lenient = world.run(&["validate", "m.yaml", "--format", "json"]).expect(0);
    let strict = world.run(&["validate", "m.yaml", "--format", "json", "--strict"]).expect(2);
    assert_eq!((kind(&lenient), kind(&strict)), ("warning".to_owned(), "error".to_owned()));
    assert_eq!(json(&strict)["summary"]["warnings"], 0);
    let shown = world.run(&["validate", "m.yaml", "--strict"]).expect(2).stdout;
    assert!(shown.starts_with("error[W133]"), "{shown}");
    assert!(world.run(&["validate", "m.yaml", "--format", "junit", "--strict"]).stdout.contains("failures=\"1\""));
}

#[test]
fn lists_of_several_manifests_are_told_apart() {
    let world = World::new();
    let manifest = good().replace("list: [\"120363041000000001-group\"]", "csv: list.csv");
    for (team, row) in [("north", "11 99999-8888"), ("south", "ana@example.com")] {
        world.write(&format!("{team}/m.yaml"), &manifest);
        world.write(&format!("{team}/list.csv"), format!("phone,name\n{row},x\n"));
    }
    let arguments = ["validate", "north/m.yaml", "south/m.yaml", "--format"];
    let found = json(&world.run(&[&arguments[..], &["json"]].concat()).expect(2));
    let places: Vec<(&str, &str)> = found["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["file"].as_str().unwrap(), one["code"].as_str().unwrap()))
        .collect();
    assert_eq!(places, [("north/list.csv", "E308"), ("south/list.csv", "E317")]);
    for format in ["human", "github", "sarif", "junit"] {
        let text = world.run(&[&arguments[..], &[format]].concat()).expect(2).stdout;
        assert!(text.contains("north/list.csv") && text.contains("south/list.csv"), "{format}: {text}");
        assert!(!text.contains("south/south"), "{format}: {text}");
    }
    // One manifest alone: as it names them, and for services as they can be opened from here.
    let one = world.run(&["validate", "south/m.yaml"]).expect(2).stdout;
    assert!(one.contains("--> list.csv:2:1"), "{one}");
    let github = world.run(&["validate", "south/m.yaml", "--format", "github"]).expect(2).stdout;
    assert!(github.contains("file=south/list.csv,"), "{github}");
}

#[test]
fn a_secret_is_not_shown_by_what_else_is_wrong_with_its_line() {
    let world = World::new();
    let secret = "F4C8A5E0D1B2C3D4E5F60718";
    let written = good().replace("token: \"${TOKEN}\"", &format!("tokn: {secret}, token: {secret}"));
    assert!(written.contains(secret));
    world.write("m.yaml", written);
    for (format, _) in FORMATS {
        let ran = world.run(&["validate", "m.yaml", "--format", format]).expect(2);
        assert!(ran.stdout.contains("E012") && ran.stdout.contains("W001"), "{format}: {}", ran.stdout);
        assert!(!ran.stdout.contains(secret), "{format}: {}", ran.stdout);
    }
}

/// A manifest without a fault, on whatever day this is.
fn good() -> String {
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(30 * 24);
    format!(
        r#"version: 1
campaign: c
timezone: UTC
instances: {{ main: {{ id: "${{ID}}", token: "${{TOKEN}}", clientToken: "${{CLIENT}}" }} }}
events:
  launch:
    name: Launch
    canceled: false
    dateTime: "{}"
recipients:
  vip: {{ list: ["120363041000000001-group"] }}
"#,
        soon.strftime("%Y-%m-%dT%H:%M")
    )
}

/// A manifest with so many recipients that lack their country code.
fn many(count: usize) -> String {
    let mut rows = String::new();
    for row in 0..count {
        writeln!(rows, "      - \"11 9{row:04}-8888\"").unwrap();
    }
    good().replace("  vip: { list: [\"120363041000000001-group\"] }\n", &format!("  vip:\n    list:\n{rows}"))
}
