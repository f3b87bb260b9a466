//! One run: a fresh runtime on a thread of its own, watched from this one.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use standstill_model::finding::Verdict;
use standstill_model::load::Load;
use standstill_model::plan::{Plan, Schedule};
use standstill_model::scenario::{Program, RootFuture};
use standstill_rt::driver::{self, ParallelRuntime, ThreadObserver};
use standstill_rt::host::{Failure, TaskBody};
use standstill_rt::task::TaskKind;

use crate::stress::StressSettings;
use crate::stress::body::Tracked;
use crate::stress::judge;
use crate::stress::noise::Noise;
use crate::stress::shared::Shared;
use crate::stress::watch::{Pace, TICK, Watch};
use crate::threads::{self, Ours};
use crate::verdict::{EndReason, RunEnd};
use crate::{Run, pulse};

/// How long the end of a run may take. What is still stuck after that is left so.
const CLOSING: Duration = Duration::from_millis(500);

/// Called at each check, as a sign of life. True if the run has to stop.
pub(super) type Looks<'a> = dyn FnMut() -> bool + 'a;

/// How a run is made.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    pub(super) stress: StressSettings,
    /// Whether the program knows that it is in a run.
    pub(super) tracks: bool,
}

/// Makes one run. The second value tells whether threads are left that never return.
pub(super) fn run(
    settings: Settings,
    pace: &mut Pace,
    program: &Program,
    plan: &Plan,
    looks: &mut Looks<'_>,
) -> (Run, bool) {
    static EPOCHS: AtomicU32 = AtomicU32::new(1 << 31);
    let epoch = EPOCHS.fetch_add(1, Ordering::Relaxed);
    let noise = match plan.schedule {
        Schedule::Seeded { seed, .. } => Noise::drawn(seed),
        Schedule::Choices(_) | Schedule::Bytes(_) => Noise::none(),
    };
    let before = threads::others();
    let shared = Arc::new(Shared::new(epoch, noise));
    start(&shared, settings, program, plan.load);
    let mut watch = Watch::new(
        pace.patience(),
        settings.stress.grace,
        plan.leaks,
        settings.stress.threads,
        before,
    );
    let (end, steps) = watch_over(&shared, &mut watch, looks);
    let left = wait_for_end(&shared, looks);
    let book = shared.book();
    let verdict = judge::verdict(&book, plan, &end, steps);
    drop(book);
    if verdict == Verdict::Clean {
        pace.learn(watch.longest_stillness());
    }
    let run = Run {
        steps,
        ..Run::without_steps(verdict)
    };
    (run, left)
}

/// Watches the run until it has a result, and closes it. Also returns its steps.
fn watch_over(shared: &Shared, watch: &mut Watch, looks: &mut Looks<'_>) -> (RunEnd, u64) {
    let mut book = shared.book();
    let mut looked = Instant::now();
    loop {
        let over = book.root_ended && book.alive == 0;
        let reason = if over {
            Some(EndReason::Done)
        } else if looked.elapsed() >= TICK {
            looked = Instant::now();
            drop(book);
            let stop = looks();
            book = shared.book();
            if stop {
                Some(EndReason::Stopped)
            } else {
                watch.look(shared, &mut book)
            }
        } else {
            None
        };
        if let Some(reason) = reason {
            let end = judge::end(reason, &mut book, shared.elapsed());
            let steps = shared.pulses();
            shared.close(&mut book);
            return (end, steps);
        }
        book = shared.wait(book, TICK);
    }
}

/// Waits until the run's threads have ended. True if some have not.
fn wait_for_end(shared: &Shared, looks: &mut Looks<'_>) -> bool {
    let began = Instant::now();
    loop {
        let book = shared.book();
        // Parked tasks continue, to be unwound; the root's thread checks for the end of the run.
        let nudged: Vec<_> = book.living().cloned().collect();
        if book.closed && book.alive == 0 {
            return false;
        }
        if book.closed || began.elapsed() > 2 * CLOSING {
            return true;
        }
        drop(book);
        for member in nudged {
            if member.is_parked() || member.task.serial == 0 {
                member.nudge();
            }
        }
        drop(shared.wait(shared.book(), Duration::from_millis(1)));
        let _ = looks();
    }
}

/// Starts the run on a thread of its own.
fn start(shared: &Arc<Shared>, settings: Settings, program: &Program, load: Load) {
    let shared = Arc::clone(shared);
    let program = program.clone();
    std::thread::Builder::new()
        .name("standstill-root".to_owned())
        .spawn(move || {
            let _thread = Ours::register();
            let runtime = runtime(settings.stress.threads);
            let _ = shared.runtime.set(runtime.spawner());
            if settings.tracks {
                drive(&shared, runtime.as_ref(), program, load);
            } else {
                runtime.block_on(program.root(load).as_mut());
                shared.book().root_ended = true;
            }
            let mut book = shared.book();
            if book.root_ended && book.alive == 0 {
                // The watchdog need not check this any more.
                shared.close(&mut book);
            }
            while !shared.closing() {
                book = shared.wait(book, Duration::from_secs(1));
            }
            drop(book);
            runtime.shut_down(CLOSING);
            shared.book().closed = true;
            shared.notify();
        })
        .unwrap_or_else(|error| panic!("cannot start the thread of a stress run: {error}"));
}

fn runtime(threads: usize) -> Box<dyn ParallelRuntime> {
    // Each of the runtime's threads counts as the engine's for as long as it lives.
    thread_local! {
        static OURS: std::cell::RefCell<Option<Ours>> = const { std::cell::RefCell::new(None) };
    }
    let observer = ThreadObserver {
        started: || OURS.set(Some(Ours::register())),
        stopping: || OURS.set(None),
    };
    driver::get().parallel(threads, observer)
}

/// Polls the root until it has ended, or the run has.
fn drive(shared: &Arc<Shared>, runtime: &dyn ParallelRuntime, program: Program, load: Load) {
    let here = Location::caller();
    let identity = pulse::identity(program.type_name(), here);
    let member = shared.add(None, TaskKind::Async, identity, here, None);
    let body: Pin<Box<dyn TaskBody>> = Box::pin(Root {
        program,
        load,
        future: None,
    });
    let mut root = pin!(Tracked::new(member, body));
    runtime.block_on(pin!(poll_fn(|cx| {
        if shared.closing() {
            return Poll::Ready(());
        }
        root.as_mut().poll(cx)
    })));
}

/// The root. Its future is made in its first poll, so that a panic in making it counts as the root's.
struct Root {
    program: Program,
    load: Load,
    future: Option<RootFuture>,
}

impl TaskBody for Root {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (program, load) = (&this.program, this.load);
        let future = this.future.get_or_insert_with(|| program.root(load));
        ready!(future.as_mut().poll(cx));
        this.future = None;
        Poll::Ready(())
    }

    fn fail(mut self: Pin<&mut Self>, _: Failure) {
        self.future = None;
    }
}
