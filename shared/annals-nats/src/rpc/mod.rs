//! What the services ask each other.

mod batch;
mod bus;
mod command_service;
mod commands;
mod deadline;
mod panics;
mod service;

pub use bus::Bus;
pub use command_service::CommandService;
pub use panics::caught;
pub use service::{ServeError, Service};
