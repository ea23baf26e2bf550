//! What is expected of the figures: hardly ever numbers, which are the machine's, but how they relate to others of
//! the same run.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

use super::figure::FigureReport;

/// One figure, and what it is held against.
struct Target {
    figure: &'static str,
    bound: Bound,
}

enum Bound {
    /// At least so much of the other one.
    AtLeast(f64, &'static str),
    /// At most so many times the other one.
    AtMost(f64, &'static str),
    /// At most so much, on any machine.
    Absolute(f64),
}

const TARGETS: [Target; 9] = [
    // While an entry is on its way, half of what is in flight gathers for the next one.
    Target { figure: "commands.bus.128", bound: Bound::AtLeast(0.15, "limit.entry.64") },
    Target { figure: "commands.bus.1024", bound: Bound::AtLeast(1.0, "commands.bus.128") },
    Target { figure: "commands.http.128", bound: Bound::AtLeast(0.6, "commands.bus.128") },
    Target { figure: "lag.p99", bound: Bound::AtMost(10.0, "limit.visible") },
    Target { figure: "load.cold", bound: Bound::AtMost(2.0, "load.warm") },
    Target { figure: "scale.10000", bound: FLAT },
    Target { figure: "scale.100000", bound: FLAT },
    Target { figure: "scale.1000000", bound: FLAT },
    Target { figure: "disk", bound: Bound::Absolute(450.0) },
];

/// It costs what it costs among few; also on the way to the most.
const FLAT: Bound = Bound::AtLeast(0.77, "scale.1000");

/// Whether a figure is as it is expected to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Expected {
    /// Which figure.
    pub figure: String,
    /// Which other one it is held against, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
    /// Whether it should be less than the bound, and not more.
    pub at_most: bool,
    /// What it should be at least, or at most, divided by the other one.
    pub bound: f64,
    /// What it is, divided by the other one.
    pub share: f64,
    /// Whether that is so.
    pub holds: bool,
}

/// What is expected, of those figures that are there.
pub(super) fn all(figures: &[FigureReport]) -> Vec<Expected> {
    TARGETS.iter().filter_map(|target| target.check(figures)).collect()
}

impl Target {
    fn check(&self, figures: &[FigureReport]) -> Option<Expected> {
        let number = |name| figures.iter().find(|it| it.name == name).map(|it| it.summary.median);
        let (at_most, bound, beside) = match self.bound {
            Bound::AtLeast(bound, beside) => (false, bound, Some(beside)),
            Bound::AtMost(bound, beside) => (true, bound, Some(beside)),
            Bound::Absolute(bound) => (true, bound, None),
        };
        let share = number(self.figure)? / beside.map_or(Some(1.0), number)?;
        if !share.is_finite() {
            return None; // beside nothing everything is too much, or enough
        }
        let holds = if at_most { share <= bound } else { share >= bound };
        let (figure, beside) = (self.figure.into(), beside.map(str::to_owned));
        Some(Expected { figure, beside, at_most, bound, share, holds })
    }
}

impl Display for Expected {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds { "holds " } else { "MISSED" };
        let bound = if self.at_most { "at most" } else { "at least" };
        let of = self.beside.as_ref().map_or_else(String::new, |beside| format!(" of {beside}"));
        write!(f, "{verdict} {} is {:.2}{of}: {bound} {:.2}", self.figure, self.share, self.bound)
    }
}
