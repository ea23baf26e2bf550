use super::*;
use crate::bench::{report::target, sample::Figure};

fn sample(name: &str, unit: Unit, value: f64) -> Sample {
    let times = Some(Times { p50_ms: value, p99_ms: 2.0 * value });
    Sample { figure: Figure::new(name, unit), value, times, failures: 0, first_failure: None }
}

fn rates<const N: usize>(name: &str, values: [f64; N]) -> Vec<Sample> {
    values.map(|value| sample(name, Unit::PerSecond, value)).into()
}

#[test]
fn the_rounds_of_a_figure_are_found_among_those_of_others() {
    let [first, second, third] = [30.0, 10.0, 20.0]
        .map(|value| [sample("a", Unit::PerSecond, value), sample("b", Unit::Milliseconds, 2.0 * value)]);
    let figures = FigureReport::of_all(&[first, second, third].concat());

    let [a, b] = figures.as_slice() else { panic!("{figures:?}") };
    assert_eq!((a.name.as_str(), b.name.as_str()), ("a", "b"));
    assert_eq!(a.rounds, [30.0, 10.0, 20.0]);
    assert_eq!(a.summary, Summary { median: 20.0, min: 10.0, max: 30.0 });
    assert_eq!(b.times, Some(Times { p50_ms: 40.0, p99_ms: 80.0 }), "the median of the rounds");
}

#[test]
fn a_figure_is_a_share_of_each_limit_that_was_measured() {
    let limited = |mut sample: Sample| {
        sample.figure = sample.figure.within(["limit", "another run's"]);
        sample
    };
    let ours: Vec<_> = rates("ours", [25.0, 50.0]).into_iter().map(limited).collect();
    let figures = FigureReport::of_all(&[ours, rates("limit", [100.0, 50.0])].concat());
    assert_eq!(figures[0].limits, [Share { limit: "limit".into(), share: 0.5 }]);
}

#[test]
fn what_failed_is_added_up_and_the_first_failure_is_kept() {
    let mut rounds = rates("a", [1.0, 1.0, 1.0]);
    for (round, failure) in rounds[1..].iter_mut().zip(["full", "late"]) {
        (round.failures, round.first_failure) = (2, Some(failure.into()));
    }
    let figures = FigureReport::of_all(&rounds);
    assert_eq!((figures[0].failures, figures[0].first_failure.as_deref()), (4, Some("full")));
}

#[test]
fn more_a_second_is_better_and_more_milliseconds_are_worse() {
    let compared = |unit, now: f64, before: f64| {
        let figure = |value| FigureReport::of_all(&[sample("a", unit, value)]).remove(0);
        Compared::of(&figure(now), &figure(before)).unwrap()
    };
    let faster = compared(Unit::PerSecond, 300.0, 200.0);
    assert_eq!(faster, Compared { ratio: 1.5, differs: true, better: true });
    let slower = compared(Unit::Milliseconds, 3.0, 2.0);
    assert_eq!(slower, Compared { ratio: 1.5, differs: true, better: false });
    assert!(!compared(Unit::PerSecond, 5.0, 5.0).differs);
}

#[test]
fn what_is_zero_or_counted_otherwise_is_not_compared() {
    let figure = |unit, value| FigureReport::of_all(&[sample("a", unit, value)]).remove(0);
    let rate = figure(Unit::PerSecond, 5.0);
    assert_eq!(Compared::of(&rate, &figure(Unit::PerSecond, 0.0)), None);
    assert_eq!(Compared::of(&rate, &figure(Unit::Milliseconds, 5.0)), None);
}

#[test]
fn a_figure_is_held_against_another_one_of_the_same_run() {
    let expected = |http: f64, bus: f64| {
        let samples = [("commands.http.128", http), ("commands.bus.128", bus)];
        let samples = samples.map(|(name, value)| sample(name, Unit::PerSecond, value));
        target::all(&FigureReport::of_all(&samples)).remove(0)
    };
    assert!(expected(65.0, 100.0).holds, "60 % of the bus are enough");
    assert!(!expected(55.0, 100.0).holds);
}

#[test]
fn an_event_may_take_so_many_bytes_on_any_machine() {
    let expected =
        |bytes| target::all(&FigureReport::of_all(&[sample("disk", Unit::Bytes, bytes)])).remove(0);
    assert!(expected(400.0).holds);
    assert_eq!(expected(500.0).to_string(), "MISSED disk is 500.00: at most 450.00");
}

#[test]
fn nothing_is_expected_of_what_was_not_measured() {
    let samples = [sample("lag.p99", Unit::Milliseconds, 2.0)];
    assert_eq!(target::all(&FigureReport::of_all(&samples)), []);
    let samples = [samples, [sample("limit.visible", Unit::Milliseconds, 1.0)]].concat();
    let expected = target::all(&FigureReport::of_all(&samples));
    assert_eq!((expected[0].share, expected[0].holds), (2.0, true), "{expected:?}");
}

#[test]
fn beside_a_limit_of_nothing_there_is_no_share() {
    let limited = |value| {
        let mut sample = sample("commands.http.128", Unit::PerSecond, value);
        sample.figure = sample.figure.within(["commands.bus.128"]);
        sample
    };
    for value in [0.0, 5.0] {
        let nothing = sample("commands.bus.128", Unit::PerSecond, 0.0);
        let figures = FigureReport::of_all(&[limited(value), nothing]);
        assert_eq!((figures[0].limits.as_slice(), target::all(&figures)), ([].as_slice(), vec![]));
    }
}

#[test]
fn flat_is_what_is_flat_all_the_way() {
    let rates =
        [("scale.1000", 100.0), ("scale.10000", 70.0), ("scale.100000", 80.0), ("scale.1000000", 99.0)];
    let samples = rates.map(|(name, rate)| sample(name, Unit::PerSecond, rate));
    let expected = target::all(&FigureReport::of_all(&samples));
    assert_eq!(expected.iter().map(|it| it.holds).collect::<Vec<_>>(), [false, true, true]);
}
