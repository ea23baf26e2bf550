//! The services, as tests name them.

/// A service that can be a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // their names say it
pub enum Service {
    Gateway,
    Command,
    Projector,
    Reactor,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gateway, Self::Command, Self::Projector, Self::Reactor];

    /// The name that its binary has after `annals-`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Command => "command",
            Self::Projector => "projector",
            Self::Reactor => "reactor",
        }
    }

    /// Another process of the same service.
    #[must_use]
    pub fn second(self) -> Instance {
        Instance { service: self, number: 2 }
    }
}

/// One process of a service. The first one is meant by the service's name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    pub(crate) service: Service,
    pub(crate) number: u8,
}

impl From<Service> for Instance {
    fn from(service: Service) -> Self {
        Self { service, number: 1 }
    }
}

impl Instance {
    /// `command-1`
    pub(crate) fn name(self) -> String {
        format!("{}-{}", self.service.name(), self.number)
    }
}
