//! Memory under the engine `shuttle`. In a process of its own: the figure is the process's.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

use standstill::engine::RecordLevel;
use standstill::{EngineKind, Load, Plan, Runner, Schedule, StrategyKind, Variant, Verdict};
use standstill_catalogue::find;

/// The memory of the process that is in use, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn hung_runs_leave_no_memory_behind() {
    let scenario = find("quota-worker").unwrap();
    let program = scenario.program(Variant::Buggy).unwrap();
    let mut runner = Runner::new();
    let mut hung = |runs: std::ops::Range<u64>| {
        let mut hung = 0;
        for seed in runs {
            let schedule = Schedule::Seeded {
                strategy: StrategyKind::Random,
                seed,
                digest: None,
            };
            let load: Load = scenario.ranges().largest();
            let mut plan = Plan::new(scenario.name(), Variant::Buggy, load, schedule);
            plan.engine = EngineKind::Shuttle;
            let run = runner.run(program, &plan, RecordLevel::Hunt);
            hung += u64::from(matches!(run.verdict, Verdict::Found(_)));
        }
        hung
    };
    hung(0..500);
    let before = resident();
    let hung = hung(500..5_500);
    let grown = resident().saturating_sub(before);
    assert!(hung > 2_000, "only {hung} of 5,000 runs hung");
    // A kilobyte left behind by each would come to more than this.
    assert!(grown < 1_500, "{hung} hung runs left {grown} KiB behind");
}
