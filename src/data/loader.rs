//! Worker threads that prepare batches ahead and deliver them in order.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::batch::{Bad, Batch, ViewData, ViewKey, Views};
use super::dataset::Dataset;
use super::order;
use crate::error::{Error, Result, require};

/// How batches are made.
#[derive(Clone, Copy, Debug)]
pub struct LoaderConfig {
    /// Samples in a batch.
    pub batch: usize,
    /// Threads that read, decode and augment, at least 1; their number never changes what is delivered.
    pub workers: usize,
    /// Batches prepared ahead of the consumer (each worker holds one more).
    pub prefetch: usize,
    /// Seed of order and augmentation.
    pub seed: u64,
    /// Leave out the last, smaller batch of an epoch.
    pub drop_last: bool,
    /// A new random order each epoch; otherwise storage order.
    pub shuffle: bool,
}

/// Delivers the batches of any epoch, from any batch on.
#[derive(Clone)]
pub struct Loader {
    shared: Arc<Shared>,
}

/// What the workers share.
struct Shared {
    dataset: Arc<dyn Dataset>,
    views: Arc<dyn Views>,
    config: LoaderConfig,
    per_epoch: u64,
    orders: Mutex<BTreeMap<u64, Arc<Vec<u32>>>>, // of the newest two epochs
}

impl Loader {
    /// A loader over `dataset`.
    ///
    /// # Errors
    /// `train.batch` zero or, with `drop_last`, larger than the set; an empty set; `data.workers` zero.
    pub fn new(
        dataset: Arc<dyn Dataset>,
        views: Arc<dyn Views>,
        config: LoaderConfig,
    ) -> Result<Self> {
        let (count, batch) = (dataset.len(), config.batch);
        require("train.batch", batch > 0, "must be 1 or more")?;
        if count == 0 {
            return Err(Error::Failed(
                "there is no image to load; the part of the data set asked for is empty".into(),
            ));
        }
        require(
            "train.batch",
            !config.drop_last || batch <= count,
            format_args!(
                "is {batch}, more than the {count} images of the set; use {count} or less"
            ),
        )?;
        require("data.workers", config.workers > 0, "must be 1 or more")?;
        if u32::try_from(count).is_err() {
            return Err(Error::Failed(format!(
                "{count} images are more than the loader can count"
            )));
        }
        let per_epoch = if config.drop_last {
            count / batch
        } else {
            count.div_ceil(batch)
        } as u64;
        let shared = Shared {
            dataset,
            views,
            config,
            per_epoch,
            orders: Mutex::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Batches in an epoch.
    #[must_use]
    pub fn batches_per_epoch(&self) -> u64 {
        self.shared.per_epoch
    }

    /// The batches of one epoch, from `first_batch` on.
    #[must_use]
    pub fn epoch(&self, epoch: u64, first_batch: u64) -> Batches {
        let n = self.batches_per_epoch();
        self.steps(epoch * n + first_batch.min(n), (epoch + 1) * n)
    }

    /// The batches of steps `first..end`, counted over all epochs: the next epoch is prepared while one ends.
    #[must_use]
    pub fn steps(&self, first: u64, end: u64) -> Batches {
        Batches::start(&self.shared, first, end.max(first))
    }
}

impl Shared {
    fn order(&self, epoch: u64) -> Arc<Vec<u32>> {
        let mut orders = lock(&self.orders);
        if let Some(order) = orders.get(&epoch) {
            return order.clone();
        }
        let order = Arc::new(if self.config.shuffle {
            let (blocks, at_once) = (self.dataset.blocks(), self.dataset.blocks_at_once());
            order::shuffled(&blocks, at_once, self.config.seed, epoch)
        } else {
            (0..self.dataset.len() as u32).collect()
        });
        orders.insert(epoch, order.clone());
        while orders.len() > 2 {
            orders.pop_first();
        }
        order
    }

    /// Read, decode and augment the batch of one step; `None` when told to stop.
    fn batch(&self, step: u64, halt: &AtomicBool) -> Result<Option<Batch>> {
        let epoch = step / self.per_epoch;
        let order = self.order(epoch);
        let size = self.config.batch;
        let start = (step % self.per_epoch) as usize * size;
        let samples = &order[start..order.len().min(start + size)];
        let shapes = self.views.shapes();
        let mut views: Vec<ViewData> = shapes
            .into_iter()
            .map(|shape| ViewData {
                shape,
                values: vec![0.0; samples.len() * shape.iter().product::<usize>()],
            })
            .collect();
        let (mut good, mut bad) = (Vec::with_capacity(samples.len()), Vec::new());
        for &sample in samples {
            if halt.load(Ordering::Relaxed) {
                return Ok(None);
            }
            match self.sample(sample, epoch, good.len(), &mut views) {
                Ok(()) => good.push(u64::from(sample)),
                Err(Error::Data { path, problem }) => bad.push(Bad {
                    sample: u64::from(sample),
                    id: self.dataset.id(sample as usize),
                    reason: format!("{path}: {problem}"),
                }),
                Err(other) => return Err(other),
            }
        }
        for view in &mut views {
            view.values
                .truncate(good.len() * view.shape.iter().product::<usize>());
        }
        let labels = good
            .iter()
            .map(|&sample| self.dataset.label(sample as usize))
            .collect();
        Ok(Some(Batch {
            views,
            labels,
            samples: good,
            bad,
        }))
    }

    /// Decode one image once and write its views into row `slot`.
    fn sample(&self, sample: u32, epoch: u64, slot: usize, views: &mut [ViewData]) -> Result<()> {
        let image = self.dataset.get(sample as usize)?;
        for (view, data) in views.iter_mut().enumerate() {
            let at = ViewKey {
                seed: self.config.seed,
                epoch,
                sample: u64::from(sample),
                view: view as u64,
            };
            let size = data.shape.iter().product::<usize>();
            self.views
                .fill(&image, at, &mut data.values[slot * size..(slot + 1) * size])?;
        }
        Ok(())
    }
}

/// Batches in order, prepared by worker threads; dropping it stops them.
pub struct Batches {
    next: u64,
    end: u64,
    issued: u64, // tickets given out: steps below this are done, in work, or waiting
    tickets: Option<Sender<u64>>,
    results: Receiver<(u64, Result<Batch>)>,
    waiting: BTreeMap<u64, Result<Batch>>,
    workers: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Batches {
    fn start(shared: &Arc<Shared>, first: u64, end: u64) -> Self {
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
    type Item = Result<Batch>;

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
    shared: &Shared,
    tickets: &Receiver<u64>,
    results: &Sender<(u64, Result<Batch>)>,
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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
