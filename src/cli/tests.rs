//! Holds the command line to the contract: what is understood, what is refused with which words.

use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::from_arguments(std::iter::once("zapi-batch").chain(line.split_whitespace()))
}

fn apply(line: &str) -> ApplyArgs {
    match parse(line).unwrap().command {
        Command::Apply(apply) => *apply,
        other => panic!("not apply: {other:?}"),
    }
}

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_line_of_the_contract_is_understood() {
    for line in [
        "apply m.yaml --yes --limit 5 --only launch --to vip --concurrency 8 --rate 2/s --ledger l.db --results r.csv",
        "apply m.yaml --env-file e --resend-unknown=3 --new-ledger --skip-invalid --no-wait --no-preflight",
        "apply m.yaml --allow-rewrite --base-url http://127.0.0.1:1 --proxy http://p:1 --format json --sandbox",
        "apply m.yaml --dry-run --format sarif --show-recipients -vv --log-file log",
        "apply m.yaml --cancel-left",
        "apply m.yaml --cancel-left=2 --yes=2",
        "validate a.yaml b.yaml --format junit --strict",
        "plan m.yaml --format json --ledger l.db",
        "plan m.yaml --sandbox",
        "status m.yaml --format json --sandbox",
        "results m.yaml --ledger l.db",
        "resolve m.yaml 123-group --arrived --message-id D24",
        "resolve m.yaml 123-group --not-arrived --ledger l.db",
        "groups m.yaml",
        "check m.yaml",
        "recall m.yaml --yes",
        "test m.yaml --yes=2",
        "sandbox --port 0 --latency 20ms --drain 1s --fault 500=1% --credentials a:b",
        "init",
        "init folder",
        "schema",
        "completions zsh",
        "-v schema",
    ] {
        if let Err(error) = parse(line) {
            panic!("{line}: {error}");
        }
    }
}

#[test]
fn a_number_belongs_to_its_flag_only_after_an_equals_sign() {
    assert_eq!(apply("apply m.yaml").yes, None);
    assert_eq!(apply("apply --yes m.yaml").yes, Some(None));
    assert_eq!(apply("apply --yes=812 m.yaml").yes, Some(Some(812)));
    assert_eq!(apply("apply --cancel-left m.yaml").rules.cancel_left, Some(None));
    assert_eq!(apply("apply --cancel-left=2 m.yaml").rules.cancel_left, Some(Some(2)));
    assert_eq!(apply("apply --rate unlimited m.yaml").rate, Some(crate::delivery::Rate::Unlimited));
}

#[test]
fn wrong_usage_says_what_is_allowed() {
    let table = [
        ("apply m.yaml --yes=many", "exact number of messages"),
        ("apply m.yaml --resend-unknown", "equal sign"),
        ("apply m.yaml --concurrency 0", "1 to 256"),
        ("apply m.yaml --rate fast", "20/min"),
        ("apply m.yaml --limit 0", "at least 1"),
        ("apply m.yaml --format github", "--dry-run"),
        ("apply m.yaml --format xml", "human"),
        ("validate", "<MANIFEST>"),
        ("resolve m.yaml 1-group", "--arrived|--not-arrived"),
        ("resolve m.yaml 1-group --arrived --not-arrived", "cannot be used with"),
        ("resolve m.yaml 1-group --not-arrived --message-id X", "cannot be used with"),
        ("sandbox --fault 200=1%", "400 to 599"),
    ];
    for (line, said) in table {
        let error = parse(line).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
        assert!(error.to_string().contains(said), "{line}: {error}");
    }
}

#[test]
fn help_comes_with_examples() {
    for command in Cli::command().get_subcommands() {
        let line = format!("{} --help", command.get_name());
        let help = parse(&line).expect_err("help is an error to clap");
        assert_eq!(help.kind(), ErrorKind::DisplayHelp);
        assert!(help.to_string().contains("Examples:"), "{line}");
    }
}
