//! The words of every diagnostic, one file an area, so that a second language can be added in one place.
//!
//! Each file declares its codes and, for each, a function that builds the diagnostic; the caller adds the place.
//! Codes are numbered by area: 0xx manifest, 1xx templates, events and times, 2xx rows, 3xx recipients, 4xx the run
//! itself (credentials, paths).

pub mod recipient;
