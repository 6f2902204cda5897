//! What people are told is true, complete, and names what to type next.

use crate::world::{MANIFEST, World, server};

#[test]
fn an_event_of_the_manifest_is_never_said_to_be_gone() {
    let (world, server) = (World::new(), server());
    world.campaign(2);
    let suppressed = format!("{MANIFEST}suppress: [{{ csv: list.csv }}]\n");
    let title =
        "launch  \"Spring launch\"   Fri 14 May 2027 19:00 America/Sao_Paulo (22:00 UTC)   nobody is to be invited";
    world.write("m.yaml", &suppressed);
    let before = world.run(&["plan", "m.yaml"]).expect(0).says(title).says("skip      2");
    assert!(!before.stdout.contains("no longer in the manifest"), "{}", before.stdout);
    world.write("m.yaml", MANIFEST);
    world.apply(&server.base_url, &[]).expect(0);
    world.write("m.yaml", &suppressed);
    world.apply(&server.base_url, &[]).expect(0).says(title).says("left      2");
    world.write("m.yaml", MANIFEST.replace("launch:", "dinner:").replace("Spring launch", "Dinner"));
    world
        .run(&["plan", "m.yaml"])
        .expect(0)
        .says("launch  \"Spring launch\"   Fri 14 May 2027 19:00   no longer in the manifest");
}
