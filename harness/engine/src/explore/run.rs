//! One run: a fresh runtime, the loop of steps, the budgets, and the detection of the run's end.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use standstill_model::finding::{Undecided, Verdict};
use standstill_model::load::Load;
use standstill_model::plan::{Leaks, Plan, Preempt};
use standstill_model::scenario::{Program, RootFuture};
use standstill_rt::driver::Timer;
use standstill_rt::facade::locals;
use standstill_rt::host::{Failure, NewTask, Schedule, TaskBody};
use standstill_rt::task::{TaskKind, TaskRef};
use standstill_rt::unmodelled::Refused;

use crate::explore::executor::Executor;
use crate::explore::judge;
use crate::explore::partial::PartialHangs;
use crate::explore::per_run::{NO_CHOICES, Stage};
use crate::explore::record::Recorder;
use crate::explore::state::{Next, RunState, SLICE, Setting};
use crate::strategy::{self, Chooser, Event, Probe, Scheduler, Summary};
use crate::threads;
use crate::timers::in_a_year;
use crate::verdict::{EndReason, RunEnd};
use crate::{RecordLevel, Run};

/// A timer as far away as this never fires: quiescence comes first. It is a year before what tokio
/// makes of a `Duration::MAX`, which stands for "never".
const FAR_FUTURE: Duration = Duration::from_secs(29 * 365 * 24 * 3600);

/// A run ends undecided this long, in virtual time, after the last timer that was armed.
pub const MOST_TIME: Duration = Duration::from_secs(3600);

/// Tasks that are still ticking this long, in virtual time, after the last timer that was armed when the
/// root ended, count as left behind.
pub const LEAK_HORIZON: Duration = Duration::from_secs(300);

/// How long an OS thread of the program may take to wake a run in which no task is ready. Threads of a
/// pool that was started in an earlier run cannot be distinguished from the process's other threads.
const FOREIGN_PATIENCE: Duration = Duration::from_millis(100);

/// A slice of steps takes this much virtual time if all that is ready does nothing but yield.
const YIELDS_TAKE: Duration = Duration::from_millis(1);

/// Before tasks count as livelocked, the clock is advanced by each of these in turn: the tasks may be
/// spinning until a timeout.
const LIVELOCK_ADVANCES: [Duration; 7] = [
    Duration::from_millis(1),
    Duration::from_millis(10),
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(3600),
];

/// Fair steps after each advance.
const LIVELOCK_STEPS: u64 = 2_000;

/// Runs the tasks of a run: the executor itself, or another engine that has taken over that part.
pub trait Carrier {
    /// The executor with the state of the run.
    fn executor(&self) -> &Executor;

    /// Adds the root task.
    fn add_root(&self, root: NewTask<dyn TaskBody>);

    /// Runs tasks, step after step, until something else is due.
    fn run_steps(&self) -> Next;

    /// Handles the wake-up of the waker with this word.
    fn wake(&self, word: usize);

    /// Takes the run down. Returns how many tasks could not be ended.
    fn close(&self) -> u32;
}

/// A run that has been taken down.
#[derive(Debug)]
pub struct Conducted {
    pub end: RunEnd,
    /// How many tasks could not be unwound.
    abandoned: u32,
    /// Virtual time that has passed.
    elapsed: Duration,
}

impl Conducted {
    /// Whether the runtime can be reused. An advance of the clock leaves a phase behind by which later
    /// timers would be rounded, and abandoned tasks leave their timers behind: the next run would then
    /// not be reproducible.
    pub fn leaves_no_mark(&self) -> bool {
        self.elapsed.is_zero() && self.abandoned == 0
    }
}

/// An epoch that no earlier run of the process had. Each thread takes epochs in blocks, because a
/// counter that all threads share would make them contend.
pub fn new_epoch() -> u32 {
    const BLOCK: u32 = 1_024;
    static BLOCKS: AtomicU32 = AtomicU32::new(0);
    thread_local! {
        static NEXT: Cell<u32> = const { Cell::new(0) };
    }
    let mut next = NEXT.get();
    if next.is_multiple_of(BLOCK) {
        next = BLOCKS.fetch_add(1, Ordering::Relaxed).wrapping_mul(BLOCK);
    }
    // 0 means that the entity belongs to no run.
    let epoch = next.max(1);
    NEXT.set(epoch.wrapping_add(1));
    epoch
}

/// Runs the program until its end is known.
pub async fn conduct<C: Carrier>(
    carrier: &C,
    program: &Program,
    plan: &Plan,
    surroundings: Surroundings,
) -> RunEnd {
    carrier.add_root(NewTask::<dyn TaskBody> {
        body: Box::pin(Root {
            program: program.clone(),
            load: plan.load,
            future: None,
        }),
        kind: TaskKind::Async,
        type_name: program.type_name(),
        site: Location::caller(),
    });
    let mut drive = pin!(Drive::new(carrier, plan, surroundings));
    poll_fn(|cx| drive.as_mut().poll(cx)).await
}

/// Takes down a run that has ended.
pub fn taken_down<C: Carrier>(carrier: &C, end: RunEnd) -> Conducted {
    let executor = carrier.executor();
    let abandoned = carrier.close();
    let elapsed = executor.state.borrow().elapsed();
    Conducted {
        end,
        abandoned,
        elapsed,
    }
}

/// The result of a run that has been taken down. This ends the strategy.
pub fn conclude(
    executor: &Executor,
    plan: &Plan,
    conducted: &Conducted,
    unscheduled: usize,
    refused: Option<Refused>,
) -> (Run, Summary) {
    let mut state = executor.state.borrow_mut();
    let verdict = match refused {
        // The run's outcome says nothing about the program.
        Some(Refused { what, instead }) => {
            Verdict::Undecided(Undecided::Unmodelled { what, instead })
        }
        None => judge::verdict(
            &state,
            plan,
            &conducted.end,
            unscheduled,
            conducted.abandoned,
        ),
    };
    let mut strategy = std::mem::replace(&mut state.run.strategy, strategy::idle());
    let mut summary = strategy.end();
    let (choices, digest) = match state.run.recorder.take() {
        Some(recorder) => {
            let (choices, digest) = recorder.finish();
            (choices, Some(digest))
        }
        None => (Vec::new(), None),
    };
    let mut trace = state.tracker.take_trace();
    if let (Some(trace), Some(finding)) = (&mut trace, verdict.finding()) {
        trace.name_as_in(finding);
    }
    let run = Run {
        verdict,
        steps: state.run.steps,
        order: (state.run.order != NO_CHOICES).then_some(state.run.order),
        choices,
        digest,
        divergence: summary.divergence.take(),
        trace,
        shuttle_schedule: None,
        exhausted: false,
        early: state.run.early.spent,
        tasks: state.tracker.spawned_tasks(),
        raw_tasks: state.run.raw_tasks || unscheduled > 0,
    };
    (run, summary)
}

impl Setting {
    /// The settings for `plan`.
    pub fn of(plan: &Plan, strategy: Chooser, level: RecordLevel) -> Self {
        Self {
            total_steps: u64::from(plan.total_steps),
            preempt: plan.preempt == Preempt::Op,
            slack: plan.slack,
            strategy,
            recorder: (level >= RecordLevel::Record).then(Recorder::default),
            traced: level >= RecordLevel::Trace,
        }
    }
}

impl Carrier for Executor {
    fn executor(&self) -> &Executor {
        self
    }

    fn add_root(&self, root: NewTask<dyn TaskBody>) {
        self.state.borrow_mut().add(root, None);
    }

    fn run_steps(&self) -> Next {
        Executor::run_steps(self)
    }

    fn wake(&self, word: usize) {
        Executor::wake(self, word);
    }

    fn close(&self) -> u32 {
        Executor::close(self)
    }
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
        locals::end();
        Poll::Ready(())
    }

    fn fail(mut self: Pin<&mut Self>, _: Failure) {
        self.future = None;
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        self.future = None;
        locals::end();
    }
}

/// The phase after the root has ended: tasks that are still there at the horizon were left behind. A
/// task may still arm a longer timer than any before, which extends the horizon. A ticker does not
/// extend it: each of its ticks is only as far away as the last one.
#[derive(Clone, Copy, Debug, Default)]
struct Settling {
    horizon: Option<Duration>,
    longest: Duration,
}

/// Checks whether steps without progress are a livelock.
#[derive(Clone, Copy, Debug)]
struct LivelockProbe {
    stage: usize,
    until: u64,
    /// Time passes, and nothing else happens.
    polling: bool,
}

/// What is watched of the process during a run.
#[derive(Debug)]
pub struct Surroundings {
    /// The OS threads that existed before the run, without the engine's own.
    threads: Option<BTreeSet<u32>>,
    /// How long other threads may take to wake the run, in real time.
    patience: Duration,
}

impl Surroundings {
    pub fn of(level: RecordLevel) -> Self {
        Self {
            threads: (level >= RecordLevel::Record).then(threads::others),
            patience: if level >= RecordLevel::Confirm {
                FOREIGN_PATIENCE
            } else {
                Duration::ZERO
            },
        }
    }
}

/// Why the executor last returned control to the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// It has not done so yet: the run begins.
    NotBegun,
    /// To give the runtime a turn.
    Turn,
    /// No task was ready: the runtime advances the clock.
    Idle,
}

struct Drive<'a, C> {
    carrier: &'a C,
    executor: &'a Executor,
    leaks: Leaks,
    max_steps: u64,
    total_steps: u64,
    surroundings: Surroundings,
    sentinel: Option<Timer>,
    left: Left,
    /// The virtual time when the executor last had nothing to do.
    idle_since: Duration,
    settling: Option<Settling>,
    probe: Option<LivelockProbe>,
    partial: PartialHangs,
    progress: u64,
    progress_step: u64,
    /// The last step in which anything happened but that time has passed.
    moves: u64,
    moves_step: u64,
    /// The same, as seen whenever nothing is ready, and when that was.
    idle_moves: u64,
    moved_at: Duration,
    last_deadline: Duration,
}

impl<'a, C: Carrier> Drive<'a, C> {
    fn new(carrier: &'a C, plan: &Plan, surroundings: Surroundings) -> Self {
        Self {
            carrier,
            executor: carrier.executor(),
            leaks: plan.leaks,
            max_steps: u64::from(plan.max_steps),
            total_steps: u64::from(plan.total_steps),
            surroundings,
            sentinel: None,
            left: Left::NotBegun,
            idle_since: Duration::ZERO,
            settling: None,
            probe: None,
            partial: PartialHangs::new(),
            progress: 0,
            progress_step: 0,
            moves: 0,
            moves_step: 0,
            idle_moves: 0,
            moved_at: Duration::ZERO,
            last_deadline: Duration::ZERO,
        }
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<RunEnd> {
        let polled = self.as_mut().turn(cx);
        if polled.is_pending() {
            // What was spawned past the facade is still there: the runtime has not run it yet.
            let state = &mut *self.executor.state.borrow_mut();
            let source = state.source.as_ref();
            let seen = || source.is_some_and(|clock| clock.unscheduled() > 0);
            state.run.raw_tasks = state.run.raw_tasks || seen();
        }
        polled
    }

    fn turn(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<RunEnd> {
        let this = &mut *self;
        let executor = this.executor;
        this.listen(cx);
        let left = std::mem::replace(&mut this.left, Left::Turn);
        {
            let mut state = executor.state.borrow_mut();
            if left == Left::NotBegun {
                // The runtime may have read its clock in an earlier run already: the clock is paused.
                if state.run.began.is_none() {
                    state.run.began = Some(state.now());
                }
            } else {
                let now = state.elapsed();
                state.timers.advanced(now);
            }
            let ms = u64::try_from(state.timers.now().as_millis()).unwrap_or(u64::MAX);
            if let Some(tracer) = &mut state.tracker.tracer {
                tracer.at_time(ms);
            }
        }
        for word in executor.inbox.drain() {
            this.carrier.wake(word);
        }
        if left == Left::Idle && !std::mem::take(&mut executor.state.borrow_mut().run.idle) {
            // A task was woken while none was ready, so the clock has advanced.
            this.progressed();
        }
        loop {
            match this.carrier.run_steps() {
                Next::RootEnded => {
                    if let Some(end) = this.after_root() {
                        return Poll::Ready(end);
                    }
                }
                Next::CutShort => return Poll::Ready(this.end(EndReason::Done)),
                Next::Stop => {
                    return Poll::Ready(this.endless());
                }
                Next::SliceOver => {
                    if let Some(end) = this.slice_over() {
                        return Poll::Ready(end);
                    }
                    let strategy = &mut executor.state.borrow_mut().run.strategy;
                    strategy.observe(|| Event::RuntimeTurn);
                    // Gives a turn to what third-party code spawned on the runtime, and to the runtime's
                    // timers.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Next::Fire => {
                    this.fire_early();
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Next::Nothing => {
                    return match this.idle(cx) {
                        Some(end) => Poll::Ready(end),
                        None => Poll::Pending,
                    };
                }
            }
        }
    }

    fn listen(&self, cx: &Context<'_>) {
        let listener = &mut self.executor.state.borrow_mut().listener;
        // Not `will_wake`: that compares vtable addresses too, and a clone may use another copy of the
        // vtable. The data pointer is enough: the listener keeps its data alive, so no other waker has
        // the same address.
        let data = cx.waker().data();
        let same = listener
            .as_ref()
            .is_some_and(|listener| !data.is_null() && std::ptr::eq(listener.data(), data));
        if !same {
            *listener = Some(cx.waker().clone());
            self.executor.inbox.listen(cx.waker().clone());
        }
    }

    /// No task is ready: lets the runtime advance the clock to the next timer.
    fn idle(&mut self, cx: &mut Context<'_>) -> Option<RunEnd> {
        let executor = self.executor;
        let fired = self
            .sentinel
            .as_mut()
            .is_some_and(|sentinel| sentinel.as_mut().poll(cx).is_ready());
        if fired {
            return Some(self.quiescent());
        }
        if self.settling.is_some() {
            executor.state.borrow_mut().settle();
        }
        self.idle_since = executor.state.borrow().elapsed();
        if let Some(end) = self.time_over() {
            return Some(end);
        }
        let sentinel = self
            .sentinel
            .get_or_insert_with(|| executor.sleep_until(executor.now() + FAR_FUTURE));
        if sentinel.as_mut().poll(cx).is_ready() {
            return Some(self.quiescent());
        }
        {
            let run = &mut executor.state.borrow_mut().run;
            run.idle = true;
            run.strategy.observe(|| Event::Idle);
        }
        self.left = Left::Idle;
        None
    }

    /// Advances the clock to the next timer although tasks are ready: real code is sometimes slow.
    fn fire_early(&mut self) {
        let ahead = {
            let state = &mut *self.executor.state.borrow_mut();
            let Some(deadline) = state.run.early.next(&state.timers) else {
                return;
            };
            let ahead = deadline.saturating_sub(state.elapsed());
            state.run.early.spend(ahead);
            let wait = state.timers.wait_at(deadline);
            state
                .tracker
                .trace(|tracer, step| tracer.timer_fired(step, wait, ahead));
            ahead
        };
        // The runtime's timers fire by the millisecond.
        self.advance(ahead + Duration::from_millis(1));
        self.progressed();
    }

    fn advance(&self, by: Duration) {
        let clock = self.executor.state.borrow().source.clone();
        if let Some(clock) = clock {
            clock.advance(by);
        }
    }

    fn progressed(&mut self) {
        self.progress_step = self.executor.state.borrow().run.steps;
    }

    /// Checks the budgets, once per slice.
    fn slice_over(&mut self) -> Option<RunEnd> {
        let executor = self.executor;
        let (began, steps, progress, moves) = {
            let mut state = executor.state.borrow_mut();
            let began = state.run.slice_end.saturating_sub(SLICE);
            state.run.slice_end = (state.run.steps + SLICE).min(self.total_steps);
            let tracker = &state.tracker;
            (began, state.run.steps, tracker.progress, tracker.moves)
        };
        if let Some(end) = self.partial_hang() {
            return Some(end);
        }
        if steps >= self.total_steps {
            self.idle_since = executor.state.borrow().elapsed();
            return Some(self.endless());
        }
        let moved = std::mem::replace(&mut self.moves, moves) != moves;
        let progressed = std::mem::replace(&mut self.progress, progress) != progress;
        if moved {
            self.moves_step = steps;
        }
        if progressed {
            self.progress_step = steps;
        }
        // Whoever waits for a timer by yielding lets time pass. Under the first format's rule a timer beat
        // them.
        let spins = !progressed && {
            let mut state = executor.state.borrow_mut();
            !state.run.early.is_counted() && state.all_yield_since(began)
        };
        if spins {
            self.advance(YIELDS_TAKE);
        }
        let dispels = |probe: &mut LivelockProbe| moved || progressed && !probe.polling;
        if self.probe.take_if(dispels).is_some() && self.settling.is_none() {
            executor.state.borrow_mut().run.fair = false;
        }
        let spins = steps - self.progress_step > self.max_steps;
        let polls = steps - self.moves_step > self.max_steps && self.settling.is_none();
        if self.probe.is_none() && (spins || polls) {
            self.probe(!spins);
        }
        self.probe_livelock(steps)
    }

    fn probe(&mut self, polling: bool) {
        let state = &mut *self.executor.state.borrow_mut();
        state.run.fair = true;
        if polling {
            state.tracker.mark_polls();
        }
        self.probe = Some(LivelockProbe {
            stage: 0,
            until: state.run.steps,
            polling,
        });
    }

    /// Runs fairly from now on, with ever longer advances of the clock in between.
    fn probe_livelock(&mut self, steps: u64) -> Option<RunEnd> {
        let probe = self.probe.as_mut()?;
        if steps < probe.until {
            return None;
        }
        let Some(advance) = LIVELOCK_ADVANCES.get(probe.stage) else {
            if probe.polling {
                // It is told of them when they wait.
                return None;
            }
            self.idle_since = self.executor.state.borrow().elapsed();
            return Some(self.end(EndReason::Livelock));
        };
        probe.stage += 1;
        probe.until = steps + LIVELOCK_STEPS;
        self.advance(*advance);
        None
    }

    /// A timer that is years ahead, and nothing else: the clock goes there, and the budgets with it.
    fn outlast_years(&mut self, now: Duration) {
        let earliest = self.executor.state.borrow().timers.earliest();
        let Some(earliest) = earliest.filter(|earliest| *earliest >= in_a_year(now)) else {
            return;
        };
        self.last_deadline = self.last_deadline.max(earliest);
        self.moved_at = self.moved_at.max(earliest);
        if let Some(settling) = &mut self.settling {
            let horizon = earliest.saturating_add(LEAK_HORIZON);
            settling.horizon = settling.horizon.max(Some(horizon));
        }
    }

    /// Whether all that goes on is that some wait for time to pass, again and again. Asked when
    /// nothing is ready.
    fn polls_for_ever(&mut self) -> Option<RunEnd> {
        let probe = self.probe.filter(|probe| probe.polling)?;
        let steps = self.executor.state.borrow().run.steps;
        let moves = self.executor.state.borrow().tracker.moves;
        if probe.stage < LIVELOCK_ADVANCES.len() || steps < probe.until || moves != self.moves {
            return None;
        }
        let dead = PartialHangs::among(&self.executor.state.borrow());
        Some(if dead.is_empty() {
            self.at_standstill(EndReason::Polling)
        } else {
            self.partially_hung(dead)
        })
    }

    /// Checks the virtual clock, whenever no task is ready.
    fn time_over(&mut self) -> Option<RunEnd> {
        let executor = self.executor;
        let now = self.idle_since;
        self.outlast_years(now);
        if let Some(end) = self.polls_for_ever() {
            return Some(end);
        }
        let moves = executor.state.borrow().tracker.moves;
        if std::mem::replace(&mut self.idle_moves, moves) != moves {
            self.moved_at = now;
        }
        if self.settled(now) {
            return Some(self.left_behind(true));
        }
        if let Some(end) = self.partial_hang() {
            return Some(end);
        }
        let polls = self.probe.is_some_and(|probe| probe.polling);
        if !polls && now > self.last_deadline.saturating_add(MOST_TIME) {
            let latest = executor.state.borrow().timers.latest(in_a_year(now));
            match latest {
                // A one-shot timer that is far away may still end the run. A ticker only keeps arming
                // its next tick, which is near.
                Some(latest) if latest > now.saturating_add(MOST_TIME) => {
                    self.last_deadline = latest;
                }
                // Extends the deadline while there is a candidate, so that it is either confirmed or
                // dropped.
                _ if self.settling.is_none()
                    && self.partial.look(&mut executor.state.borrow_mut()) =>
                {
                    self.last_deadline = now;
                }
                _ if self.settling.is_none()
                    && now > self.moved_at.saturating_add(MOST_TIME)
                    && self.probe.is_none() =>
                {
                    self.probe(true);
                }
                _ => return Some(self.endless()),
            }
        }
        None
    }

    /// The root has ended. If no task is left, the run is over. Otherwise the remaining tasks get a fair
    /// chance to end, too.
    fn after_root(&mut self) -> Option<RunEnd> {
        {
            let state = &mut *self.executor.state.borrow_mut();
            let root_panicked = state
                .panics
                .iter()
                .any(|panicked| panicked.task.serial == 0);
            if state.run.alive > 0 && self.leaks != Leaks::Off && !root_panicked {
                if state.run.strategy.outlasts_root() {
                    state.run.stage = Stage::Outlasting;
                } else {
                    state.settle();
                }
                self.settling = Some(Settling::default());
                return None;
            }
            if state.run.alive > 0 {
                state.run.strategy.observe(|| Event::Truncated);
            }
        }
        Some(self.end(EndReason::Done))
    }

    /// Whether the root ended so long ago that tasks that are still ticking were left behind. Checked
    /// only when no task is ready: then every task has had the chance to arm a timer.
    fn settled(&mut self, now: Duration) -> bool {
        let Some(settling) = &mut self.settling else {
            return false;
        };
        let state = self.executor.state.borrow();
        let longest = state.run.longest_timer;
        if settling.horizon.is_none() || longest > settling.longest.max(LEAK_HORIZON) {
            let last = state
                .timers
                .latest(in_a_year(now))
                .unwrap_or_default()
                .max(now);
            settling.longest = longest;
            settling.horizon = settling
                .horizon
                .max(Some(last.saturating_add(LEAK_HORIZON)));
            self.last_deadline = self.last_deadline.max(last);
        }
        settling.horizon.is_some_and(|horizon| now > horizon)
    }

    /// Nothing can ever happen again.
    fn quiescent(&mut self) -> RunEnd {
        if self.settling.is_some() {
            return self.left_behind(false);
        }
        self.at_standstill(EndReason::Hang)
    }

    fn left_behind(&self, ticking: bool) -> RunEnd {
        self.at_standstill(EndReason::Leak { ticking })
    }

    fn at_standstill(&self, reason: EndReason) -> RunEnd {
        let foreign = self.foreign_threads();
        if foreign > 0 {
            return self.end(EndReason::ForeignThread { count: foreign });
        }
        let state = &mut *self.executor.state.borrow_mut();
        let everybody = state.slots.living();
        state.unwind_for_ever(&everybody);
        self.end_in(state, reason)
    }

    fn end(&self, reason: EndReason) -> RunEnd {
        self.end_with(reason, &[])
    }

    /// The same. `dead` can never run again.
    fn end_with(&self, reason: EndReason, dead: &[TaskRef]) -> RunEnd {
        let state = &mut *self.executor.state.borrow_mut();
        state.unwind_for_ever(dead);
        self.end_in(state, reason)
    }

    fn end_in(&self, state: &RunState, reason: EndReason) -> RunEnd {
        RunEnd {
            reason,
            survivors: judge::survivors(state),
            after: self.idle_since,
        }
    }

    fn partially_hung(&self, dead: Vec<TaskRef>) -> RunEnd {
        let foreign = self.foreign_threads();
        if foreign > 0 {
            return self.end(EndReason::ForeignThread { count: foreign });
        }
        let reason = EndReason::PartialHang { dead: dead.clone() };
        self.end_with(reason, &dead)
    }

    fn endless(&self) -> RunEnd {
        let virtual_time = self.idle_since;
        self.end(EndReason::Endless { virtual_time })
    }

    /// Looks for tasks that can never run again while others go on. After the root has ended such tasks
    /// count as left behind, which is another kind of finding.
    fn partial_hang(&mut self) -> Option<RunEnd> {
        if self.settling.is_some() || self.probe.is_some() {
            return None;
        }
        let dead = self.partial.turn(&mut self.executor.state.borrow_mut())?;
        Some(self.partially_hung(dead))
    }

    /// The number of OS threads that might still wake the run: those that the program started during the
    /// run, or else 1 if some thread does wake the run within the patience.
    fn foreign_threads(&self) -> usize {
        let started = match &self.surroundings.threads {
            Some(before) => threads::others().difference(before).count(),
            None => 0,
        };
        if started == 0 && self.executor.inbox.fills_within(self.surroundings.patience) {
            return 1;
        }
        started
    }
}
