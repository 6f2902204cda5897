//! The README tells the truth: its commands run, and print what it says they print.

use std::fs;
use std::path::Path;

use crate::world::{Ran, World};

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The `console` blocks: each a command and what it prints.
fn sessions(readme: &str) -> Vec<(String, Vec<String>)> {
    let blocks = readme.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks
        .map(|block| {
            let mut lines = block.lines();
            let command = lines.next().unwrap().strip_prefix("$ zapi-batch ").unwrap().to_owned();
            (command, lines.map(str::to_owned).collect())
        })
        .collect()
}

/// Times, rates and paddings differ from run to run.
fn timeless(line: &str) -> String {
    let mut text = String::new();
    for c in line.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }) {
        let again = text.ends_with(c) && matches!(c, '0' | ' ');
        if !again {
            text.push(c);
        }
    }
    text.replace(" 0.0/s", " 0/s").trim_end().to_owned()
}

/// On a machine in the campaign's zone, as the README's is.
fn run(world: &World, command: &str) -> Ran {
    let mut command = world.command(&command.split_whitespace().collect::<Vec<_>>());
    Ran::of(&command.env("TZ", "America/Sao_Paulo").output().unwrap())
}

#[test]
fn the_tour_prints_what_it_says() {
    let world = World::repository();
    let quickstart = fs::read_to_string(world.path("manifests/quickstart.yaml")).unwrap();
    let broken = quickstart
        .replace("America", "Amrica")
        .replace("callLinkType", "callLinktype")
        .replace("{{ venue }}", "{{ venu }}");
    world.write("broken.yaml", broken);
    let sessions = sessions(&readme());
    assert_eq!(sessions.len(), 5);
    for (command, said) in sessions {
        if command.starts_with("plan") {
            world.write("manifests/quickstart.yaml", quickstart.replace("T19:00", "T20:00"));
        }
        let is_refused = said.iter().any(|line| line.ends_with("exit 1"));
        let code = if command.contains("broken") { 2 } else { i32::from(is_refused) };
        let ran = run(&world, &command).expect(code);
        let printed: Vec<String> = ran.stderr.lines().chain(ran.stdout.lines()).map(timeless).collect();
        for line in said.iter().filter(|line| !line.is_empty() && *line != "…") {
            let wanted = timeless(line);
            let found = printed.contains(&wanted);
            // What nobody can foresee is how long it took.
            let foreseeable = !line.trim_start().starts_with("attempts ");
            assert!(found || !foreseeable, "{command} does not print {line:?} but\n{}{}", ran.stderr, ran.stdout);
        }
    }
}

#[test]
fn the_commands_of_the_pull_request_check_pass_and_need_nothing() {
    let world = World::repository();
    let readme = readme();
    let commands: Vec<&str> =
        readme.lines().filter_map(|line| line.trim().strip_prefix("- run: zapi-batch ")).collect();
    assert_eq!(commands.len(), 2);
    for command in commands {
        let mut process = world.command(&command.split_whitespace().collect::<Vec<_>>());
        for name in ["ZAPI_INSTANCE_ID", "ZAPI_INSTANCE_TOKEN", "ZAPI_CLIENT_TOKEN"] {
            process.env_remove(name);
        }
        Ran::of(&process.env("CI", "true").output().unwrap()).expect(0);
    }
    // And it can fail: the same check refuses a pull request with a mistake, and says where.
    let text = fs::read_to_string(world.path("manifests/ci.yaml")).unwrap();
    world.write("manifests/ci.yaml", text.replace("dateTime", "dateTme"));
    run(&world, "validate manifests/ci.yaml --strict --format github").expect(2).says("file=manifests/ci.yaml,line=20");
}

#[test]
fn every_manifest_in_the_repository_is_valid_and_can_be_rehearsed() {
    let world = World::repository();
    for entry in fs::read_dir(world.path("manifests")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let manifest = path.to_str().unwrap();
            world.run(&["validate", manifest]).expect(0);
            let ran = world.run(&["apply", manifest, "--sandbox", "--rate", "unlimited", "--format", "json"]);
            let json = ran.expect(0).json();
            assert_eq!(json["messages"]["accepted"], json["requests"], "{manifest}");
            assert_eq!(json["sandbox"]["duplicates"], 0, "{manifest}");
        }
    }
}

#[test]
fn every_command_of_the_table_explains_itself() {
    let world = World::new();
    let readme = readme();
    let table = readme.split("## Commands").nth(1).unwrap().split("\n\n").nth(1).unwrap();
    let words = table.lines().skip(2).flat_map(|row| {
        let cell = row.split('|').nth(1).unwrap();
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(|code| code.split_whitespace().next().unwrap().to_owned())
            .collect::<Vec<_>>()
    });
    let mut seen = 0;
    for command in words {
        world.run(&[&command, "--help"]).expect(0).says("Usage: zapi-batch");
        seen += 1;
    }
    assert!(seen >= 14, "{seen} commands");
}

#[test]
fn the_manifest_of_the_readme_is_valid() {
    let world = World::new();
    let readme = readme();
    let section = readme.split("## The manifest").nth(1).unwrap();
    world.write("m.yaml", section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap());
    world.write("lists/vip.csv", "Celular;Nome;Nome do grupo\n120363019502650978-group;Vila;Vila Mariana\n");
    world.write("lists/optout.csv", "phone\n");
    world.run(&["validate", "m.yaml"]).expect(0).says("3 messages");
}
