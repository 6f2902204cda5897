//! One verb a file; glue only. Each command puts the rooms together in its order and gives an exit code or a failure.

mod completions;
mod confirm;
mod credentials;
mod estimate;
mod failure;
mod init;
mod logging;
