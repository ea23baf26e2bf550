//! What every service needs: configuration, log lines, health, metrics, shutdown.

pub mod config;
pub mod durability;
pub mod health;
pub mod metrics;
pub mod pause;
pub mod probe;
pub mod shutdown;
pub mod telemetry;

mod line;
