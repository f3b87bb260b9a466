//! Reports of hand-made findings, compared word for word.

use std::collections::BTreeMap;

use serde_json::json;
use standstill_model::finding::{BlockedFact, Finding, FindingKind, PanicFact};
use standstill_model::graph::{
    Blocker, Hold, LastOp, Link, ResourceNode, TaskNode, TaskState, Wait, WaitGraph, Why,
};
use standstill_model::load::Load;
use standstill_model::plan::{Digest, Plan, Schedule, StrategyKind, Variant};
use standstill_rt::op::{Op, ResourceKind};
use standstill_rt::site::Place;
use standstill_rt::task::{TaskKind, TaskPath};

use crate::Report;

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
        age_ms: None,
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
        keeps_open: false,
        granted: false,
        unpolled: false,
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
        id: None,
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
        crash: None,
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

/// Asserts that the report as text equals its snapshot.
fn assert_text(name: &str, report: &Report) {
    insta::assert_snapshot!(name, report.to_string().replace(&report.token, "TOKEN"));
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
    assert_text("a_lock_cycle_is_a_story_of_two", &lock_cycle());
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
    assert_text("a_self_lock_says_so", &cache);
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
    assert_text(
        "a_cycle_through_a_channel_names_the_other_side",
        &watch_mux(),
    );
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
    assert_text("an_orphaned_wait_says_what_would_end_it", &orphan);
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
    assert_text("a_leak_tells_where_each_task_comes_from", &leak);
    for n in 2..30 {
        let waits = vec![wait(0, Op::Recv, 33, &[])];
        leak.finding
            .graph
            .tasks
            .push(task(&format!("worker#{n}"), n, waits, Vec::new()));
    }
    let text = leak.to_string();
    let rest = "\n     and 18 more: 18 worker\n";
    assert!(text.contains(rest), "{text}");
    assert!(text.starts_with(
        "leak: 30 tasks outlive the root: reaper, ticker, worker#2, worker#3 and 26 more\n"
    ));
}

#[test]
fn a_leaked_cycle_is_told_as_one() {
    let mut leak = lock_cycle();
    leak.finding.kind = FindingKind::Leak;
    leak.finding.graph.tasks[0].state = TaskState::Ended;
    let text = leak.to_string();
    let start = "leak: 2 tasks outlive the root: transfer#1 and transfer#2, which wait for each other\n\n  \
                 1. transfer#1 locks `checking` (Mutex<u64>)\n";
    assert!(text.starts_with(start), "{text}");
    assert!(
        text.contains("\ntasks left behind (2):\n  transfer#1, spawned at src/buggy.rs:10: "),
        "{text}"
    );
}

#[test]
fn a_panic_is_quoted() {
    let mut panic = report(
        FindingKind::Panic,
        Vec::new(),
        Vec::new(),
        Vec::new(),
        &[(33, "assert_eq!(left, right);")],
    );
    panic.finding.panics.push(PanicFact {
        task: "root.2".to_owned(),
        role: "worker".to_owned(),
        spawned_at: place(12),
        message: "assertion failed\n  left: 1\n right: \u{1b}[31m2".to_owned(),
        at: Some(place(33)),
        only_preempted: true,
    });
    assert_text("a_panic_is_quoted", &panic);
}

#[test]
fn a_livelock_names_who_runs() {
    let mut poller = task("poller", 0, Vec::new(), Vec::new());
    poller.state = TaskState::Ready;
    poller.last = Some(LastOp {
        op: Op::Yield,
        at: place(30),
    });
    let waiting = task(
        "waiter",
        1,
        vec![wait(0, Op::Notified, 40, &[])],
        Vec::new(),
    );
    let livelock = report(
        FindingKind::Livelock,
        vec![poller, waiting],
        vec![resource(ResourceKind::Notify, "", 20)],
        Vec::new(),
        &[],
    );
    assert_text("a_livelock_names_who_runs", &livelock);
}

#[test]
fn a_blocked_thread_is_told_by_its_last_operation() {
    let mut blocked = report(
        FindingKind::Blocked,
        Vec::new(),
        Vec::new(),
        Vec::new(),
        &[],
    );
    blocked.finding.blocked = Some(BlockedFact {
        role: "worker".to_owned(),
        spawned_at: Some(place(10)),
        last: Some((Op::Lock, place(33))),
        thread: None,
    });
    assert_text("a_blocked_thread_is_told_by_its_last_operation", &blocked);
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
    let waits = vec![wait(0, Op::Lock, 40, &[(0, Why::Granted)])];
    let feeder = task("feeder", 1, waits, Vec::new());
    let futurelock = report(
        FindingKind::PartialHang,
        vec![select, feeder],
        vec![
            resource(ResourceKind::Mutex, "", 20),
            resource(ResourceKind::Channel, "Job", 21),
        ],
        vec![link(0, 1, Some(0)), link(1, 0, Some(0))],
        &[],
    );
    assert_text("a_futurelock_is_called_that", &futurelock);
}

#[test]
fn a_permit_of_an_ended_task_is_told_with_the_others() {
    let worker = |name, n, blockers: &[(usize, Why)]| {
        let waits = vec![wait(0, Op::Acquire, 40, blockers)];
        task(name, n, waits, vec![hold(0, Op::Acquire, 30)])
    };
    let mut ended = task("loader", 4, Vec::new(), vec![hold(0, Op::Acquire, 31)]);
    ended.state = TaskState::Ended;
    let mut pool = report(
        FindingKind::Hang,
        vec![
            worker(
                "worker#1",
                1,
                &[(2, Why::Holds), (1, Why::Holds), (0, Why::Holds)],
            ),
            worker("worker#2", 2, &[(2, Why::Holds)]),
            ended,
        ],
        vec![resource(ResourceKind::Semaphore, "", 20)],
        vec![link(0, 0, Some(0))],
        &[],
    );
    assert_text("a_permit_of_an_ended_task_is_told_with_the_others", &pool);
    pool.finding.graph.tasks[0].waits[0].blockers.clear();
    pool.finding.core = vec![link(0, 0, None)];
    let text = pool.to_string();
    let nobody = "no task holds the permits it lacks: they were forgotten, or never there; that wait would end with";
    assert!(text.contains(nobody), "{text}");
}

#[test]
fn followers_are_summarised_and_twins_are_numbered() {
    let mut report = lock_cycle();
    report.sources.insert(
        "src/buggy.rs:21".to_owned(),
        "let checking = lock();".to_owned(),
    );
    for n in 2..22 {
        let waits = vec![wait(0, Op::Lock, 80, &[(1, Why::Holds)])];
        let follower = task(&format!("reader#{n}"), n, waits, Vec::new());
        report.finding.graph.tasks.push(follower);
    }
    let text = report.to_string();
    assert!(
        text.contains("\nstuck tasks (23):\n  transfer#1, "),
        "{text}"
    );
    assert!(text.contains("\n  and 11 more: 11 reader\n"), "{text}");
    assert!(
        text.contains("holds `checking` #1 since src/buggy.rs:30\n"),
        "{text}"
    );
}

#[test]
fn colours_change_nothing_else() {
    let report = watch_mux();
    let colored = report.to_text(true);
    assert!(colored.starts_with("\u{1b}[1;31mhang\u{1b}[0m: \u{1b}[1mdistribute waits"));
    let mut plain = String::new();
    for (at, part) in colored.split('\u{1b}').enumerate() {
        let end = if at == 0 {
            0
        } else {
            part.find('m').unwrap() + 1
        };
        plain.push_str(&part[end..]);
    }
    assert_eq!(plain, report.to_text(false));
}

#[test]
fn json_says_the_same() {
    let json = serde_json::to_value(watch_mux()).unwrap();
    assert_eq!(
        json["headline"],
        "hang: distribute waits to send into `(sender, receiver)`, which watcher#2 empties; watcher#2 \
         waits to lock `watchers`, which distribute holds"
    );
    assert_eq!(json["plan"]["load"], json!({ "workers": 2 }));
    assert_eq!(
        json["plan"]["schedule"],
        json!({ "strategy": "random", "seed": "7", "choices": 31, "hash": "00000001" })
    );
    assert_eq!(
        json["resource_names"],
        json!(["watchers", "(sender, receiver)"])
    );
    assert_eq!(json["story"][2]["task"], "watcher#2");
    assert_eq!(json["story"][0]["lines"][0]["at"]["line"], 60);
    assert_eq!(json["finding"]["kind"], "hang");
    assert_eq!(json["finding"]["core"][1]["task"], 1);
}

#[test]
fn json_can_be_read_back() {
    let mut report = watch_mux();
    report.schedules_before = Some(7);
    report.notes.push("a note".to_owned());
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        serde_json::from_value::<Report>(json.clone()).unwrap(),
        report
    );
    let mut later = json.clone();
    later["format"] = json!(2);
    let error = serde_json::from_value::<Report>(later).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the report is of format 2: this version reads format 1"
    );
    assert!(serde_json::from_value::<Report>(json!({"format": 1})).is_err());
}

#[test]
fn prose_is_broken_into_lines_that_fit() {
    let text = watch_mux().to_text_within(60, false);
    for line in text.lines() {
        let may_be_long =
            line.contains("--> ") || line.contains("replay: ") || line.contains("|  ");
        assert!(may_be_long || line.chars().count() <= 60, "{line}");
    }
    let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(joined(&text), joined(&watch_mux().to_string()));
}

#[test]
fn the_wait_graph_is_drawn() {
    insta::assert_snapshot!("dot", watch_mux().to_dot());
    insta::assert_snapshot!("mermaid", watch_mux().to_mermaid());
}

#[test]
fn indices_that_lead_nowhere_do_not_panic() {
    let mut report = lock_cycle();
    report.finding.graph.resources.clear();
    let _ = (report.to_string(), serde_json::to_value(&report).unwrap());
    report.finding.graph.tasks.truncate(1);
    let _ = (report.to_string(), serde_json::to_value(&report).unwrap());
}
