//! `#[standstill::test]`: what a test keeps, replays and takes from the environment.
//!
//! The binary runs itself: the tests of `subject` are clean, unless the environment says how they
//! are to go wrong.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::name_of;
use standstill::{Choice, Corpus, EngineKind, Entry, FindingKind, Leaks, Preempt, Schedule};

const HOW: &str = "SUBJECT";

/// `subject::program`, as its entries and tokens name it.
const PROGRAM: &str = concat!(module_path!(), "::subject::program");

/// Where the entries of `subject::program` are kept.
fn directory_of_program() -> String {
    PROGRAM.replace("::", "--")
}

/// What `cargo test` takes to run a test of `subject` alone.
fn subject(test: &str) -> String {
    name_of(module_path!(), &format!("subject::{test}"))
}

mod subject {
    use std::sync::Arc;

    use tokio::sync::{Mutex, Notify};

    use super::HOW;

    fn how() -> String {
        std::env::var(HOW).unwrap_or_default()
    }

    async fn both(first: Arc<Mutex<u8>>, second: Arc<Mutex<u8>>) {
        let mut first = first.lock().await;
        *first += *second.lock().await;
    }

    async fn locks(crossed: bool) {
        let (a, b) = (Arc::new(Mutex::new(1)), Arc::new(Mutex::new(2)));
        let task = match crossed {
            true => tokio::spawn(both(b.clone(), a.clone())),
            false => tokio::spawn(both(a.clone(), b.clone())),
        };
        both(a, b).await;
        task.await.expect("it does not panic");
    }

    #[standstill::test(schedules = 500)]
    async fn program() {
        match how().as_str() {
            "crossed" => locks(true).await,
            // The same mistake, other code around it.
            "changed" => {
                tokio::task::yield_now().await;
                locks(true).await;
            }
            "lost" => {
                let notify = Arc::new(Notify::new());
                let other = notify.clone();
                let task = tokio::spawn(async move { other.notified().await });
                notify.notify_waiters();
                task.await.unwrap();
            }
            _ => locks(false).await,
        }
    }

    #[standstill::test(schedules = 500, workers = 2..=3)]
    async fn loaded(load: standstill::Load) {
        assert!((2..=3).contains(&load.workers));
        locks(how() == "crossed").await;
    }

    #[standstill::test(
        schedules = 500,
        strategy = "pct",
        corpus = "tests/nowhere",
        save = false
    )]
    async fn silent() {
        locks(how() == "crossed").await;
    }

    /// Nothing is awaited between the two locks.
    #[standstill::test(schedules = 500, flavor = "current_thread", start_paused = true)]
    async fn one_worker() {
        locks(true).await;
    }

    /// As where the dependency on tokio was not renamed.
    #[standstill::test(schedules = 50)]
    async fn raw() {
        if how() != "raw" {
            tokio::spawn(async {}).await.unwrap();
        }
        if !how().is_empty() {
            let task = real_tokio::spawn(async { real_tokio::task::yield_now().await });
            task.await.unwrap();
        }
    }

    #[standstill::test(schedules = 50)]
    async fn alone() {
        tokio::task::yield_now().await;
    }

    #[standstill::test(engine = "stress", schedules = 3)]
    async fn stressed() {
        match how().as_str() {
            "stuck" => Notify::new().notified().await,
            // It gets on all the time, so there is nothing to say but that it takes too long.
            "endless" => loop {
                let turn = Notify::new();
                turn.notify_one();
                turn.notified().await;
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            },
            _ => locks(false).await,
        }
    }

    #[standstill::test(schedules = 500)]
    #[should_panic(expected = "root waits to lock `(a, b)` #2, which both holds")]
    async fn expected() {
        locks(true).await;
    }
}

/// What a test came to.
#[derive(Debug)]
struct Ran {
    passed: bool,
    text: String,
}

impl Ran {
    #[track_caller]
    fn failed(&self, parts: &[&str]) {
        assert!(!self.passed, "{}", self.text);
        self.says(parts);
    }

    #[track_caller]
    fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.text.contains(part), "`{part}` in:\n{}", self.text);
        }
    }
}

/// Runs one test of `subject`, with nothing of the environment but this.
fn run(test: &str, corpus: &Path, environment: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(std::env::current_exe().expect("the path of this binary"));
    command.args([&subject(test), "--exact", "--nocapture"]);
    for unset in ["CI", "SEED", "SCHEDULES", "REPLAY", "SAVE"] {
        command
            .env_remove(unset)
            .env_remove(format!("STANDSTILL_{unset}"));
    }
    command.env("STANDSTILL_CORPUS", corpus);
    command.envs(environment.iter().copied());
    let (read, write) = std::io::pipe().expect("a pipe");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(write.try_clone().expect("a second end"))
        .stderr(write)
        .spawn()
        .expect("this binary starts");
    // With it goes this process's end of the pipe.
    drop(command);
    let reader = std::thread::spawn(move || std::io::read_to_string(read).expect("text"));
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        if began.elapsed() > Duration::from_secs(120) {
            child.kill().expect("it can be killed");
            child.wait().expect("it is dead");
            panic!("{test} hangs: {}", reader.join().expect("it reads"));
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Ran {
        passed: status.success(),
        text: reader.join().expect("it reads"),
    }
}

const CROSSED: (&str, &str) = (HOW, "crossed");

/// The entries of `subject::program`.
fn entries(corpus: &Path) -> Vec<(PathBuf, Entry)> {
    Corpus::open(corpus).load().unwrap_or_default()
}

/// A directory with the one entry that `subject::program` makes of its crossed locks.
fn with_an_entry() -> (tempfile::TempDir, PathBuf, Entry) {
    let directory = tempfile::tempdir().expect("a directory");
    run("program", directory.path(), &[CROSSED]).failed(&["saved as"]);
    let mut entries = entries(directory.path());
    assert_eq!(entries.len(), 1);
    let (path, entry) = entries.remove(0);
    (directory, path, entry)
}

#[test]
fn a_test_that_passes_says_what_it_did() {
    let directory = tempfile::tempdir().unwrap();
    let name = subject("program");
    let ran = run("program", directory.path(), &[]);
    assert!(ran.passed, "{}", ran.text);
    ran.says(&[&format!(
        "standstill: {name}: clean in 500 schedules; 2 tasks, "
    )]);
    let ran = run("alone", directory.path(), &[]);
    assert!(ran.passed, "{}", ran.text);
    ran.says(&["alone: not concurrent, its root is its only task; 50 schedules"]);
    // Where only entries are replayed, nothing was tried.
    let ran = run(
        "program",
        directory.path(),
        &[("STANDSTILL_SCHEDULES", "0")],
    );
    assert!(
        ran.passed && !ran.text.contains("standstill:"),
        "{}",
        ran.text
    );
}

#[test]
fn on_one_worker_thread_tasks_are_switched_at_awaits_alone() {
    let directory = tempfile::tempdir().unwrap();
    let ran = run("one_worker", directory.path(), &[]);
    assert!(ran.passed, "{}", ran.text);
    ran.says(&["one_worker: clean in 500 schedules; 2 tasks\n"]);
    run("program", directory.path(), &[CROSSED]).failed(&["needs: two tasks at once"]);
}

#[test]
fn a_test_whose_tasks_are_all_past_the_facade_fails_with_the_line_to_paste() {
    let directory = tempfile::tempdir().unwrap();
    run("raw", directory.path(), &[(HOW, "raw")]).failed(&[
        "undecided: every task of this test was spawned on tokio itself",
        "tokio = { package = \"standstill-tokio\", version = \"0.1\", features = [\"full\"] }",
    ]);
    let ran = run("raw", directory.path(), &[(HOW, "partly")]);
    assert!(ran.passed, "{}", ran.text);
    ran.says(&[
        "raw: clean in 50 schedules; 2 tasks, ",
        "; not seen: tasks that were spawned on tokio itself are not scheduled",
    ]);
}

#[test]
fn what_is_found_is_reported_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let ran = run("program", directory.path(), &[CROSSED]);
    let (path, entry) = entries(directory.path()).remove(0);
    ran.failed(&[
        "hang: ",
        "root waits to lock `(a, b)` #2, which both holds",
        "replay: STANDSTILL_REPLAY=ss2-",
        &format!(" cargo test {}\n", subject("program")),
        &format!(
            "saved as {}: commit it, and this test replays it before anything else",
            path.display()
        ),
    ]);
    assert_eq!(entry.plan.scenario, PROGRAM);
    assert_eq!(entry.expect.kind, FindingKind::Hang);
    assert!(entry.found.starts_with("#[standstill::test], in schedule "));
    assert_eq!(
        path.strip_prefix(directory.path()).unwrap().parent(),
        Some(Path::new(&directory_of_program()))
    );
}

#[test]
fn a_kept_entry_is_replayed_before_anything_else() {
    let (directory, path, entry) = with_an_entry();
    // Without a single schedule of its own.
    let ran = run(
        "program",
        directory.path(),
        &[CROSSED, ("STANDSTILL_SCHEDULES", "0")],
    );
    ran.failed(&[
        "hang: ",
        &format!("shown by the entry {}\n", path.display()),
    ]);
    assert!(!ran.text.contains("saved"), "{}", ran.text);
    assert_eq!(entries(directory.path()), [(path, entry)]);
}

#[test]
fn an_entry_whose_bug_is_mended_stays_and_passes() {
    let (directory, path, entry) = with_an_entry();
    assert!(run("program", directory.path(), &[]).passed);
    assert_eq!(entries(directory.path()), [(path, entry)]);
}

#[test]
fn an_entry_that_shows_something_else_says_so() {
    let (directory, path, mut entry) = with_an_entry();
    // The root first: whoever listens is late.
    entry.plan.schedule = Schedule::Choices(Vec::new());
    Corpus::replace(&path, &entry).unwrap();
    run("program", directory.path(), &[(HOW, "lost")]).failed(&[
        "notified",
        &format!(
            "shown by the entry {}, other than the {} that it was kept for",
            path.display(),
            entry.expect.fingerprint
        ),
    ]);
}

#[test]
fn the_same_finding_is_kept_once() {
    let (directory, path, mut entry) = with_an_entry();
    // A schedule that shows nothing: everybody in the order of their coming.
    entry.plan.schedule = Schedule::Choices(Vec::new());
    Corpus::replace(&path, &entry).unwrap();
    run("program", directory.path(), &[(HOW, "changed")]).failed(&[
        "hang: ",
        &format!(
            "not saved: {} is kept for the same, but its schedule does not show it any more",
            path.display()
        ),
    ]);
    assert_eq!(entries(directory.path()), [(path, entry)]);
}

#[test]
fn another_finding_is_kept_beside_the_first() {
    let (directory, path, mut entry) = with_an_entry();
    // Whoever listens comes first, and nothing is lost.
    let listener = Choice::Task("root.0".parse().unwrap());
    entry.plan.schedule = Schedule::Choices(vec![listener; 4]);
    Corpus::replace(&path, &entry).unwrap();
    run("program", directory.path(), &[(HOW, "lost")]).failed(&["notified", "saved as"]);
    let kept = entries(directory.path());
    assert_eq!(kept.len(), 2);
    assert!(kept.contains(&(path, entry)));
    assert_ne!(kept[0].1.expect.fingerprint, kept[1].1.expect.fingerprint);
}

#[test]
fn a_file_that_is_no_entry_is_told_by_name_with_the_remedy() {
    let (directory, path, _) = with_an_entry();
    fs::write(&path, "format = 1\nscenario = 7\n").unwrap();
    run("program", directory.path(), &[]).failed(&[
        &format!("{}:2: ", path.display()),
        "(or delete the file, and the test looks for the schedule anew)",
    ]);
    fs::write(&path, "format = 2\n").unwrap();
    run("program", directory.path(), &[]).failed(&[
        &format!("{}:1: the entry has format 2", path.display()),
        "update standstill, or record the finding again",
    ]);
}

#[test]
fn an_entry_of_another_test_is_told_by_name_with_the_remedy() {
    let (directory, path, mut entry) = with_an_entry();
    "subject::old_name".clone_into(&mut entry.plan.scenario);
    Corpus::replace(&path, &entry).unwrap();
    run("program", directory.path(), &[]).failed(&[&format!(
        "{} is an entry of `subject::old_name`, not of `{PROGRAM}`: move it to where that test keeps \
         its own, or write `scenario = \"{PROGRAM}\"` if the test was renamed",
        path.display()
    )]);
}

#[test]
fn an_entry_whose_load_the_test_no_longer_takes_is_told_by_name_with_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    run("loaded", directory.path(), &[CROSSED]).failed(&["saved as", "load: workers="]);
    let (path, mut entry) = entries(directory.path()).remove(0);
    assert!(run("loaded", directory.path(), &[]).passed);
    entry.plan.load.workers = 9;
    Corpus::replace(&path, &entry).unwrap();
    run("loaded", directory.path(), &[]).failed(&[&format!(
        "{} has the load workers=9, which the test does not take any more: widen its ranges, or \
         delete the file",
        path.display()
    )]);
}

#[test]
fn an_entry_that_cannot_be_run_is_told_by_name_with_the_remedy() {
    if cfg!(feature = "shuttle") {
        return;
    }
    let (directory, path, mut entry) = with_an_entry();
    entry.plan.engine = EngineKind::Shuttle;
    Corpus::replace(&path, &entry).unwrap();
    run("program", directory.path(), &[]).failed(&[
        &format!("{} cannot be judged any more: ", path.display()),
        "delete the file, and the test looks for the schedule anew",
    ]);
}

#[test]
fn what_a_real_run_showed_is_kept_and_run_again() {
    let directory = tempfile::tempdir().unwrap();
    let stuck = (HOW, "stuck");
    run("stressed", directory.path(), &[stuck]).failed(&["hang: ", "engine stress", "saved as"]);
    let (path, entry) = entries(directory.path()).remove(0);
    assert_eq!(entry.plan.engine, EngineKind::Stress);
    run(
        "stressed",
        directory.path(),
        &[stuck, ("STANDSTILL_SCHEDULES", "0")],
    )
    .failed(&[
        "hang: ",
        &format!("shown by the entry {}\n", path.display()),
    ]);
    assert!(run("stressed", directory.path(), &[]).passed);
}

#[test]
fn a_test_none_of_whose_runs_ended_in_time_does_not_pass() {
    let directory = tempfile::tempdir().unwrap();
    run("stressed", directory.path(), &[(HOW, "endless")])
        .failed(&["undecided: no run came to its end in 10s"]);
}

#[test]
fn a_failure_is_reported_where_nothing_can_be_written() {
    let directory = tempfile::tempdir().unwrap();
    // Not even whoever may write everywhere can make a directory of this.
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    run("program", &file, &[CROSSED]).failed(&[
        "hang: ",
        "root waits to lock `(a, b)` #2, which both holds",
        &format!(
            "not saved: cannot write into {}/{}: ",
            file.display(),
            directory_of_program()
        ),
        "make it writable, or name another directory with STANDSTILL_CORPUS",
    ]);
}

#[test]
fn nothing_is_written_where_nobody_would_look_at_it() {
    let directory = tempfile::tempdir().unwrap();
    for (environment, because) in [
        (
            ("CI", "true"),
            "not saved, for CI is set: `STANDSTILL_SAVE=yes` saves all the same",
        ),
        (
            ("STANDSTILL_SAVE", "no"),
            "not saved, for STANDSTILL_SAVE says so",
        ),
    ] {
        run("program", directory.path(), &[CROSSED, environment]).failed(&["hang: ", because]);
    }
    run("silent", directory.path(), &[CROSSED]).failed(&["not saved, for the test says so"]);
    assert!(run("expected", directory.path(), &[]).passed);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);

    let both = [CROSSED, ("CI", "true"), ("STANDSTILL_SAVE", "yes")];
    run("program", directory.path(), &both).failed(&["saved as"]);
    assert_eq!(entries(directory.path()).len(), 1);
}

#[test]
fn a_token_makes_one_run_of_its_test() {
    let (directory, _, entry) = with_an_entry();
    let token = entry.plan.to_token();
    let replay = ("STANDSTILL_REPLAY", token.as_str());
    let none = tempfile::tempdir().unwrap();
    let ran = run("program", none.path(), &[CROSSED, replay]);
    ran.failed(&["hang: ", &token]);
    assert!(!ran.text.contains("saved"), "{}", ran.text);
    // The kept entry is not looked at; mended, the program comes out clean under the same schedule.
    assert!(run("program", directory.path(), &[replay]).passed);
    run("loaded", none.path(), &[replay]).failed(&[&format!(
        "a token of `{PROGRAM}`, and this test is `{}`: name the token's test, as in `cargo test {}`, \
         or unset it",
        concat!(module_path!(), "::subject::loaded"),
        subject("program")
    )]);
}

#[test]
fn a_bad_value_in_the_environment_is_named_with_its_variable_and_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    for (variable, value, expected) in [
        (
            "STANDSTILL_SCHEDULES",
            "many",
            "STANDSTILL_SCHEDULES is `many`: give a whole number of at most 18446744073709551615, \
             like `STANDSTILL_SCHEDULES=100000`, or unset it",
        ),
        (
            "STANDSTILL_SEED",
            "-1",
            "STANDSTILL_SEED is `-1`: give a whole number of at most 18446744073709551615, like \
             `STANDSTILL_SEED=7`, or unset it",
        ),
        (
            "STANDSTILL_SAVE",
            "maybe",
            "STANDSTILL_SAVE is `maybe`: give `yes` or `no`, or unset it",
        ),
        (
            "STANDSTILL_REPLAY",
            "ss2-abc",
            "STANDSTILL_REPLAY is `ss2-abc`: ",
        ),
        (
            "STANDSTILL_REPLAY",
            "nonsense",
            "; give the token of a report, or unset it",
        ),
    ] {
        run("program", directory.path(), &[(variable, value)]).failed(&[expected]);
    }
    for variable in [
        "STANDSTILL_SCHEDULES",
        "STANDSTILL_SEED",
        "STANDSTILL_REPLAY",
        "STANDSTILL_SAVE",
    ] {
        assert!(run("program", directory.path(), &[(variable, "")]).passed);
    }
}

#[test]
fn the_seed_and_the_number_of_schedules_come_from_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let none = [CROSSED, ("STANDSTILL_SCHEDULES", "0")];
    assert!(run("program", directory.path(), &none).passed);
    // The token is that of the smallest schedule, whatever was found first: the report says what.
    let story = |seed: &str| {
        let ran = run(
            "program",
            directory.path(),
            &[
                CROSSED,
                ("STANDSTILL_SEED", seed),
                ("STANDSTILL_SAVE", "no"),
            ],
        );
        ran.failed(&["hang: "]);
        let facts = ["found: ", "minimised: "];
        let lines = ran.text.lines().map(str::trim_start);
        let facts: Vec<String> = lines
            .filter(|line| facts.iter().any(|fact| line.starts_with(fact)))
            .map(str::to_owned)
            .collect();
        assert_eq!(facts.len(), 2, "{}", ran.text);
        facts
    };
    assert_eq!(story("1"), story("1"));
    let different: BTreeSet<_> = ["1", "2", "3", "4"].into_iter().map(story).collect();
    assert!(different.len() > 1, "{different:?}");
}

#[test]
fn the_words_that_the_attribute_knows_are_those_of_the_library() {
    fn words<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().copied().map(name).collect()
    }
    let engines = words(EngineKind::ALL, EngineKind::name);
    assert_eq!(engines, ["explore", "shuttle", "stress"]);
    assert_eq!(words(Preempt::ALL, Preempt::name), ["op", "await"]);
    assert_eq!(words(Leaks::ALL, Leaks::name), ["all", "blocked", "off"]);
}
