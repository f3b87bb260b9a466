//! Opens the pages in a browser and checks that they are drawn, show their finding, and can be stepped
//! through. Without Chromium, these tests print that they are skipped, and pass. `ci/check.sh` reports
//! this, too.

mod browser;

use std::sync::Arc;
use std::time::Duration;

use browser::open;
use standstill::{Hunt, Outcome, Report};
use standstill_html::{Index, IndexFinding, IndexRow, index, page};
use tokio::sync::{Mutex, Notify, mpsc};

fn report(outcome: &Outcome) -> Report {
    outcome.report().expect("a finding")
}

async fn transfer(from: Arc<Mutex<u32>>, to: Arc<Mutex<u32>>) {
    let mut from = from.lock().await;
    *to.lock().await += 1;
    *from -= 1;
}

fn lock_cycle() -> Report {
    report(&Hunt::new("transfers").run(|| async {
        let savings = Arc::new(Mutex::new(10));
        let checking = Arc::new(Mutex::new(10));
        let there = tokio::spawn(transfer(Arc::clone(&savings), Arc::clone(&checking)));
        let back = tokio::spawn(transfer(checking, savings));
        there.await.expect("it does not panic");
        back.await.expect("it does not panic");
    }))
}

fn leak() -> Report {
    async fn printer(mut lines: mpsc::Receiver<String>, _keep: mpsc::Sender<String>) {
        while lines.recv().await.is_some() {}
    }
    report(&Hunt::new("printing").run(|| async {
        let (line, lines) = mpsc::channel(1);
        tokio::spawn(printer(lines, line.clone()));
        // The printer waits for its line.
        tokio::time::sleep(Duration::from_millis(1)).await;
        line.send("<script>throw 1</script>".to_owned())
            .await
            .expect("the printer reads");
    }))
}

fn lost_wakeup() -> Report {
    async fn waiter(ready: Arc<Notify>) {
        ready.notified().await;
    }
    report(&Hunt::new("startup").run(|| async {
        let ready = Arc::new(Notify::new());
        let waiting = tokio::spawn(waiter(Arc::clone(&ready)));
        ready.notify_waiters();
        waiting.await.expect("it does not panic");
    }))
}

/// Twenty tasks that contend for a lock for about two thousand steps, and then a deadlock.
fn crowd() -> Report {
    async fn busy(shared: Arc<Mutex<u32>>) {
        for _ in 0..24 {
            *shared.lock().await += 1;
            tokio::task::yield_now().await;
        }
    }
    report(&Hunt::new("crowd").minimise(0).run(|| async {
        let shared = Arc::new(Mutex::new(0));
        let tasks: Vec<_> = (0..19)
            .map(|_| tokio::spawn(busy(Arc::clone(&shared))))
            .collect();
        for task in tasks {
            task.await.expect("it does not panic");
        }
        let _first = shared.lock().await;
        let _second = shared.lock().await;
    }))
}

#[test]
fn a_lock_cycle_is_drawn_and_can_be_stepped_through() {
    let report = lock_cycle();
    let Some(seen) = open("lock-cycle", &page(&report)) else {
        return;
    };
    assert_eq!(seen.errors, Vec::<String>::new());
    assert_eq!(seen.lanes, ["root", "transfer#1", "transfer#2"]);
    assert_eq!(seen.core_lanes, ["transfer#1", "transfer#2"]);
    // Two waits and two holds: the whole cycle is red.
    assert_eq!(seen.core_edges, 4, "{seen:?}");
    assert!(seen.text.contains("transfer#1") && seen.text.contains("savings"));
    let end = report.finding.step;
    assert_eq!(seen.at_end, format!("step {end} of {end}"));
    assert_eq!(seen.after_back, format!("step {} of {end}", end - 1));
    assert_eq!(seen.after_home, format!("step 0 of {end}"));
    assert_eq!(seen.edges_at_home, 0);
    assert_eq!(seen.after_right, format!("step 1 of {end}"));
    assert_eq!(seen.found, ["transfer#2"], "by its name");
    assert_ne!(seen.drawn, 0, "something is on the canvas");
    assert!(seen.copied);
}

#[test]
fn a_leak_shows_who_was_left_behind() {
    let report = leak();
    let before = "that wait has ended once before, and printer went on and waits here again";
    assert!(report.to_string().contains(before), "{report}");
    let help = report.help().expect("a known pattern");
    assert_eq!(
        help,
        "printer waits for `(line, lines)` to close, but holds a sender of it itself. Drop that \
         sender before receiving"
    );
    let Some(seen) = open("leak", &page(&report)) else {
        return;
    };
    assert_eq!(seen.errors, Vec::<String>::new());
    assert_eq!(seen.core_lanes, ["printer"]);
    assert_eq!(seen.core_edges, 1, "{seen:?}");
    assert!(seen.text.contains("keeps"), "{}", seen.text);
}

#[test]
fn a_lost_wake_up_shows_the_notification_that_nobody_heard() {
    let report = lost_wakeup();
    assert!(
        report
            .headline()
            .contains("root did that before anybody waited"),
        "{report}"
    );
    let help = report.help().expect("a known pattern");
    assert!(help.starts_with("`notify_waiters` wakes only those who wait already"));
    let Some(seen) = open("lost-wake-up", &page(&report)) else {
        return;
    };
    assert_eq!(seen.errors, Vec::<String>::new());
    assert!(seen.text.contains("nobody hears it"), "{}", seen.text);
    assert_eq!(seen.core_lanes, ["root", "waiter"], "root waits for it");
}

#[test]
fn twenty_tasks_and_two_thousand_steps_are_drawn() {
    let report = crowd();
    let steps = report.finding.step;
    assert!((1_000..4_000).contains(&steps), "{steps} steps");
    let Some(seen) = open("crowd", &page(&report)) else {
        return;
    };
    assert_eq!(seen.errors, Vec::<String>::new());
    assert_eq!(seen.lanes.len(), 20);
    assert_eq!(seen.core_lanes, ["root"]);
}

#[test]
fn the_index_leads_to_the_findings() {
    let finding = IndexFinding {
        headline: "hang: a waits for `b<T>`".to_owned(),
        fingerprint: "hang-0123456789ab".to_owned(),
        page: "pair-buggy-hang-0123456789ab.html".to_owned(),
        replay: "standstill replay ss2-abc".to_owned(),
    };
    let row = IndexRow {
        scenario: "pair".to_owned(),
        variant: "buggy".to_owned(),
        verdict: "hang".to_owned(),
        met: true,
        schedules: "1,000".to_owned(),
        trend: Some("was clean".to_owned()),
        findings: vec![finding],
        ..IndexRow::default()
    };
    let html = index(&Index {
        rows: vec![row],
        met: 1,
    });
    for part in [
        "<a href=\"pair-buggy-hang-0123456789ab.html\">hang: a waits for <code>b&lt;T&gt;</code></a>",
        "was clean",
        "1 of 1 rows as expected",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

#[test]
fn a_page_needs_nothing_else() {
    for html in [page(&lock_cycle()), index(&Index::default())] {
        for outside in ["http:", "https:", "src=", "@import", "url("] {
            let inside = html
                .replace("http://www.w3.org/2000/svg", "")
                .replace("url(#", "");
            assert!(!inside.contains(outside), "{outside}");
        }
    }
    let leak = page(&leak());
    assert_eq!(
        leak.matches("</script>").count(),
        2,
        "the data ends nothing"
    );
}
