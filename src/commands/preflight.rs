//! Asks Z-API, before anything is sent, whether the instances that are going to send are connected.

use super::failure::Failure;
use super::service::Service;
use crate::exit::Exit;
use crate::gateway::FaultClass;

/// `GET /status` of each instance in `used`; sentences that are worth knowing come back, what stops the run is an error.
pub(super) async fn look(service: &Service, used: &[usize]) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    let mut stopped = Vec::new();
    let mut help = "";
    for &index in used {
        let name = &service.instances[index].name;
        match service.gateway.status(index).await {
            Ok(status) if !status.connected => {
                stopped.push(format!("instance {name} is not connected to WhatsApp"));
                help = "open WhatsApp on its phone and connect it at Z-API (scan the QR code), then run the same command; \
                        what would be sent now would pile up and go out all at once when it reconnects";
            }
            Ok(status) => {
                if !status.smartphone_connected {
                    notes.push(format!("the phone of instance {name} is offline; sending does not need it"));
                }
            }
            Err(fault) => {
                stopped.push(format!("instance {name} cannot be asked for its state: {fault}"));
                help = match fault.class {
                    FaultClass::Credentials => {
                        "set the instance's id, token and client token, then run the same command"
                    }
                    FaultClass::Tls => {
                        "look whether the base URL is right, and whether a proxy or a firewall on the way takes the \
                         place of Z-API's certificate with its own; then run the same command"
                    }
                    FaultClass::Network => "look at your connection, then run the same command",
                    FaultClass::Other => "run the same command again, or with --no-preflight",
                };
            }
        }
    }
    if stopped.is_empty() {
        return Ok(notes);
    }
    Err(Failure::new(Exit::Stopped, format!("{}; nothing was sent", stopped.join("; "))).help(help))
}
