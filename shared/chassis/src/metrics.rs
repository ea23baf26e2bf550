//! Numbers for Prometheus, one recorder for the whole process.

use std::{sync::OnceLock, thread, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Bounds of durations, in seconds: from a tenth of a millisecond to ten seconds.
const SECONDS: &[f64] =
    &[0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Commits in an entry, which closes at 256.
const COMMITS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// How often what was observed is added to the buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Begins to count, once per process.
///
/// # Panics
/// When something else in the process has installed a recorder of its own.
pub fn install() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)
            .expect("there are buckets")
            .set_buckets_for_metric(Matcher::Suffix("_commits".into()), COMMITS)
            .expect("there are buckets")
            .install_recorder()
            .expect("this is the only recorder");
        keep_up(handle.clone());
        handle
    })
}

/// Every observation of a histogram is held until somebody renders, which may be never. A thread and not a
/// task, because the recorder outlives the runtime that installed it.
fn keep_up(handle: PrometheusHandle) {
    let upkeep = move || {
        loop {
            thread::sleep(UPKEEP);
            handle.run_upkeep();
        }
    };
    thread::Builder::new().name("metrics".to_owned()).spawn(upkeep).expect("a process can start a thread");
}

/// Everything counted so far, in the text format of Prometheus.
#[must_use]
pub fn render() -> String {
    install().render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_counted_in_buckets() {
        install();
        metrics::histogram!("annals_test_seconds").record(0.003);
        let text = render();
        assert!(text.contains("annals_test_seconds_bucket{le=\"0.002\"} 0"), "{text}");
        assert!(text.contains("annals_test_seconds_bucket{le=\"0.005\"} 1"), "{text}");
    }

    #[test]
    fn there_is_one_recorder_however_often_it_is_installed() {
        assert!(std::ptr::eq(install(), install()));
    }
}
