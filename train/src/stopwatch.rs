//! How long the parts of a step take.

use std::time::Instant;

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

/// A part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Waiting for the batch, and its texts.
    Data,
    /// From the batch to its loss.
    Forward,
    /// From the loss to the gradient; activations that are computed again are part of it.
    Backward,
    /// From the gradient to the new weights and averages.
    Optimizer,
    /// Waiting for other ranks.
    Communication,
}

/// Seconds that the parts of a step take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepTimes {
    /// See [`Part::Data`].
    pub data: f64,
    /// See [`Part::Forward`].
    pub forward: f64,
    /// See [`Part::Backward`].
    pub backward: f64,
    /// See [`Part::Optimizer`].
    pub optimizer: f64,
    /// See [`Part::Communication`].
    pub communication: f64,
}

impl StepTimes {
    /// Each part's name and its share of the whole step, 0..1; nothing of a step that took no time.
    pub fn shares(&self) -> Vec<(&'static str, f64)> {
        let parts = [
            ("data", self.data),
            ("forward", self.forward),
            ("backward", self.backward),
            ("optimiser", self.optimizer),
            ("communication", self.communication),
        ];
        let whole: f64 = parts.iter().map(|(_, seconds)| seconds).sum();
        if whole > 0.0 {
            parts.into_iter().map(|(name, seconds)| (name, seconds / whole)).collect()
        } else {
            Vec::new()
        }
    }

    fn of(&mut self, part: Part) -> &mut f64 {
        match part {
            Part::Data => &mut self.data,
            Part::Forward => &mut self.forward,
            Part::Backward => &mut self.backward,
            Part::Optimizer => &mut self.optimizer,
            Part::Communication => &mut self.communication,
        }
    }
}

/// Measures the parts of one step; most steps are not measured.
///
/// A GPU is told what to compute long before it does: at the end of each part it is waited for, and a step that is
/// measured may be slower than others.
pub struct Stopwatch {
    running: Option<Running>,
}

/// A stopwatch that runs.
struct Running {
    /// Waits until the device has computed what it was told to.
    wait: Box<dyn Fn()>,
    since: Instant,
    times: StepTimes,
}

impl Stopwatch {
    /// Measures nothing and waits for nothing.
    pub fn stopped() -> Self {
        Self { running: None }
    }

    /// Begins with the first part of what a device computes.
    pub fn of_device<B: Backend>(device: B::Device) -> Self {
        // What is wrong with the device, the step itself will say.
        Self::started(move || drop(B::sync(&device)))
    }

    /// Begins with the first part; `wait` returns when the device has computed everything.
    fn started(wait: impl Fn() + 'static) -> Self {
        let (since, times) = (Instant::now(), StepTimes::default());
        Self { running: Some(Running { wait: Box::new(wait), since, times }) }
    }

    /// What has passed since the last call was of this part.
    pub fn lap(&mut self, part: Part) {
        if let Some(Running { wait, since, times }) = &mut self.running {
            wait();
            let now = Instant::now();
            *times.of(part) += (now - *since).as_secs_f64();
            *since = now;
        }
    }

    /// What was measured, if anything was.
    pub fn times(&self) -> Option<StepTimes> {
        self.running.as_ref().map(|running| running.times)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_part_has_the_time_until_its_end_and_the_wait_for_the_device() {
        let waits = Rc::new(Cell::new(0));
        let counted = Rc::clone(&waits);
        let mut watch = Stopwatch::started(move || {
            counted.set(counted.get() + 1);
            std::thread::sleep(Duration::from_millis(10));
        });
        watch.lap(Part::Data);
        std::thread::sleep(Duration::from_millis(30));
        watch.lap(Part::Backward);
        watch.lap(Part::Backward);
        let times = watch.times().unwrap();
        assert_eq!(waits.get(), 3);
        assert!(times.data >= 0.01 && times.backward >= 0.05, "{times:?}");
        assert_eq!([times.forward, times.optimizer, times.communication], [0.0; 3]);
        let mut stopped = Stopwatch::stopped();
        stopped.lap(Part::Data);
        assert_eq!(stopped.times(), None);
    }

    #[test]
    fn the_shares_of_a_step_are_one_together() {
        let times = StepTimes { forward: 1.0, backward: 3.0, ..StepTimes::default() };
        let shares = times.shares();
        assert_eq!(shares[1..3], [("forward", 0.25), ("backward", 0.75)]);
        assert_eq!(shares.iter().map(|(_, share)| share).sum::<f64>(), 1.0);
        assert_eq!(StepTimes::default().shares(), []);
    }
}
