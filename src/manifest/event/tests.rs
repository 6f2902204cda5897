//! Dates, zones and texts by table.

use super::*;

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn built(date_time: &str, zone: Option<&str>) -> Result<Built, Vec<String>> {
    let read = zone.map(|zone| read_zone(zone).unwrap());
    let texts =
        Texts { name: Some("Launch\n"), date_time: Some(date_time), canceled: Some("false"), ..Texts::default() };
    let zone = read.as_ref().map_or(Zone::None, Zone::Known);
    Builder::new(now()).build(&texts, zone).map_err(|unbuilt| messages(&unbuilt.faults))
}

fn messages(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|found| format!("{} {}", found.diagnostic.code.id, found.diagnostic.message)).collect()
}

#[test]
fn dates_on_the_wire() {
    let (sao_paulo, kolkata) = (Some("America/Sao_Paulo"), Some("Asia/Kolkata"));
    for (text, zone, date_time, time_zone) in [
        ("2026-12-04T19:00", sao_paulo, "2026-12-04T19:00:00.000Z", Some("UTC-3")),
        ("2026-12-04 19:00:30.5", kolkata, "2026-12-04T19:00:30.500Z", Some("UTC+5:30")),
        ("2026-12-04T19:00:00.000Z", sao_paulo, "2026-12-04T19:00:00.000Z", Some("UTC-3")),
        ("2026-12-04T19:00Z", None, "2026-12-04T19:00:00.000Z", None),
        ("2026-12-04T19:00-03:00", None, "2026-12-04T19:00:00.000Z", Some("UTC-3")),
        ("2026-12-04T19:00+0545", None, "2026-12-04T19:00:00.000Z", Some("UTC+5:45")),
        ("2026-12-04T19:00-03", sao_paulo, "2026-12-04T19:00:00.000Z", Some("UTC-3")),
        ("2026-07-04T19:00", Some("America/New_York"), "2026-07-04T19:00:00.000Z", Some("UTC-4")),
        ("2026-12-04T19:00", Some("America/New_York"), "2026-12-04T19:00:00.000Z", Some("UTC-5")),
        ("2026-12-04T19:00", Some("UTC"), "2026-12-04T19:00:00.000Z", Some("UTC+0")),
        ("2027-11-07T01:30-04:00", Some("America/New_York"), "2027-11-07T01:30:00.000Z", Some("UTC-4")),
        ("2027-11-07T01:30-05:00", Some("America/New_York"), "2027-11-07T01:30:00.000Z", Some("UTC-5")),
    ] {
        let event = built(text, zone).unwrap().event;
        assert_eq!((event.date_time.as_str(), event.time_zone.as_deref()), (date_time, time_zone), "{text}");
        assert_eq!(event.name, "Launch");
    }
}

#[test]
fn dates_that_cannot_be() {
    let new_york = Some("America/New_York");
    for (text, zone, expected) in [
        ("2026-02-30T19:00", None, "E132 `2026-02-30T19:00` does not exist: February 2026 has 28 days"),
        ("2026-13-01T19:00", None, "E132 `2026-13-01T19:00` does not exist: there is no month 13"),
        ("2026-00-01T19:00", None, "E132 `2026-00-01T19:00` does not exist: there is no month 0"),
        ("2026-12-04T24:00", None, "E132 `2026-12-04T24:00` does not exist: midnight is 00:00 of the next day"),
        ("2026-12-04T19:60", None, "E132 `2026-12-04T19:60` does not exist: an hour has 60 minutes"),
        ("2026-12-04", None, "E131 `2026-12-04` has no time of day"),
        ("tomorrow", None, "E131 `tomorrow` is not a date with a time"),
        ("2026-12-04T19h00", None, "E131 `2026-12-04T19h00` is not a date with a time"),
        ("2026-12-04T19:00 BRT", None, "E131 `2026-12-04T19:00 BRT` is not a date with a time"),
        ("46360.791666", None, "E131 `46360.791666` is how a spreadsheet keeps a date inside, as a number of days"),
        ("04/12/2026 19:00", None, "E133 `04/12/2026 19:00` can be read in two ways: 4 December 2026 or 12 April 2026"),
        ("24/12/2026 19:00", None, "E133 `24/12/2026 19:00` is not written as dates are written here"),
        (
            "2027-03-14T02:30",
            new_york,
            "E134 `2027-03-14T02:30` does not exist in America/New_York: the clocks go from 02:00 to 03:00",
        ),
        (
            "2027-11-07T01:30",
            new_york,
            "E135 `2027-11-07T01:30` happens twice in America/New_York, when the clocks go back",
        ),
        (
            "2026-12-04T19:00-03:00",
            new_york,
            "E136 `2026-12-04T19:00` says -03:00, but America/New_York is at -05:00 then",
        ),
    ] {
        assert_eq!(built(text, zone).unwrap_err(), [expected], "{text}");
    }
}

#[test]
fn advice_about_dates_keeps_the_time() {
    for (text, expected) in [
        ("04/12/2026 19:00", "write 2026-12-04T19:00 or 2026-04-12T19:00"),
        ("14/05/2027 9:00", "write 2027-05-14T09:00"),
        ("14/05/2027 8:30", "write 2027-05-14T08:30"),
        ("14/05/2027 18h30", "write 2027-05-14T18:30"),
        ("14/05/2027 18h", "write 2027-05-14T18:00"),
        ("14/05/27, 20:30", "write 2027-05-14T20:30"),
        ("14/05/2027 às 20:30h", "write 2027-05-14T20:30"),
        ("14.05.2027 - 20h30min", "write 2027-05-14T20:30"),
        ("14/05/2027 20:30:00", "write 2027-05-14T20:30"),
        ("14/05/2027 20:30:15", "write 2027-05-14T20:30:15"),
        ("14/05/2027", "write 2027-05-14THH:mm"),
        ("14/05/2027 25:99", "write 2027-05-14THH:mm"),
        ("14/05/2027 9:00 PM", "write 2027-05-14THH:mm"),
        ("14/05/2027 9:00-03:00", "write 2027-05-14THH:mm"),
        ("14/05/2027 -03:00", "write 2027-05-14THH:mm"),
        ("14/05/2027 19", "write 2027-05-14THH:mm"),
        ("14/05/2027 à noite", "write 2027-05-14THH:mm"),
    ] {
        assert_eq!(time::read(text).unwrap_err().help.as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn warnings_about_dates() {
    let zone = Some("America/Sao_Paulo");
    for (text, zone, expected) in [
        ("2026-11-22T08:59", zone, &["W131"][..]),
        ("2026-11-22T09:01", zone, &[]),
        ("2027-11-22T09:00", zone, &[]),
        ("2027-11-24T09:01", zone, &["W132"]),
        ("2026-12-04T19:00", None, &["W133"]),
        ("2020-12-04T19:00", None, &["W133", "W131"]),
        // The last year there is: as a moment these lie behind it.
        ("9999-12-31T21:00", zone, &["W132"]),
        ("9999-12-31T23:59", zone, &["W132"]),
        ("9999-12-31T23:59", None, &["W133", "W132"]),
        // Somewhere it is not over yet.
        ("2026-11-22T08:59", None, &["W133"]),
    ] {
        let warnings = built(text, zone).unwrap().warnings;
        let codes: Vec<&str> = warnings.iter().flatten().map(|warning| warning.code().id).collect();
        assert_eq!(codes, expected, "{text}");
    }
}

#[test]
fn all_faults_of_an_event_at_once_and_none_that_was_reported() {
    let mut builder = Builder::new(now());
    let texts = Texts {
        name: Some(" "),
        description: Some("\n"),
        date_time: Some("x"),
        location_name: Some("HQ"),
        call_link_type: Some("fax"),
        canceled: Some("yes"),
    };
    let codes = |unbuilt: Unbuilt| {
        let faults = unbuilt.faults.iter().map(|found| found.diagnostic.code.id);
        faults.chain(unbuilt.warnings.iter().flatten().map(|warning| warning.code().id)).collect::<Vec<_>>()
    };
    let mut codes_of = |texts: &Texts<'_>, zone| codes(builder.build(texts, zone).unwrap_err());
    assert_eq!(codes_of(&texts, Zone::Text("Mars")), ["E120", "E120", "E121", "E122", "E130", "E131"]);
    let missing = Texts { name: Some("x"), date_time: None, canceled: Some("true"), ..Texts::default() };
    assert!(codes_of(&missing, Zone::None).is_empty());
    assert_eq!(codes_of(&missing, Zone::Text("Mars")), ["E130"]);
    let past = Texts { date_time: Some("2020-12-04T19:00"), call_link_type: Some("fax"), ..missing };
    assert_eq!(codes_of(&past, Zone::None), ["E121", "W133", "W131"]);
    let unknown_zone = Texts { date_time: Some("2026-12-04T19:00"), ..missing };
    assert!(codes_of(&unknown_zone, Zone::Faulty).is_empty());
    let good = builder.build(&unknown_zone, Zone::Text("UTC")).unwrap();
    assert!(good.event.canceled && good.at.is_some());
}
