//! The end of a run, under each engine whose tasks run on fibers.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use standstill_model::finding::{FindingKind, Undecided, Verdict};
use standstill_model::load::Load;
use standstill_model::plan::{Plan, Schedule, Variant};
use standstill_model::scenario::Program;
use standstill_rt::current;
use standstill_rt::facade::locals::{self, Found};
use standstill_rt::facade::{self, EndedWithRun};
use standstill_rt::host::{self, PollScoped};

use crate::panic_count;
use crate::{Engine, Explore, RecordLevel, Run};

/// Calls `test` with each engine, on a thread of its own.
fn under_each_engine(test: fn(&mut dyn Engine)) {
    let on_a_thread = |make: fn() -> Box<dyn Engine>| {
        let thread = std::thread::spawn(move || {
            let mut engine = make();
            test(&mut *engine);
        });
        thread.join().unwrap();
    };
    on_a_thread(|| Box::new(Explore::new()));
}

/// The default schedule of a program: each task runs until it waits.
fn run<F, R>(engine: &mut dyn Engine, body: F) -> Run
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    let schedule = Schedule::Choices(Vec::new());
    let plan = Plan::new("own", Variant::Own, Load::default(), schedule);
    engine.run(&Program::new(move |_| body()), &plan, RecordLevel::Record)
}

#[track_caller]
fn is_hang(run: &Run) {
    let kind = run.verdict.finding().map(|finding| finding.kind);
    assert_eq!(kind, Some(FindingKind::Hang), "{:?}", run.verdict);
}

fn spawn(code: impl FnOnce() + Send + 'static) {
    let spawned = facade::spawn_thread(code, "thread", Location::caller());
    assert!(spawned.is_ok(), "it is called in a run");
}

fn park() {
    host::with(|host| host.park());
}

/// Waits for something that never comes.
fn park_for_ever() {
    loop {
        park();
    }
}

/// Calls this when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

thread_local! {
    static VALUE: Cell<u32> = const { Cell::new(0) };
    static SEEN: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// The scope of [`VALUE`].
struct OfValue;

impl PollScoped for OfValue {
    fn suspended(&'static self) -> Box<dyn Any> {
        Box::new(VALUE.replace(0))
    }

    fn resumed(&'static self, state: Box<dyn Any>) {
        VALUE.set(*state.downcast().unwrap());
    }
}

/// Calls `f` with this value in scope.
fn in_scope(value: u32, f: impl FnOnce()) {
    let before = VALUE.replace(value);
    host::with(|host| host.enter_scope(&OfValue));
    let _leaves = OnDrop(|| {
        host::with(|host| host.exit_scope());
        VALUE.set(before);
    });
    f();
}

fn see() {
    SEEN.with_borrow_mut(|seen| seen.push(VALUE.get()));
}

#[test]
fn what_is_ended_on_top_of_a_task_sees_neither_its_scopes_nor_its_panic() {
    under_each_engine(|engine| {
        let run = run(engine, || async {
            spawn(|| {
                in_scope(1, || {
                    let _waits = OnDrop(|| {
                        see();
                        park();
                        see();
                        assert!(std::thread::panicking());
                    });
                    park_for_ever();
                });
            });
            spawn(|| {
                in_scope(2, || {
                    let _looks = OnDrop(see);
                    park_for_ever();
                });
            });
            let _root = OnDrop(|| {
                see();
                // It is panicking only because of its own unwinding.
                let taken = panic_count::take_all().unwrap();
                assert!(taken.count() < 2);
                taken.put_back();
            });
            std::future::pending::<()>().await;
        });
        is_hang(&run);
        // The first thread, the second on top of it, the first again; then the root.
        assert_eq!(SEEN.take(), [1, 2, 1, 0]);
        assert_eq!(VALUE.get(), 0);
        assert!(!std::thread::panicking());
    });
}

/// A task that is abandoned in the middle of its unwinding, with a value in scope, a task-local value,
/// and everything that is on its stack.
async fn abandons(dropped: Arc<AtomicU32>) {
    assert_eq!(VALUE.get(), 0);
    const KEY: usize = 1;
    assert!(matches!(locals::get::<u32>(KEY), Some(Found::Nothing)));
    spawn(move || {
        let _never = OnDrop(|| {
            dropped.fetch_add(1, Ordering::Relaxed);
        });
        locals::put(KEY, std::rc::Rc::new(7_u32));
        in_scope(1, || {
            let _waits = OnDrop(park_for_ever);
            park_for_ever();
        });
    });
    std::future::pending::<()>().await;
}

#[test]
fn a_run_sees_nothing_of_a_task_that_the_one_before_has_abandoned() {
    under_each_engine(|engine| {
        let dropped = Arc::new(AtomicU32::new(0));
        for _ in 0..20 {
            let counted = Arc::clone(&dropped);
            let run = run(engine, move || abandons(Arc::clone(&counted)));
            is_hang(&run);
            assert_eq!(VALUE.get(), 0);
            assert!(!std::thread::panicking());
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn what_is_kept_for_the_run_is_taken_out_at_its_end() {
    under_each_engine(|engine| {
        for _ in 0..3 {
            let run = run(engine, || async {
                assert_eq!(VALUE.replace(5), 0);
                host::with(|host| host.keep_for_run(&OfValue));
            });
            assert_eq!(run.verdict, Verdict::Clean);
            assert_eq!(VALUE.get(), 0);
        }
    });
}

#[test]
fn the_rest_of_a_run_is_left_alone_where_a_panic_cannot_be_put_aside() {
    under_each_engine(|engine| {
        panic_count::distrust();
        let dropped = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&dropped);
        let first = run(engine, move || {
            let dropped = Arc::clone(&counted);
            async move {
                let counts = OnDrop(move || {
                    dropped.fetch_add(1, Ordering::Relaxed);
                });
                spawn(|| {
                    in_scope(1, || {
                        let _waits = OnDrop(park);
                        park_for_ever();
                    });
                });
                spawn(move || {
                    let _counts = counts;
                    park_for_ever();
                });
                std::future::pending::<()>().await;
            }
        });
        // The finding was known before the run was taken down.
        is_hang(&first);
        assert_eq!((dropped.load(Ordering::Relaxed), VALUE.get()), (0, 0));
        let second = run(engine, || async {});
        assert_eq!(
            second.verdict,
            Verdict::Undecided(Undecided::ThreadPanics),
            "the thread counts as panicking from now on"
        );
    });
}

#[test]
fn a_panic_of_the_program_is_told_where_it_cannot_be_put_aside_either() {
    under_each_engine(|engine| {
        panic_count::distrust();
        let run = run(engine, || async {
            spawn(park_for_ever);
            let _waits = OnDrop(park);
            panic!("its own");
        });
        let finding = run.verdict.finding().unwrap();
        assert_eq!(finding.kind, FindingKind::Panic);
        assert_eq!(finding.panics[0].message, "its own");
    });
}

#[test]
fn a_task_that_catches_its_unwinding_for_ever_is_abandoned() {
    under_each_engine(|engine| {
        for _ in 0..2 {
            let run = run(engine, || async {
                spawn(|| {
                    in_scope(1, || {
                        loop {
                            let _ = catch_unwind(park_for_ever);
                        }
                    });
                });
            });
            // The root has ended, so this is a leak.
            let kind = run.verdict.finding().map(|finding| finding.kind);
            assert_eq!(kind, Some(FindingKind::Leak));
            assert_eq!(VALUE.get(), 0);
            assert!(!std::thread::panicking());
        }
    });
}

#[test]
fn who_joins_a_thread_that_was_ended_is_abandoned_only_if_that_panics() {
    under_each_engine(|engine| {
        let after = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&after);
        let run = run(engine, move || {
            let after = Arc::clone(&counted);
            async move {
                spawn(move || {
                    let _counts = OnDrop(|| {
                        after.fetch_add(1, Ordering::Relaxed);
                    });
                    let _quietly = OnDrop(|| drop(EndedWithRun::new()));
                    let _caught = OnDrop(|| {
                        let _ended = EndedWithRun::new();
                        // One more panic, which the destructor handles itself.
                        let caught = catch_unwind(|| panic!("caught"));
                        assert!(caught.is_err());
                    });
                    park_for_ever();
                });
                spawn(|| {
                    let _never = OnDrop(|| unreachable!("it was abandoned"));
                    let _panics = OnDrop(|| {
                        let _ended = EndedWithRun::new();
                        panic!("that would abort the process");
                    });
                    park_for_ever();
                });
                std::future::pending::<()>().await;
            }
        });
        is_hang(&run);
        assert_eq!(after.load(Ordering::Relaxed), 1);
        assert!(!std::thread::panicking());
    });
}

#[test]
fn a_destructor_that_spins_is_taken_for_one_that_waits() {
    under_each_engine(|engine| {
        let run = run(engine, || async {
            let flag = Arc::new(AtomicU32::new(0));
            let other = Arc::clone(&flag);
            spawn(move || {
                let _spins = OnDrop(|| {
                    while flag.load(Ordering::Relaxed) == 0 {
                        facade::switch(standstill_rt::Op::YieldThread, Location::caller());
                    }
                });
                park_for_ever();
            });
            spawn(move || {
                let _sets = OnDrop(|| other.store(1, Ordering::Relaxed));
                park_for_ever();
            });
            std::future::pending::<()>().await;
        });
        is_hang(&run);
        assert!(!std::thread::panicking());
    });
}

#[test]
fn no_host_is_left_behind() {
    under_each_engine(|engine| {
        let caught = catch_unwind(AssertUnwindSafe(|| run(engine, || async { park() })));
        assert!(caught.is_ok());
        assert_eq!(current::epoch(), 0);
        assert!(current::with_host(|_| ()).is_none());
    });
}
