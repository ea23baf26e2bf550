//! What JetStream does with messages that nobody made anything of.

use std::time::Instant;

use annals_nats::Bare;
use bytes::Bytes;

use crate::bench::{
    Bench,
    load::{Worker, closed_loop},
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    workload,
};

/// One message, and its acknowledgement.
struct Publisher {
    stream: Bare,
    payload: Bytes,
}

impl Worker for Publisher {
    async fn once(&mut self) -> anyhow::Result<u64> {
        self.stream.publish(self.payload.clone()).await?;
        Ok(1)
    }
}

/// So many messages, all or none, and their acknowledgement.
struct Batcher {
    stream: Bare,
    payload: Bytes,
    messages: usize,
}

impl Worker for Batcher {
    async fn once(&mut self) -> anyhow::Result<u64> {
        self.stream.publish_all(&self.payload, self.messages).await?;
        Ok(self.messages as u64)
    }
}

/// Single messages: one at a time, and 128 at a time.
pub(super) async fn publish(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let measure = async |system: &System| {
        let (stream, payload) = (Bare::create(&system.nats().await?).await?, workload::commit_bytes()?);
        let mut samples = Vec::new();
        for in_flight in [1, 128] {
            let publisher = || Publisher { stream: stream.clone(), payload: payload.clone() };
            let tally = closed_loop((0..in_flight).map(|_| publisher()).collect(), bench.pace).await;
            let figure = Figure::new(format!("limit.publish.{in_flight}"), Unit::PerSecond);
            samples.push(tally.rate(figure));
        }
        Ok(samples)
    };
    System::during(bench, Needs::Log, measure).await
}

/// One batch after the other, as messages per second; each batch took the times beside it.
pub(super) async fn batch(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let measure = async |system: &System| {
        let (stream, payload) = (Bare::create(&system.nats().await?).await?, workload::commit_bytes()?);
        let mut samples = Vec::new();
        for messages in [128, 1000] {
            let batcher = Batcher { stream: stream.clone(), payload: payload.clone(), messages };
            let tally = closed_loop(vec![batcher], bench.pace).await;
            samples.push(tally.rate(Figure::new(format!("limit.batch.{messages}"), Unit::PerSecond)));
        }
        Ok(samples)
    };
    System::during(bench, Needs::Log, measure).await
}

/// Reads the same stream from its beginning again and again, as messages per second.
pub(super) async fn read(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let messages = if bench.quick { 5_000 } else { 100_000 };
    let measure = async |system: &System| {
        let (stream, payload) = (Bare::create(&system.nats().await?).await?, workload::commit_bytes()?);
        for _ in 0..messages / 1000 {
            stream.publish_all(&payload, 1000).await?;
        }
        stream.read().await?; // the warm-up
        let (begun, mut read) = (Instant::now(), 0);
        while begun.elapsed() < bench.pace.length {
            read += stream.read().await?;
        }
        Ok(vec![Sample::rate(Figure::new("limit.read", Unit::PerSecond), read, begun.elapsed())])
    };
    System::during(bench, Needs::Log, measure).await
}
