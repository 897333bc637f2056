//! Worker threads that prepare batches ahead and deliver them in order.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::batch::ImageBatch;
use super::preparation::Preparation;
use crate::error::{Error, Result};

/// Batches in order, prepared by worker threads; dropping it stops them.
pub struct Batches {
    next: u64,
    end: u64,
    issued: u64, // tickets given out: steps below this are done, in work, or waiting
    tickets: Option<Sender<u64>>,
    results: Receiver<(u64, Result<ImageBatch>)>,
    waiting: BTreeMap<u64, Result<ImageBatch>>,
    workers: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Batches {
    pub(super) fn start(shared: &Arc<Preparation>, first: u64, end: u64) -> Self {
        let config = shared.config;
        // Both channels are bounded by the number of tickets in circulation.
        let (tickets, take) = unbounded();
        let (give, results) = unbounded();
        let stop = Arc::new(AtomicBool::new(false));
        let useful = usize::try_from(end - first).unwrap_or(usize::MAX);
        let spawn = |i: usize| {
            let (shared, take, give, stop) =
                (shared.clone(), take.clone(), give.clone(), stop.clone());
            let worker = Builder::new().name(format!("loader-{i}"));
            worker
                .spawn(move || work(&shared, &take, &give, &stop))
                .ok()
        };
        let mut batches = Self {
            next: first,
            end,
            issued: first,
            workers: (0..config.workers.min(useful)).filter_map(spawn).collect(),
            tickets: Some(tickets),
            results,
            waiting: BTreeMap::new(),
            stop,
        };
        for _ in 0..config.workers + config.prefetch {
            batches.issue();
        }
        batches
    }

    fn issue(&mut self) {
        if let Some(tickets) = self.tickets.as_ref().filter(|_| self.issued < self.end) {
            // Without a worker left, the receiver reports it.
            let _ = tickets.send(self.issued);
            self.issued += 1;
        }
    }
}

impl Iterator for Batches {
    type Item = Result<ImageBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.end {
            return None;
        }
        let batch = loop {
            if let Some(batch) = self.waiting.remove(&self.next) {
                break batch;
            }
            match self.results.recv() {
                Ok((step, batch)) => self.waiting.insert(step, batch),
                Err(_) => {
                    break Err(Error::Failed(
                        "no loader thread could be started, or all ended; lower `data.workers`"
                            .into(),
                    ));
                }
            };
        };
        self.next = if batch.is_ok() {
            self.next + 1
        } else {
            self.end
        };
        self.issue();
        Some(batch)
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.tickets = None;
        for worker in self.workers.drain(..) {
            // A worker catches its own panics, so there is nothing to learn from joining it.
            let _ = worker.join();
        }
    }
}

fn work(
    shared: &Preparation,
    tickets: &Receiver<u64>,
    results: &Sender<(u64, Result<ImageBatch>)>,
    stop: &AtomicBool,
) {
    for step in tickets {
        let batch =
            catch_unwind(AssertUnwindSafe(|| shared.batch(step, stop))).unwrap_or_else(|panic| {
                Err(Error::Failed(format!(
                    "a loader thread panicked at step {step}: {}",
                    message(&*panic)
                )))
            });
        let Some(batch) = batch.transpose() else {
            return;
        };
        if results.send((step, batch)).is_err() {
            return;
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}
