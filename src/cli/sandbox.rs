//! The `sandbox` command: where the stand-in listens, how fast it is, and what goes wrong in it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values;

/// `sandbox`.
#[derive(Debug, Clone, Args)]
pub struct SandboxArgs {
    /// The port to listen on, on this machine only; 0 takes a free one
    #[arg(long, default_value_t = 4010, value_name = "PORT")]
    pub port: u16,
    /// Keep its events and queue in this file, so that a later start still knows them
    #[arg(long, value_name = "PATH")]
    pub state: Option<PathBuf>,
    /// Whom to let in; several may be given [default: everybody]
    #[arg(long, value_name = "ID:TOKEN[:CLIENT_TOKEN]", value_parser = credentials)]
    pub credentials: Vec<CredentialsArg>,

    /// Trial instances, whose queued messages say so
    #[arg(long)]
    pub trial: bool,
    /// How many messages of other programs wait in each queue at first
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub foreign: u32,
    /// A group that the instances are in; several may be given [default: they list three, and know any other that is asked
    /// for]
    #[arg(long, value_name = "ID[:admins|:announcement]", value_parser = group)]
    pub group: Vec<GroupArg>,

    /// How long every answer takes, such as 20ms
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = values::duration, help_heading = "Pace")]
    pub latency: Duration,
    /// How much longer an answer takes at most, drawn evenly
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = values::duration, help_heading = "Pace")]
    pub latency_jitter: Duration,
    /// How long the queue takes for each message, such as 500ms or 0s, or never [default: 1 to 3 s, as the real one]
    #[arg(long, value_name = "TIME", value_parser = drain, help_heading = "Pace")]
    pub drain: Option<DrainArg>,

    /// How often which fault is answered, such as 500=2%; KIND is an HTTP status from 400 to 599, hang, error, garbage or
    /// redirect, with +queued where the message is queued all the same
    #[arg(long, value_name = "KIND=SHARE", value_parser = fault_rate, help_heading = "Faults")]
    pub fault: Vec<FaultRate>,
    /// What to answer for one recipient, such as 120363019502650977-group=400
    #[arg(long, value_name = "RECIPIENT=KIND", value_parser = fault_for, help_heading = "Faults")]
    pub fault_for: Vec<FaultFor>,
    /// What to answer to everything from one instance, by its id
    #[arg(long, value_name = "INSTANCE=KIND", value_parser = fault_for, help_heading = "Faults")]
    pub fault_through: Vec<FaultFor>,
    /// What to answer to the requests with these numbers, from 1, such as 5-9=hang
    #[arg(long, value_name = "FIRST[-LAST]=KIND", value_parser = fault_at, help_heading = "Faults")]
    pub fault_at: Vec<FaultAt>,
    /// What a 429 asks to wait
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = values::duration, help_heading = "Faults")]
    pub retry_after: Duration,
    /// Say that the phone is disconnected after so many messages
    #[arg(long, value_name = "N", help_heading = "Faults")]
    pub disconnect_after: Option<u64>,
    /// Connect again so long after --disconnect-after [default: never]
    #[arg(long, value_name = "TIME", value_parser = values::duration, requires = "disconnect_after", help_heading = "Faults")]
    pub reconnect_after: Option<Duration>,
    /// The same number brings the same faults
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Faults")]
    pub seed: u64,
}

/// A fault the stand-in answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultArg {
    /// 400 to 599.
    Status(u16),
    /// No answer at all.
    Hang,
    /// 200 with `error` and no ids.
    Error,
    /// 200 with something that is no JSON.
    Garbage,
    /// 307 to another path.
    Redirect,
}

/// A fault, and whether the message is queued all the same: what makes a lost answer dangerous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub fault: FaultArg,
    pub is_queued: bool,
}

/// How fast a queue goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrainArg {
    Every(Duration),
    Never,
}

/// A group that the stand-in's instances are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupArg {
    pub id: String,
    /// Only administrators may write.
    pub is_admin_only: bool,
    /// A community's announcement group.
    pub is_announcement: bool,
}

/// How often a fault is answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultRate {
    pub kind: Kind,
    /// 0 to 1.
    pub share: f64,
}

/// The fault of one recipient, or of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultFor {
    pub name: String,
    pub kind: Kind,
}

/// The fault of requests by their numbers, from 1, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultAt {
    pub first: u64,
    pub last: u64,
    pub kind: Kind,
}

/// Whom the stand-in lets in. `Debug` shows none of it: people may use real ones.
#[derive(Clone, PartialEq, Eq)]
pub struct CredentialsArg {
    pub id: String,
    pub token: String,
    pub client_token: Option<String>,
}

impl std::fmt::Debug for CredentialsArg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CredentialsArg(..)")
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    let (name, is_queued) = text.strip_suffix("+queued").map_or((text, false), |name| (name, true));
    Ok(Kind { fault: fault(name)?, is_queued })
}

fn fault(text: &str) -> Result<FaultArg, String> {
    match text {
        "redirect" => Ok(FaultArg::Redirect),
        "hang" => Ok(FaultArg::Hang),
        "error" => Ok(FaultArg::Error),
        "garbage" => Ok(FaultArg::Garbage),
        _ => match text.parse() {
            Ok(status @ 400..=599) => Ok(FaultArg::Status(status)),
            _ => Err(format!(
                "`{text}` is no fault: use an HTTP status from 400 to 599, hang, error, garbage or redirect"
            )),
        },
    }
}

fn fault_rate(text: &str) -> Result<FaultRate, String> {
    let (kind, share) = text.split_once('=').ok_or("KIND=SHARE, such as 500=2%")?;
    Ok(FaultRate { kind: self::kind(kind)?, share: values::share(share)? })
}

fn fault_for(text: &str) -> Result<FaultFor, String> {
    let (name, kind) = text.rsplit_once('=').ok_or("a name and a KIND, such as 120363019502650977-group=400")?;
    Ok(FaultFor { name: values::name(name)?, kind: self::kind(kind)? })
}

fn fault_at(text: &str) -> Result<FaultAt, String> {
    let usage = || "FIRST[-LAST]=KIND, such as 5-9=hang".to_owned();
    let (numbers, kind) = text.split_once('=').ok_or_else(usage)?;
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    match (first.parse(), last.parse()) {
        (Ok(first @ 1..), Ok(last)) if first <= last => Ok(FaultAt { first, last, kind: self::kind(kind)? }),
        _ => Err(usage()),
    }
}

fn drain(text: &str) -> Result<DrainArg, String> {
    if text == "never" { Ok(DrainArg::Never) } else { values::duration(text).map(DrainArg::Every) }
}

fn group(text: &str) -> Result<GroupArg, String> {
    let (id, sort) = text.split_once(':').unwrap_or((text, ""));
    let (is_admin_only, is_announcement) = match sort {
        "" => (false, false),
        "admins" => (true, false),
        "announcement" => (false, true),
        _ => return Err("ID, ID:admins or ID:announcement".to_owned()),
    };
    Ok(GroupArg { id: values::name(id)?, is_admin_only, is_announcement })
}

fn credentials(text: &str) -> Result<CredentialsArg, String> {
    let mut parts = text.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(id), Some(token), client_token) if !id.is_empty() && !token.is_empty() => Ok(CredentialsArg {
            id: id.to_owned(),
            token: token.to_owned(),
            client_token: client_token.filter(|token| !token.is_empty()).map(str::to_owned),
        }),
        _ => Err("ID:TOKEN or ID:TOKEN:CLIENT_TOKEN".to_owned()),
    }
}

pub(super) const SANDBOX_EXAMPLES: &str = "\
Examples:
  zapi-batch sandbox
  zapi-batch sandbox --latency 80ms --drain 2s
  zapi-batch sandbox --fault 500=2% --fault 429=1% --retry-after 5s
  zapi-batch sandbox --fault-for 120363019502650977-group=400
  zapi-batch sandbox --fault-at 5-9=hang+queued      lost answers: queued, and nobody is told
  zapi-batch sandbox --drain never --foreign 30      for trying out recall

It is a stand-in: nothing it accepts is ever sent. Point a campaign at it with --base-url http://127.0.0.1:4010; what it \
was asked stands under http://127.0.0.1:4010/sandbox/log.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named_by_status_or_word() {
        let plain = |fault| Kind { fault, is_queued: false };
        assert_eq!(fault_rate("500=2%"), Ok(FaultRate { kind: plain(FaultArg::Status(500)), share: 0.02 }));
        assert_eq!(fault_rate("hang=1"), Ok(FaultRate { kind: plain(FaultArg::Hang), share: 1.0 }));
        let queued = Kind { fault: FaultArg::Redirect, is_queued: true };
        assert_eq!(fault_at("5-9=redirect+queued"), Ok(FaultAt { first: 5, last: 9, kind: queued }));
        assert_eq!(fault_at("5=hang"), Ok(FaultAt { first: 5, last: 5, kind: plain(FaultArg::Hang) }));
        for wrong in ["0=hang", "9-5=hang", "5", "x=hang", "5=+queued"] {
            assert!(fault_at(wrong).is_err(), "{wrong}");
        }
        assert!(fault_rate("200=1").unwrap_err().contains("400 to 599"));
        assert!(fault_rate("500").is_err() && fault_rate("500=2").is_err());
        let expected = FaultFor { name: "1-group".into(), kind: plain(FaultArg::Garbage) };
        assert_eq!(fault_for("1-group=garbage"), Ok(expected));
        assert!(fault_for("=400").is_err());
    }

    #[test]
    fn queues_and_groups_are_described_in_a_word() {
        assert_eq!(drain("never"), Ok(DrainArg::Never));
        assert_eq!(drain("0s"), Ok(DrainArg::Every(Duration::ZERO)));
        let expected = GroupArg { id: "1-group".into(), is_admin_only: true, is_announcement: false };
        assert_eq!(group("1-group:admins"), Ok(expected));
        assert!(group("1-group").unwrap().id == "1-group" && group(":admins").is_err() && group("1:x").is_err());
    }

    #[test]
    fn credentials_hide_themselves() {
        let all = credentials("id:token:client").unwrap();
        assert_eq!(all.client_token.as_deref(), Some("client"));
        assert_eq!(format!("{all:?}"), "CredentialsArg(..)");
        assert_eq!(credentials("id:token").unwrap().client_token, None);
        assert!(credentials("id").is_err() && credentials(":token").is_err());
    }
}
