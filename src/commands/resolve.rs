//! `resolve`: a person decides about a message of which nobody can know whether it arrived.

use std::collections::HashSet;

use jiff::Timestamp;

use super::apply::with_ledger;
use super::failure::Failure;
use super::opened;
use crate::cli::{GlobalArgs, ResolveArgs};
use crate::exit::Exit;
use crate::ledger::{Ledger, Mode, UnknownMessage, Verdict};
use crate::recipient;
use crate::report::Stream;

pub(super) fn run(args: &ResolveArgs, global: &GlobalArgs) -> Result<Exit, Failure> {
    let opened = opened::open(&args.manifest, &args.ledger, Mode::Write)?;
    opened.tell_doubts()?;
    let mut ledger = opened.ledger;
    // It may be the one to be decided about.
    ledger.settle_recalling(&HashSet::new(), Timestamp::now())?;
    let identity = recipient::parse(&args.recipient).ok().map(|parsed| parsed.recipient.identity);
    let found = ledger.find_unknown(
        &args.recipient,
        identity.as_ref().map(recipient::Identity::as_str),
        args.event.as_deref(),
    )?;
    let message = one_of(&found, args)?;
    if let Some(id) = &args.message_id {
        check_id(&ledger, id, message)?;
    }
    let verdict =
        if args.arrived { Verdict::Arrived { message_id: args.message_id.clone() } } else { Verdict::NotArrived };
    ledger.resolve(message.message, &verdict, Timestamp::now())?;
    let mask = Stream::Stdout.style(global.show_recipients).mask;
    Stream::Stdout.say(&said(message, &verdict, mask))?;
    Ok(Exit::Done)
}

fn one_of<'a>(found: &'a [UnknownMessage], args: &ResolveArgs) -> Result<&'a UnknownMessage, Failure> {
    match found {
        [one] => Ok(one),
        [] => Err(Failure::refused("no unknown message of this campaign names that recipient")
            .help(format!("zapi-batch status {} lists the unknown ones", with_ledger(&args.manifest, &args.ledger)))),
        several => {
            let events: Vec<&str> = several.iter().map(|message| message.row.event.as_str()).collect();
            let one_label = several.iter().all(|message| message.row.address == several[0].row.address);
            let message = format!("{} unknown messages name that recipient", several.len());
            Err(Failure::refused(message).help(if one_label {
                format!("say which event with --event: {}", events.join(", "))
            } else {
                "give the phone number or group id instead of the label".to_owned()
            }))
        }
    }
}

/// Edits go out under this id: another invitation's would be changed in its stead.
fn check_id(ledger: &Ledger, id: &str, message: &UnknownMessage) -> Result<(), Failure> {
    if id.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Failure::refused("a message id holds no blanks"));
    }
    let Some(holder) = ledger.holder_of(id, message.message)? else { return Ok(()) };
    let what = format!("that id is known already: it was given to {} ({})", holder.event, holder.source);
    Err(Failure::refused(what)
        .help("Z-API's webhooks name each message's own id; without one this can never be edited"))
}

fn said(message: &UnknownMessage, verdict: &Verdict, mask: bool) -> String {
    let row = &message.row;
    let recipient = if mask { row.address.masked() } else { row.address.as_str().into() };
    let what = match verdict {
        Verdict::Arrived { message_id } if message_id.is_some() || message.has_message_id => "accepted now",
        Verdict::Arrived { .. } => {
            "accepted now; without its message id (--message-id) it can never be edited or called off"
        }
        Verdict::NotArrived => "pending now: the next apply sends it, if it is still wanted",
    };
    format!("{} for {recipient} ({}): {what}\n", row.event, row.source)
}
