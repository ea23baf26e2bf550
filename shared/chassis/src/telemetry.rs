//! Log lines, on standard error: one for each thing that happened.

use std::{fs::File, io::IsTerminal, sync::Mutex};

use tracing_subscriber::{
    EnvFilter,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::{config::LogFormat, line::Line};

/// What is logged. `RUST_LOG` adds to it, and wins where it names the same target.
const FILTER: &str = "info,async_nats=error,sqlx=warn,hyper=warn,reqwest=warn";

/// Begins to log. Does nothing if the process logs already.
pub fn init(format: LogFormat) {
    let coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    write_to(std::io::stderr, format, coloured);
}

/// Begins to log into a file instead, where the terminal is used for something else.
pub fn init_in(file: File, format: LogFormat) {
    write_to(Mutex::new(file), format, false);
}

fn write_to<W>(writer: W, format: LogFormat, coloured: bool)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let wished = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let filter = EnvFilter::new(format!("{FILTER},{wished}"));
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Json => {
            let layer =
                fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
            registry.with(layer.with_writer(writer)).try_init()
        }
        LogFormat::Text => {
            let layer = fmt::layer().event_format(Line { coloured }).with_writer(writer);
            registry.with(layer).try_init()
        }
    };
    if let Err(error) = started {
        tracing::debug!("logging has begun before: {error}");
    }
}
