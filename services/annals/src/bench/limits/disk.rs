//! How often the disk can say that it has something.

use std::{fs::File, io::Write};

use crate::bench::{
    Bench,
    load::on_a_thread,
    sample::{Figure, Sample, Unit},
};

/// What is written each time, in bytes: a page.
const PAGE: usize = 4096;

/// Appends a page to a file, and waits until the disk has it.
pub(super) async fn fsync(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let directory = bench.directory.fresh()?;
    let mut file = File::create(directory.path().join("pages"))?;
    let append = move || {
        file.write_all(&[7; PAGE])?;
        file.sync_data().map(|()| 1)
    };
    let tally = on_a_thread(bench.pace, append).await;
    Ok(vec![tally.rate(Figure::new("limit.fsync", Unit::PerSecond))])
}
