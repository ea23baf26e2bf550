//! Numbers for Prometheus, one recorder for the whole process.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Bounds of durations, in seconds: from a tenth of a millisecond to ten seconds.
const SECONDS: &[f64] =
    &[0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Begins to count, once per process.
///
/// # Panics
/// When something else in the process has installed a recorder of its own.
pub fn install() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)
            .expect("there are buckets")
            .install_recorder()
            .expect("this is the only recorder")
    })
}

/// Everything counted so far, in the text format of Prometheus.
#[must_use]
pub fn render() -> String {
    let handle = install();
    handle.run_upkeep();
    handle.render()
}
