//! Limits are kept exactly, whoever sends, and whatever was killed.

use std::os::unix::fs::PermissionsExt;

use super::*;

const DAY: Date = jiff::civil::date(2026, 12, 4);

fn instance(name: &str) -> Fingerprint {
    Fingerprint::from_hex(name)
}

fn take_all(quota: &mut Quota, limit: u32) -> u32 {
    let mut taken = 0;
    while quota.take(&instance("a"), DAY, limit).unwrap() {
        taken += 1;
    }
    taken
}

#[test]
fn a_limit_is_reached_exactly_whoever_sends() {
    for limit in [0, 1, 2, 7, 20, 100, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let open = |owner| Quota::open(folder.path(), owner).unwrap();
        let (mut one, mut two) = (open("one"), open("two"));
        let mut taken = 0;
        // In turn; each gets what is left after what the other has reserved.
        for turn in 0..3 * limit {
            let quota = if turn % 3 == 0 { &mut one } else { &mut two };
            taken += u32::from(quota.take(&instance("a"), DAY, limit).unwrap());
        }
        assert!(taken <= limit);
        one.release().unwrap();
        taken += take_all(&mut two, limit);
        two.release().unwrap();
        taken += take_all(&mut one, limit);
        assert_eq!(taken, limit);
        assert_eq!(one.used(&instance("a"), DAY).unwrap(), u64::from(limit));
        assert!(limit == 0 || one.take(&instance("b"), DAY, limit).unwrap(), "another instance");
        assert!(limit == 0 || one.take(&instance("a"), DAY.tomorrow().unwrap(), limit).unwrap(), "tomorrow");
    }
}

#[test]
fn what_was_not_sent_is_put_back() {
    let mut quota = Quota::in_memory("one").unwrap();
    assert_eq!(take_all(&mut quota, 5), 5);
    quota.put_back(&instance("a"), DAY);
    assert_eq!(take_all(&mut quota, 5), 1);
    assert_eq!(take_all(&mut quota, 5), 0);
}

#[test]
fn a_killed_run_leaves_no_more_reserved_than_its_ledger_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut quota = Quota::open(folder.path(), "one").unwrap();
    for _ in 0..3 {
        assert!(quota.take(&instance("a"), DAY, 100).unwrap());
    }
    std::mem::forget(quota);
    let mut next = Quota::open(folder.path(), "one").unwrap();
    assert_eq!(next.used(&instance("a"), DAY).unwrap(), 12, "a grant of an eighth");
    next.correct(&instance("a"), DAY, 3).unwrap();
    assert_eq!(next.used(&instance("a"), DAY).unwrap(), 3);
    assert_eq!(take_all(&mut next, 100), 97);
}

#[test]
fn without_a_limit_sends_are_counted_for_those_who_have_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut free = Quota::open(folder.path(), "free").unwrap();
    for sent in 1..=100 {
        free.count(&instance("a"), DAY, 1).unwrap();
        let used = free.used(&instance("a"), DAY).unwrap();
        assert!((sent..=sent + sent / 8).contains(&used), "{used} counted, {sent} sent");
    }
    for (sends, counted) in [(64, 102 + 63 * 128), (128, 102 + 63 * 128)] {
        free.count(&instance("a"), DAY, sends).unwrap();
        assert_eq!(free.used(&instance("a"), DAY).unwrap(), counted, "after {sends} more");
    }
    drop(free);
    let mut limited = Quota::open(folder.path(), "limited").unwrap();
    assert_eq!(take_all(&mut limited, 302), 10);
}

#[test]
fn a_copy_has_the_counts_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let none = Quota::copy(&folder.path().join("none"), "one").unwrap();
    assert_eq!(none.used(&instance("a"), DAY).unwrap(), 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made for a look");
    let mut quota = Quota::open(folder.path(), "one").unwrap();
    assert_eq!(take_all(&mut quota, 5), 5);
    let before = std::fs::read(folder.path().join("quota.db")).unwrap();
    let mut copy = Quota::copy(folder.path(), "two").unwrap();
    assert_eq!(copy.used(&instance("a"), DAY).unwrap(), 5);
    assert_eq!(take_all(&mut copy, 8), 3);
    copy.correct(&instance("a"), DAY, 2).unwrap();
    drop(copy);
    assert_eq!(std::fs::read(folder.path().join("quota.db")).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "quota.db and its journal");
    std::fs::write(folder.path().join("quota.db"), "x".repeat(5000)).unwrap();
    assert!(Quota::copy(folder.path(), "two").unwrap_err().to_string().contains("quota.db"));
}

#[test]
fn two_processes_at_once_stay_within_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let taken: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|owner| {
                let folder = folder.path();
                scope.spawn(move || take_all(&mut Quota::open(folder, &owner.to_string()).unwrap(), 100))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(taken <= 100, "{taken}");
    assert_eq!(taken + take_all(&mut Quota::open(folder.path(), "last").unwrap(), 100), 100);
}

#[test]
fn the_state_directory_is_private_and_found_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("a/b");
    Quota::open(&state, "one").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&state), mode(&state.join("quota.db"))), (0o700, 0o600));
    let all = [("ZAPI_STATE_DIR", "/z"), ("XDG_STATE_HOME", "/x"), ("HOME", "/h")];
    let found = |given: &[(&str, &str)]| {
        let given: HashMap<_, _> = given.iter().copied().collect();
        state_directory(&|name| given.get(name).map(|value| (*value).to_owned()))
    };
    assert_eq!(found(&all), Some("/z".into()));
    assert_eq!(found(&all[1..]), Some("/x/zapi-batch".into()));
    assert_eq!(found(&all[2..]), Some("/h/.local/state/zapi-batch".into()));
    assert_eq!(found(&[("ZAPI_STATE_DIR", "")]), None);
}
