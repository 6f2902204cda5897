//! `init`: a manifest, a recipient list and a `.gitignore` to start from. Never overwrites anything.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use super::apply::quoted;
use super::failure::Failure;
use crate::cli::InitArgs;
use crate::exit::Exit;
use crate::report::Stream;

const LIST: &str = "\
phone,label,first_name
120363019502650977-group,Neighbours,everyone
120363019502650978-group,Organisers,
";

const GITIGNORE: &str = "\
# Credentials
.env
# Who was written to, and what came of it. <campaign>.sent.json is meant to be committed.
*.ledger.db*
*.results.csv
*.results.2.csv
.zapi-batch-*
# Rehearsals and tests
*.sandbox.*
*.test.*
";

pub(super) fn run(args: &InitArgs) -> Result<Exit, Failure> {
    let now = Zoned::now();
    let files = [
        ("campaign.yaml", manifest(now.date(), zone_name(&TimeZone::system()).as_deref())),
        ("lists/recipients.csv", LIST.to_owned()),
        (".gitignore", GITIGNORE.to_owned()),
    ];
    for (name, text) in &files {
        let path = args.folder.join(name);
        let written = write_new(&path, text)
            .map_err(|error| Failure::refused(format!("{} cannot be written: {error}", path.display())))?;
        let word = if written { "wrote" } else { "kept " };
        let why = if written { "" } else { "   (it was there already)" };
        Stream::Stderr.say(&format!("{word} {}{why}\n", path.display()))?;
    }
    let manifest = args.folder.join("campaign.yaml");
    Stream::Stderr.say(&format!(
        "next  zapi-batch apply {} --sandbox   rehearses it; nothing leaves this machine\n",
        quoted(&manifest.display().to_string())
    ))?;
    Ok(Exit::Done)
}

/// `false` where there is something already. All of it or nothing: half a file would be kept by the next `init`.
fn write_new(path: &Path, text: &str) -> io::Result<bool> {
    if path.symlink_metadata().is_ok() {
        return Ok(false);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Readable by whom the umask lets read it, as any file that a person writes.
    let permissions = Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().prefix(".zapi-batch-").permissions(permissions).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

fn zone_name(zone: &TimeZone) -> Option<String> {
    zone.iana_name().filter(|name| !matches!(*name, "UTC" | "Etc/UTC" | "Etc/Unknown")).map(str::to_owned)
}

/// Twenty lines that are right as they stand, with an event four weeks from now.
fn manifest(today: Date, zone: Option<&str>) -> String {
    let date = today.checked_add(4.weeks()).unwrap_or(today);
    let zone = zone.unwrap_or("America/Sao_Paulo");
    format!(
        "\
version: 1
campaign: my-campaign              # names the ledger and the results file
timezone: {zone}
instances:
  main:                            # the values stand in .env or in the environment
    id: ${{ZAPI_INSTANCE_ID}}
    token: ${{ZAPI_INSTANCE_TOKEN}}
    clientToken: ${{ZAPI_CLIENT_TOKEN}}
delivery: {{ rate: 20/min }}         # kind to the number; nothing needs to be faster
events:
  launch:
    name: \"Spring launch\"
    description: \"Hello {{{{ first_name | default('everyone') }}}}, doors at 18:30.\"
    dateTime: \"{date}T19:00\"
    location: {{ name: \"{{{{ venue }}}}\" }}
recipients:
  groups: {{ csv: lists/recipients.csv }}
sends:
  - {{ event: launch, to: [groups], vars: {{ venue: \"Av. Paulista 1000\" }} }}
results: {{ columns: [first_name] }}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_has_twenty_lines_and_a_date_to_come() {
        let text = manifest("2026-12-10".parse().unwrap(), Some("Europe/Lisbon"));
        assert_eq!(text.lines().count(), 20);
        assert!(text.contains("dateTime: \"2027-01-07T19:00\"") && text.contains("timezone: Europe/Lisbon"));
        assert!(text.contains("id: ${ZAPI_INSTANCE_ID}") && text.contains("{{ first_name | default('everyone') }}"));
    }

    #[test]
    fn the_starter_is_right_as_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        write_new(&folder.path().join("lists/recipients.csv"), LIST).unwrap();
        let path = folder.path().join("campaign.yaml");
        write_new(&path, &manifest(Zoned::now().date(), None)).unwrap();
        let mut diagnostics = crate::diagnostic::Diagnostics::new();
        crate::manifest::load(&path, &mut diagnostics).unwrap();
        assert!(diagnostics.is_empty(), "{:?}", diagnostics.sorted());
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lists/recipients.csv");
        assert!(write_new(&path, "mine").unwrap());
        assert!(!write_new(&path, "theirs").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        // Nor is anything left where it could not be written whole.
        std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
        assert!(!write_new(&folder.path().join("link"), "mine").unwrap());
        assert!(write_new(&path.join("below"), "mine").is_err());
        assert_eq!(fs::read_dir(folder.path().join("lists")).unwrap().count(), 1);
    }
}
