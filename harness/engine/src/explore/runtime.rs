//! The runtime in which an engine thread polls its runs.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::ptr;
use std::rc::Rc;

use standstill_rt::driver::{self, Clock, Driver, PausedRuntime};

/// A runtime with a paused clock, and the driver that made it.
pub struct RunRuntime {
    driver: &'static dyn Driver,
    runtime: Box<dyn PausedRuntime>,
}

impl RunRuntime {
    /// A new one, from the registered driver.
    pub fn new() -> Self {
        let driver = driver::get();
        Self {
            driver,
            runtime: driver.paused(),
        }
    }

    /// Whether it was made by the driver that is registered now.
    pub fn is_current(&self) -> bool {
        ptr::addr_eq(self.driver, driver::get())
    }

    /// Its clock.
    pub fn clock(&self) -> Rc<dyn Clock> {
        self.runtime.clock()
    }

    /// Polls `future` in it until it is ready.
    pub fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>) {
        driver::block_on(self.driver, self.runtime.as_ref(), future);
    }

    /// How many tasks the program spawned on it outside of the facade.
    pub fn unscheduled(&self) -> usize {
        self.runtime.unscheduled()
    }

    /// Shuts it down without waiting for anything on it.
    pub fn shut_down(self) {
        self.runtime.shut_down();
    }
}

impl Default for RunRuntime {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RunRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunRuntime").finish_non_exhaustive()
    }
}
