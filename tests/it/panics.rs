//! A panic prints what its message formats, so everything that holds a secret is made to panic, and searched.

use std::fmt::Debug;
use std::panic::catch_unwind;
use std::time::Duration;

use secrecy::SecretString;
use zapi_batch::diagnostic::Diagnostics;
use zapi_batch::gateway::{BaseUrl, Gateway};
use zapi_batch::instance::{Credentials, Instance};
use zapi_batch::manifest;
use zapi_batch::sandbox::Account;

use crate::world::World;

const SECRETS: [&str; 3] = ["MARKED-ID-4711", "MARKED-TOKEN-4712", "MARKED-CLIENT-4713"];

/// The message of a panic about a value, as its hook would print it.
fn panic_about(value: &(impl Debug + std::panic::RefUnwindSafe)) -> String {
    let panicked = catch_unwind(|| panic!("unexpected: {value:?} {value:#?}")).unwrap_err();
    *panicked.downcast::<String>().unwrap()
}

/// Raw in any letter case, percent-encoded, and in hex.
fn shapes(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let percent = secret.replace('-', "%2d");
    vec![secret.to_lowercase(), percent.to_lowercase(), hex]
}

#[track_caller]
fn assert_silent(what: &str, message: &str) {
    assert!(message.starts_with("unexpected: "), "{what} did not panic about itself");
    for shape in SECRETS.iter().flat_map(|secret| shapes(secret)) {
        assert!(!message.to_lowercase().contains(&shape), "a panic about {what} shows a secret");
    }
}

#[test]
fn no_panic_message_holds_a_credential() {
    let [id, token, client_token] = SECRETS;
    let credentials = Credentials {
        id: SecretString::from(id),
        token: SecretString::from(token),
        client_token: Some(SecretString::from(client_token)),
    };
    let instance = Instance { name: "main".into(), credentials };
    assert_silent("an instance", &panic_about(&instance));
    let base = BaseUrl::parse("http://127.0.0.1:9").unwrap();
    let gateway = Gateway::new(&base, std::slice::from_ref(&instance), Duration::from_secs(1), None).unwrap();
    let message = catch_unwind(std::panic::AssertUnwindSafe(|| panic!("unexpected: {gateway:?}"))).unwrap_err();
    assert_silent("a gateway", &message.downcast::<String>().unwrap());
    let account = Account { id: id.into(), token: token.into(), client_token: Some(client_token.into()) };
    assert_silent("an account of the sandbox", &panic_about(&account));

    let world = World::new();
    let text = crate::world::MANIFEST
        .replace("${ZAPI_INSTANCE_ID}", id)
        .replace("${ZAPI_INSTANCE_TOKEN}", token)
        .replace("${ZAPI_CLIENT_TOKEN}", client_token);
    let manifest = manifest::load(&world.write("m.yaml", text), &mut Diagnostics::new()).unwrap();
    let specs = std::panic::AssertUnwindSafe(&manifest.instances[0].token);
    let message = catch_unwind(|| panic!("unexpected: {:?}", *specs)).unwrap_err();
    assert_silent("a credential of the manifest", &message.downcast::<String>().unwrap());
}
