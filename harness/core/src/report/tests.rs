//! Reports of findings made by hand, word for word.

use std::collections::BTreeMap;

use serde_json::json;

use crate::finding::{BlockedFact, Finding, FindingKind, PanicFact};
use crate::graph::{
    Blocker, Hold, LastOp, Link, ResourceNode, TaskNode, TaskState, Wait, WaitGraph, Why,
};
use crate::load::Load;
use crate::op::{Op, ResourceKind};
use crate::plan::{Digest, Plan, Schedule, StrategyKind, Variant};
use crate::report::Report;
use crate::site::Place;
use crate::task::{TaskKind, TaskPath};

fn place(line: u32) -> Place {
    Place {
        file: "src/buggy.rs".to_owned(),
        line,
        column: 9,
    }
}

/// The `n`-th child of the root, spawned in line 10 + n.
fn task(name: &str, n: u32, waits: Vec<Wait>, holds: Vec<Hold>) -> TaskNode {
    TaskNode {
        path: TaskPath::root().child(n),
        role: name.split('#').next().unwrap().to_owned(),
        name: name.to_owned(),
        kind: TaskKind::Async,
        spawned_at: place(10 + n),
        state: TaskState::Waiting,
        waits,
        holds,
        last: None,
    }
}

fn root(waits: Vec<Wait>) -> TaskNode {
    let mut root = task("root", 0, waits, Vec::new());
    root.path = TaskPath::root();
    root
}

fn wait(resource: usize, op: Op, line: u32, blockers: &[(usize, Why)]) -> Wait {
    Wait {
        resource,
        op,
        at: place(line),
        since: 0,
        blockers: blockers
            .iter()
            .map(|(task, why)| Blocker {
                task: *task,
                why: *why,
            })
            .collect(),
        granted: false,
    }
}

fn hold(resource: usize, op: Op, line: u32) -> Hold {
    Hold {
        resource,
        op,
        at: place(line),
        since: 0,
    }
}

fn resource(kind: ResourceKind, of: &str, line: u32) -> ResourceNode {
    ResourceNode {
        kind,
        of: of.to_owned(),
        created_at: place(line),
        task: None,
    }
}

fn link(task: usize, wait: usize, blocker: Option<usize>) -> Link {
    Link {
        task,
        wait,
        blocker,
    }
}

fn report(
    kind: FindingKind,
    tasks: Vec<TaskNode>,
    resources: Vec<ResourceNode>,
    core: Vec<Link>,
    sources: &[(u32, &str)],
) -> Report {
    let finding = Finding {
        kind,
        fingerprint: format!("{kind}-0123456789ab").parse().unwrap(),
        graph: WaitGraph { tasks, resources },
        core,
        panics: Vec::new(),
        blocked: None,
        step: 42,
        virtual_ms: 0,
    };
    let schedule = Schedule::Seeded {
        strategy: StrategyKind::Random,
        seed: 7,
        digest: Some(Digest {
            choices: 31,
            hash: 1,
        }),
    };
    let load = Load {
        workers: 2,
        ..Load::default()
    };
    let plan = Plan::new("pool", Variant::Buggy, load, schedule);
    let sources: BTreeMap<String, String> = sources
        .iter()
        .map(|(line, text)| (format!("src/buggy.rs:{line}"), (*text).to_owned()))
        .collect();
    Report::with_sources(finding, plan, sources)
}

/// What every report in here ends with.
fn facts(kind: FindingKind) -> String {
    format!(
        "  scenario: pool (buggy), engine explore
  load: workers=2
  schedule: random, seed 7, 31 choices; seen at step 42
  fingerprint: {kind}-0123456789ab
  replay: standstill replay TOKEN
"
    )
}

fn assert_text(report: &Report, text: &str) {
    let expected = format!("{text}\n{}", facts(report.finding.kind));
    assert_eq!(report.to_string().replace(&report.token, "TOKEN"), expected);
}

fn lock_cycle() -> Report {
    let transfer = |name, n, held, wanted, other| {
        let waits = vec![wait(wanted, Op::Lock, 40 + n, &[(other, Why::Holds)])];
        task(name, n, waits, vec![hold(held, Op::Lock, 30 + n)])
    };
    report(
        FindingKind::Hang,
        vec![
            root(vec![wait(2, Op::Join, 50, &[(1, Why::Joined)])]),
            transfer("transfer#1", 0, 0, 1, 2),
            transfer("transfer#2", 1, 1, 0, 1),
        ],
        vec![
            resource(ResourceKind::Mutex, "u64", 20),
            resource(ResourceKind::Mutex, "u64", 21),
            ResourceNode {
                task: Some(1),
                ..resource(ResourceKind::Task, "", 10)
            },
        ],
        vec![link(1, 0, Some(0)), link(2, 0, Some(0))],
        &[
            (20, "let checking = Arc::new(Mutex::new(0));"),
            (21, "let savings = Arc::new(Mutex::new(0));"),
            (30, "let from = checking.lock().await;"),
            (40, "let to = savings.lock().await;"),
        ],
    )
}

#[test]
fn a_lock_cycle_is_a_story_of_two() {
    assert_text(&lock_cycle(), "A");
}

#[test]
fn a_self_lock_says_so() {
    let waits = vec![wait(0, Op::Write, 33, &[(0, Why::Holds)])];
    let mut cache = report(
        FindingKind::Hang,
        vec![task("refresh", 0, waits, vec![hold(0, Op::Read, 31)])],
        vec![resource(ResourceKind::RwLock, "Cache", 20)],
        vec![link(0, 0, Some(0))],
        &[(20, "cache: RwLock::new(Cache::default()),")],
    );
    cache.schedules_before = Some(36);
    cache.notes.push("a note".to_owned());
    assert_text(&cache, "B");
}

fn watch_mux() -> Report {
    let mut report = report(
        FindingKind::Hang,
        vec![
            task(
                "distribute",
                0,
                vec![wait(1, Op::Send, 61, &[(1, Why::OtherSide)])],
                vec![hold(0, Op::Lock, 60)],
            ),
            task(
                "watcher#2",
                2,
                vec![wait(0, Op::Lock, 71, &[(0, Why::Holds)])],
                Vec::new(),
            ),
            task(
                "watcher#1",
                1,
                vec![wait(0, Op::Lock, 71, &[(1, Why::Ahead), (0, Why::Holds)])],
                Vec::new(),
            ),
        ],
        vec![
            resource(ResourceKind::Mutex, "Watchers", 20),
            resource(ResourceKind::Channel, "Event", 21),
        ],
        vec![link(0, 0, Some(0)), link(1, 0, Some(0))],
        &[
            (20, "watchers: Mutex::new(Watchers::default()),"),
            (21, "let (sender, receiver) = mpsc::channel(1);"),
            (61, "watcher.sender.send(event.clone()).await"),
        ],
    );
    report.finding.virtual_ms = 20;
    report
}

#[test]
fn a_cycle_through_a_channel_names_the_other_side() {
    let text = watch_mux().to_string();
    assert_eq!(text, "C");
}

#[test]
fn an_orphaned_wait_says_what_would_end_it() {
    let waits = vec![wait(0, Op::Notified, 33, &[])];
    let orphan = report(
        FindingKind::Hang,
        vec![root(waits)],
        vec![resource(ResourceKind::Notify, "", 20)],
        vec![link(0, 0, None)],
        &[(20, "let done = Arc::new(Notify::new());")],
    );
    assert_text(&orphan, "D");
}

#[test]
fn a_leak_tells_where_each_task_comes_from() {
    let mut ticker = task("ticker", 1, Vec::new(), Vec::new());
    ticker.state = TaskState::Ready;
    ticker.last = Some(LastOp {
        op: Op::Sleep,
        at: place(70),
    });
    let mut leak = report(
        FindingKind::Leak,
        vec![
            task(
                "reaper",
                0,
                vec![wait(0, Op::Recv, 33, &[(1, Why::OtherSide)])],
                Vec::new(),
            ),
            ticker,
        ],
        vec![resource(ResourceKind::UnboundedChannel, "Job", 20)],
        vec![link(0, 0, Some(0))],
        &[(10, "tokio::spawn(reaper(rx));")],
    );
    assert_text(&leak, "E");
    for n in 2..30 {
        let waits = vec![wait(0, Op::Recv, 33, &[])];
        leak.finding.graph.tasks.push(task(&format!("worker#{n}"), n, waits, Vec::new()));
    }
    let text = leak.to_string();
    let rest = "\n     and 18 more: 18 worker\n";
    assert!(text.contains(rest), "{text}");
    assert!(text.starts_with("leak: 30 tasks outlive the root: reaper, ticker, worker#2, worker#3 and 26 more\n"));
}

#[test]
fn a_panic_is_quoted() {
    let mut panic = report(FindingKind::Panic, Vec::new(), Vec::new(), Vec::new(), &[
        (33, "assert_eq!(left, right);"),
    ]);
    panic.finding.panics.push(PanicFact {
        task: "root.2".to_owned(),
        role: "worker".to_owned(),
        spawned_at: place(12),
        message: "assertion failed\n  left: 1\n right: \u{1b}[31m2".to_owned(),
        at: Some(place(33)),
        only_preempted: true,
    });
    assert_text(&panic, "F");
}

#[test]
fn a_livelock_names_who_runs() {
    let mut poller = task("poller", 0, Vec::new(), Vec::new());
    poller.state = TaskState::Ready;
    poller.last = Some(LastOp {
        op: Op::Yield,
        at: place(30),
    });
    let waiting = task("waiter", 1, vec![wait(0, Op::Notified, 40, &[])], Vec::new());
    let livelock = report(
        FindingKind::Livelock,
        vec![poller, waiting],
        vec![resource(ResourceKind::Notify, "", 20)],
        Vec::new(),
        &[],
    );
    assert_text(&livelock, "G");
}

#[test]
fn a_blocked_thread_is_told_by_its_last_operation() {
    let mut blocked = report(FindingKind::Blocked, Vec::new(), Vec::new(), Vec::new(), &[]);
    blocked.finding.blocked = Some(BlockedFact {
        role: "worker".to_owned(),
        spawned_at: Some(place(10)),
        last: Some((Op::Lock, place(33))),
    });
    assert_text(&blocked, "H");
}

#[test]
fn a_futurelock_is_called_that() {
    let mut granted = wait(0, Op::Lock, 30, &[]);
    granted.granted = true;
    let select = task(
        "select",
        0,
        vec![granted, wait(1, Op::Recv, 31, &[(1, Why::OtherSide)])],
        Vec::new(),
    );
    let other = task("other", 1, vec![wait(0, Op::Lock, 40, &[(0, Why::Granted)])], Vec::new());
    let futurelock = report(
        FindingKind::PartialHang,
        vec![select, other],
        vec![
            resource(ResourceKind::Mutex, "", 20),
            resource(ResourceKind::Channel, "Job", 21),
        ],
        vec![link(0, 1, Some(0)), link(1, 0, Some(0))],
        &[],
    );
    assert_text(&futurelock, "I");
}

#[test]
fn followers_are_summarised_and_twins_are_numbered() {
    let mut report = lock_cycle();
    report.sources.insert("src/buggy.rs:21".to_owned(), "let checking = lock();".to_owned());
    for n in 2..22 {
        let waits = vec![wait(0, Op::Lock, 80, &[(1, Why::Holds)])];
        let follower = task(&format!("reader#{n}"), n, waits, Vec::new());
        report.finding.graph.tasks.push(follower);
    }
    let text = report.to_string();
    assert!(text.contains("\nstuck tasks (23):\n  transfer#1, "), "{text}");
    assert!(text.contains("\n  and 11 more: 11 reader\n"), "{text}");
    assert!(text.contains("holds `checking` #1 since src/buggy.rs:30\n"), "{text}");
}

#[test]
fn colours_change_nothing_else() {
    let report = watch_mux();
    let colored = report.to_text(true);
    assert!(colored.starts_with("\u{1b}[1;31mhang\u{1b}[0m: \u{1b}[1mdistribute and"));
    let mut plain = String::new();
    for (at, part) in colored.split('\u{1b}').enumerate() {
        let end = if at == 0 { 0 } else { part.find('m').unwrap() + 1 };
        plain.push_str(&part[end..]);
    }
    assert_eq!(plain, report.to_text(false));
}

#[test]
fn json_says_the_same() {
    let json = watch_mux().to_json();
    assert_eq!(json["headline"], "hang: distribute and watcher#2 wait for each other");
    assert_eq!(json["plan"]["load"], json!({ "workers": 2 }));
    assert_eq!(
        json["plan"]["schedule"],
        json!({ "strategy": "random", "seed": "7", "choices": 31, "hash": "00000001" })
    );
    assert_eq!(json["resource_names"], json!(["watchers", "sender/receiver"]));
    assert_eq!(json["story"][1]["task"], "watcher#2");
    assert_eq!(json["story"][0]["lines"][0]["at"]["line"], 61);
    assert_eq!(json["finding"]["kind"], "hang");
    assert_eq!(json["finding"]["core"][1]["task"], 1);
    assert_eq!(serde_json::to_value(watch_mux()).unwrap(), json);
}

#[test]
fn indices_that_lead_nowhere_do_not_panic() {
    let mut report = lock_cycle();
    report.finding.graph.resources.clear();
    let _ = (report.to_string(), report.to_json());
    report.finding.graph.tasks.truncate(1);
    let _ = (report.to_string(), report.to_json());
}
