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

    /// How long every answer takes, such as 20ms
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = values::duration, help_heading = "Pace")]
    pub latency: Duration,
    /// How long the queue takes for each message, such as 500ms or 0s [default: 1 to 3 s, as the real one]
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Pace")]
    pub drain: Option<Duration>,

    /// How often which fault is answered, such as 500=2%; KIND is an HTTP status from 400 to 599, hang, error or garbage
    #[arg(long, value_name = "KIND=SHARE", value_parser = fault_rate, help_heading = "Faults")]
    pub fault: Vec<FaultRate>,
    /// What to answer for one recipient, such as 120363019502650977-group=400
    #[arg(long, value_name = "RECIPIENT=KIND", value_parser = fault_for, help_heading = "Faults")]
    pub fault_for: Vec<FaultFor>,
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
}

/// How often a fault is answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultRate {
    pub fault: FaultArg,
    /// 0 to 1.
    pub share: f64,
}

/// The fault of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultFor {
    pub recipient: String,
    pub fault: FaultArg,
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

fn fault(text: &str) -> Result<FaultArg, String> {
    match text {
        "hang" => Ok(FaultArg::Hang),
        "error" => Ok(FaultArg::Error),
        "garbage" => Ok(FaultArg::Garbage),
        _ => match text.parse() {
            Ok(status @ 400..=599) => Ok(FaultArg::Status(status)),
            _ => Err(format!("`{text}` is no fault: use an HTTP status from 400 to 599, hang, error or garbage")),
        },
    }
}

fn fault_rate(text: &str) -> Result<FaultRate, String> {
    let (kind, share) = text.split_once('=').ok_or("KIND=SHARE, such as 500=2%")?;
    Ok(FaultRate { fault: fault(kind)?, share: values::share(share)? })
}

fn fault_for(text: &str) -> Result<FaultFor, String> {
    let (recipient, kind) = text.rsplit_once('=').ok_or("RECIPIENT=KIND, such as 120363019502650977-group=400")?;
    Ok(FaultFor { recipient: values::name(recipient)?, fault: fault(kind)? })
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

It is a stand-in: nothing it accepts is ever sent. Point a campaign at it with --base-url http://127.0.0.1:4010; what it \
was asked stands under http://127.0.0.1:4010/sandbox/log.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named_by_status_or_word() {
        assert_eq!(fault_rate("500=2%"), Ok(FaultRate { fault: FaultArg::Status(500), share: 0.02 }));
        assert_eq!(fault_rate("hang=1"), Ok(FaultRate { fault: FaultArg::Hang, share: 1.0 }));
        assert!(fault_rate("200=1").unwrap_err().contains("400 to 599"));
        assert!(fault_rate("500").is_err() && fault_rate("500=2").is_err());
        let expected = FaultFor { recipient: "1-group".into(), fault: FaultArg::Garbage };
        assert_eq!(fault_for("1-group=garbage"), Ok(expected));
        assert!(fault_for("=400").is_err());
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
