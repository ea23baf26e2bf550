//! Log lines, on standard error: one for each thing that happened.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{config::LogFormat, line::Line};

/// What is logged. `RUST_LOG` adds to it, and wins where it names the same target.
const FILTER: &str = "info,async_nats=error,sqlx=warn,hyper=warn,reqwest=warn";

/// Begins to log. Does nothing if the process logs already.
pub fn init(format: LogFormat) {
    let wished = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let filter = EnvFilter::new(format!("{FILTER},{wished}"));
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Json => {
            let layer =
                fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
            registry.with(layer.with_writer(std::io::stderr)).try_init()
        }
        LogFormat::Text => {
            let coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            let layer = fmt::layer().event_format(Line { coloured }).with_writer(std::io::stderr);
            registry.with(layer).try_init()
        }
    };
    if let Err(error) = started {
        tracing::debug!("logging has begun before: {error}");
    }
}
