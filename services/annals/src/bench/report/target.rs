//! What is expected of the figures: not numbers, which are the machine's, but how they relate to others of
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
    /// At least so much of the other one; of several the lowest counts.
    AtLeast(&'static [(f64, &'static str)]),
    /// At most so many times the other one.
    AtMost(f64, &'static str),
}

/// Behind a figure's name: how long half of its single things took at most, and not the figure's own number.
const P50: &str = " p50";

const TARGETS: [Target; 11] = [
    Target { figure: "commands.bus.128", bound: Bound::AtLeast(&[(0.5, "limit.batch.128")]) },
    Target { figure: "commands.bus.1024", bound: Bound::AtLeast(&[(1.0, "commands.bus.128")]) },
    Target { figure: "commands.bus.1 p50", bound: Bound::AtMost(2.0, "limit.publish.1 p50") },
    Target {
        figure: "commands.http.128",
        bound: Bound::AtLeast(&[(0.7, "commands.bus.128"), (0.6, "limit.http.128")]),
    },
    Target { figure: "lag.p50", bound: Bound::AtMost(3.0, "limit.visible") },
    Target { figure: "lag.p99", bound: Bound::AtMost(10.0, "limit.visible") },
    Target { figure: "catch-up.balances", bound: Bound::AtLeast(&[(0.6, "catch-up.read")]) },
    Target { figure: "load.snapshot", bound: Bound::AtMost(0.1, "load.cold") },
    Target { figure: "scale.10000", bound: FLAT },
    Target { figure: "scale.100000", bound: FLAT },
    Target { figure: "scale.1000000", bound: FLAT },
];

/// It costs what it costs among few; also on the way to the most.
const FLAT: Bound = Bound::AtLeast(&[(1.0 / 1.3, "scale.1000")]);

/// Whether a figure is as it is expected to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Expected {
    /// Which figure.
    pub figure: String,
    /// Which other one it is held against.
    pub beside: String,
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
        let is = number(figures, self.figure)?;
        let (at_most, bound, beside, other) = match self.bound {
            Bound::AtMost(bound, beside) => (true, bound, beside, number(figures, beside)?),
            Bound::AtLeast(bounds) => {
                let others =
                    bounds.iter().map(|(bound, beside)| Some((bound, beside, number(figures, beside)?)));
                let others: Vec<_> = others.collect::<Option<_>>()?;
                let lowest = others.into_iter().min_by(|(a, _, x), (b, _, y)| (*a * x).total_cmp(&(*b * y)));
                let (bound, beside, other) = lowest?;
                (false, *bound, *beside, other)
            }
        };
        let share = is / other;
        if !share.is_finite() {
            return None; // beside nothing everything is too much, or enough
        }
        let holds = if at_most { share <= bound } else { share >= bound };
        Some(Expected { figure: self.figure.into(), beside: beside.into(), at_most, bound, share, holds })
    }
}

fn number(figures: &[FigureReport], name: &str) -> Option<f64> {
    let figure = |name: &str| figures.iter().find(|it| it.name == name);
    match name.strip_suffix(P50) {
        Some(name) => Some(figure(name)?.times?.p50_ms),
        None => Some(figure(name)?.summary.median),
    }
}

impl Display for Expected {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds { "holds " } else { "MISSED" };
        let bound = if self.at_most { "at most" } else { "at least" };
        let Self { figure, beside, bound: number, share, .. } = self;
        write!(f, "{verdict} {figure} is {share:.2} of {beside}: {bound} {number:.2}")
    }
}
