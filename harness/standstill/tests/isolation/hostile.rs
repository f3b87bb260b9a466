//! Programs that take their process down with them, or try to: each is reported as what it is, in
//! time, and the next run is made all the same.
//!
//! A child is this very test binary, told to run the one test that started it.

use std::future::Future;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::common::{name_of, within};
use standstill::engine::StressSettings;
use standstill::isolation::{self, Launcher};
use standstill::{Crash, EngineKind, Finding, FindingKind, Hunt, Outcome, Program};

/// Long enough that a loaded machine does not make a mistake of it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Little, so that it is soon used up.
const MEMORY: u64 = 256 << 20;

/// Has a program run twice by a hunt that keeps going, and returns what was found both times, in
/// no more than twice the patience each.
#[track_caller]
fn found_twice<F, R>(test: &str, body: F) -> Finding
where
    F: Fn() -> R + Clone + Send + Sync + 'static,
    R: Future<Output = ()> + 'static,
{
    if isolation::is_child() {
        isolation::serve(move |_| {
            let body = body.clone();
            Some(Program::new(move |_| body()))
        });
    }
    // They would be in each other's way: some of them take all the machine has.
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let alone = ONE_AT_A_TIME.lock();
    let before = busy();
    let (test, name) = (name_of(module_path!(), test), test.to_owned());
    let outcome: Outcome = within(60, move || {
        Hunt::new(name)
            .engine(EngineKind::Stress)
            .stress(StressSettings {
                threads: 2,
                patience: PATIENCE,
                ..StressSettings::default()
            })
            .isolated(Launcher::new([test.as_str(), "--exact", "--nocapture"]).memory(MEMORY))
            .schedules(2)
            .keep_going(true)
            .run(body)
    });
    assert_eq!(outcome.schedules, 2, "{outcome:?}");
    let [found] = outcome.found.as_slice() else {
        panic!("{outcome:?}");
    };
    assert_eq!(found.count, 2, "{outcome:?}");
    let took = Duration::from_millis(found.finding.virtual_ms);
    // A thread that runs is known to be stuck by the processor time it has used, which takes longer
    // where others want the processors, too.
    let allowed = 2 * PATIENCE * before.max(busy());
    drop(alone);
    assert!(took <= allowed, "it took {took:?}, of {allowed:?}");
    found.finding.clone()
}

/// How many times over the processors are wanted now. 1 where the platform does not tell.
fn busy() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let running = text.split(' ').nth(3).and_then(|text| {
        let (running, _) = text.split_once('/')?;
        running.parse::<usize>().ok()
    });
    let times = running.unwrap_or(1).div_ceil(cores);
    u32::try_from(times).unwrap_or(1).max(1)
}

#[track_caller]
fn crash(finding: &Finding) -> Crash {
    assert_eq!(finding.kind, FindingKind::Crash);
    finding.crash.as_ref().expect("a crash has its facts").how
}

/// Uses the processor, and announces nothing.
fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// Writes to whatever this process has open under a number.
#[expect(
    unsafe_code,
    reason = "a program that is this hostile can be written in no other way"
)]
fn write_to(number: i32, bytes: &[u8]) {
    use std::os::fd::BorrowedFd;
    // SAFETY: the number was read from the list of what is open; should it be closed meanwhile, the
    // clone fails or writes elsewhere in this process, which is about to be killed.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    if let Ok(clone) = borrowed.try_clone_to_owned() {
        let _ = std::fs::File::from(clone).write_all(bytes);
    }
}

#[test]
fn a_spin_without_await_is_a_blocked_worker() {
    let finding = found_twice("a_spin_without_await_is_a_blocked_worker", || async {
        async fn spinner() {
            spin()
        }
        let _ = tokio::spawn(spinner()).await;
    });
    assert_eq!(finding.kind, FindingKind::Blocked);
    let blocked = finding.blocked.expect("it says which poll");
    assert_eq!(blocked.role, "spinner");
    assert!(!blocked.thread.expect("and which thread").asleep);
}

#[test]
fn a_deadlock_of_std_locks_on_all_workers_names_a_poll() {
    let finding = found_twice(
        "a_deadlock_of_std_locks_on_all_workers_names_a_poll",
        || async {
            async fn locker(lock: std::sync::Arc<std::sync::Mutex<()>>) {
                let _forever = lock.lock();
            }
            let lock = std::sync::Arc::new(std::sync::Mutex::new(()));
            std::mem::forget(lock.lock());
            let tasks: Vec<_> = (0..2).map(|_| tokio::spawn(locker(lock.clone()))).collect();
            for task in tasks {
                let _ = task.await;
            }
        },
    );
    assert_eq!(finding.kind, FindingKind::Blocked);
    let blocked = finding.blocked.expect("it says which poll");
    assert_eq!(blocked.role, "locker");
    assert!(blocked.thread.expect("and which thread").asleep);
}

#[test]
fn a_deadlock_of_tracked_std_locks_on_all_workers_is_a_hang() {
    use standstill_std::sync::{Arc, Barrier, Mutex};
    let finding = found_twice(
        "a_deadlock_of_tracked_std_locks_on_all_workers_is_a_hang",
        || async {
            async fn transfer(from: Arc<Mutex<()>>, to: Arc<Mutex<()>>, all: Arc<Barrier>) {
                let _from = from.lock();
                all.wait();
                let _to = to.lock();
            }
            async fn bystander() {}
            let (a, b): (Arc<Mutex<()>>, Arc<Mutex<()>>) = Default::default();
            let all = Arc::new(Barrier::new(3));
            let one = tokio::spawn(transfer(a.clone(), b.clone(), all.clone()));
            let other = tokio::spawn(transfer(b, a, all.clone()));
            all.wait();
            // No worker is left for it.
            tokio::spawn(bystander());
            let _ = one.await;
            let _ = other.await;
        },
    );
    assert_eq!(finding.kind, FindingKind::Hang);
    let core = finding.core.iter();
    let roles: Vec<&str> = core
        .map(|link| finding.graph.tasks[link.task].role.as_str())
        .collect();
    assert_eq!(roles, ["transfer", "transfer"]);
}

#[test]
fn an_abort_is_a_crash_by_its_signal() {
    let finding = found_twice("an_abort_is_a_crash_by_its_signal", || async {
        std::process::abort();
    });
    assert_eq!(crash(&finding), Crash::Signal(6));
}

#[test]
fn a_stack_overflow_is_told_from_other_aborts() {
    #[expect(unconditional_recursion, reason = "that is the point")]
    fn deeper(depth: u64) -> u64 {
        std::hint::black_box([depth; 128]);
        deeper(depth + 1) + 1
    }
    let finding = found_twice("a_stack_overflow_is_told_from_other_aborts", || async {
        std::hint::black_box(deeper(0));
    });
    assert_eq!(crash(&finding), Crash::StackOverflow);
    let said = finding.crash.expect("a crash").said.join("\n");
    assert!(said.contains("has overflowed its stack"), "{said}");
}

#[test]
fn allocating_without_end_runs_out_of_memory() {
    let finding = found_twice("allocating_without_end_runs_out_of_memory", || async {
        let mut all: Vec<Vec<u8>> = Vec::new();
        loop {
            all.push(vec![1; 4 << 20]);
        }
    });
    assert_eq!(crash(&finding), Crash::OutOfMemory);
}

#[test]
fn a_destructor_without_end_is_a_blocked_worker() {
    struct Endless;
    impl Drop for Endless {
        fn drop(&mut self) {
            spin();
        }
    }
    let finding = found_twice("a_destructor_without_end_is_a_blocked_worker", || async {
        async fn dropper() {
            drop(Endless);
        }
        let _ = tokio::spawn(dropper()).await;
    });
    assert_eq!(finding.kind, FindingKind::Blocked);
    assert_eq!(finding.blocked.expect("which poll").role, "dropper");
}

#[test]
fn a_destructor_without_end_does_not_hide_the_leak_of_its_task() {
    struct Endless;
    impl Drop for Endless {
        fn drop(&mut self) {
            spin();
        }
    }
    let finding = found_twice(
        "a_destructor_without_end_does_not_hide_the_leak_of_its_task",
        || async {
            async fn holder(_endless: Endless, never: std::sync::Arc<tokio::sync::Notify>) {
                never.notified().await;
            }
            tokio::spawn(holder(Endless, std::sync::Arc::default()));
        },
    );
    assert_eq!(finding.kind, FindingKind::Leak);
}

#[test]
fn a_destructor_that_unwraps_the_join_of_a_hung_thread_does_not_hide_the_hang() {
    use standstill_std::{sync, thread};
    struct Joins(Option<thread::JoinHandle<()>>);
    impl Drop for Joins {
        fn drop(&mut self) {
            if let Some(thread) = self.0.take() {
                thread.join().expect("the thread ends well");
            }
        }
    }
    let finding = found_twice(
        "a_destructor_that_unwraps_the_join_of_a_hung_thread_does_not_hide_the_hang",
        || async {
            let lock = sync::Arc::new(sync::Mutex::new(()));
            let _held = lock.lock();
            let wanted = lock.clone();
            let _joins = Joins(Some(thread::spawn(move || drop(wanted.lock()))));
            drop(lock.lock());
        },
    );
    assert_eq!(finding.kind, FindingKind::Hang);
    let core = finding.core.iter();
    let roles: Vec<&str> = core
        .map(|link| finding.graph.tasks[link.task].role.as_str())
        .collect();
    assert_eq!(roles, ["root"]);
}

#[test]
fn a_panic_in_a_destructor_is_a_panic() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let finding = found_twice("a_panic_in_a_destructor_is_a_panic", || async {
        async fn dropper() {
            let _loud = Loud;
            tokio::task::yield_now().await;
        }
        tokio::spawn(dropper());
    });
    assert_eq!(finding.kind, FindingKind::Panic);
    assert_eq!(finding.panics[0].role, "dropper");
    assert_eq!(finding.panics[0].message, "dropped");
}

#[test]
fn a_panic_while_panicking_is_an_abort() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let finding = found_twice("a_panic_while_panicking_is_an_abort", || async {
        let _loud = Loud;
        panic!("first");
    });
    assert_eq!(crash(&finding), Crash::Signal(6));
}

#[test]
fn a_flood_of_output_neither_stops_a_run_nor_hides_its_hang() {
    let finding = found_twice(
        "a_flood_of_output_neither_stops_a_run_nor_hides_its_hang",
        || async {
            let line = [b'x'; 4096];
            for _ in 0..2_000 {
                let _ = std::io::stdout().write_all(&line);
                let _ = std::io::stderr().write_all(&line);
            }
            tokio::sync::Notify::new().notified().await;
        },
    );
    assert_eq!(finding.kind, FindingKind::Hang);
}

#[test]
fn a_process_that_stops_itself_is_told_from_a_hang() {
    let finding = found_twice(
        "a_process_that_stops_itself_is_told_from_a_hang",
        || async {
            let own = std::process::id().to_string();
            let _ = std::process::Command::new("kill")
                .args(["-STOP", &own])
                .status();
        },
    );
    assert_eq!(crash(&finding), Crash::Stopped);
}

#[test]
fn an_exit_midway_is_a_crash_with_its_code() {
    let finding = found_twice("an_exit_midway_is_a_crash_with_its_code", || async {
        std::process::exit(0);
    });
    assert_eq!(crash(&finding), Crash::Exited(0));
}

#[test]
fn an_exit_counts_though_a_process_of_its_own_lives_on() {
    let finding = found_twice(
        "an_exit_counts_though_a_process_of_its_own_lives_on",
        || async {
            let _ = std::process::Command::new("sleep").arg("600").spawn();
            std::process::exit(3);
        },
    );
    assert_eq!(crash(&finding), Crash::Exited(3));
}

#[test]
fn garbage_in_the_harness_s_own_channel_is_told() {
    let finding = found_twice("garbage_in_the_harness_s_own_channel_is_told", || async {
        // Whatever is a socket is written to.
        let Ok(all) = std::fs::read_dir("/proc/self/fd") else {
            return;
        };
        for entry in all.flatten() {
            let is_socket = std::fs::read_link(entry.path())
                .is_ok_and(|to| to.to_string_lossy().starts_with("socket:"));
            let number = entry.file_name().to_string_lossy().parse();
            if let (true, Ok(number)) = (is_socket, number) {
                write_to(number, b"not a message\n");
            }
        }
        tokio::sync::Notify::new().notified().await;
    });
    assert_eq!(crash(&finding), Crash::Garbage);
}

#[test]
fn what_a_killed_run_has_started_goes_with_it() {
    const PATH: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/hostile-group");
    let started = Instant::now();
    let finding = found_twice("what_a_killed_run_has_started_goes_with_it", || async {
        let child = std::process::Command::new("sleep").arg("600").spawn();
        if let Ok(child) = child {
            let _ = std::fs::write(PATH, child.id().to_string());
        }
        std::process::abort();
    });
    assert_eq!(crash(&finding), Crash::Signal(6));
    let id = std::fs::read_to_string(PATH).expect("the child wrote it");
    let _ = std::fs::remove_file(PATH);
    let gone = || {
        // A killed process may wait for a moment to be buried.
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
        stat.map_or(true, |stat| stat.contains(") Z"))
    };
    while !gone() && started.elapsed() < Duration::from_secs(50) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(gone(), "process {id} lives on");
}
