//! The engine `shuttle` over every scenario.

use standstill::engine::Care;
use standstill::{EngineKind, Load, Plan, Runner, Schedule, StrategyKind, Variant};
use standstill_catalogue::{find, scenarios};

fn plan(name: &str, variant: Variant, load: Load, strategy: StrategyKind, seed: u64) -> Plan {
    let schedule = Schedule::Seeded {
        strategy,
        seed,
        digest: None,
    };
    let mut plan = Plan::new(name, variant, load, schedule);
    plan.engine = EngineKind::Shuttle;
    plan
}

#[test]
fn dbg_same() {
    let scenario = find("watch-mux").unwrap();
    let program = scenario.program(Variant::Buggy).unwrap();
    let mut a = Runner::new();
    let mut b = Runner::new();
    let load = Load {
        writers: 2,
        watchers: 4,
        rounds: 2,
        capacity: 1,
        ..Load::default()
    };
    for seed in 0..400 {
        let load = Load {
            writers: 1 + (seed % 3) as u8,
            watchers: 1 + (seed % 4) as u8,
            rounds: 1 + (seed % 2) as u8,
            ..load
        };
        let plan = plan(
            "watch-mux",
            Variant::Buggy,
            load,
            StrategyKind::Random,
            seed,
        );
        b = Runner::new();
        let x = a.run(program, &plan, Care::Record);
        let y = b.run(program, &plan, Care::Record);
        let z = b.run(program, &plan, Care::Hunt);
        if x.digest != y.digest || z.verdict.name() != x.verdict.name() || z.steps != x.steps {
            let at = x.choices.iter().zip(&y.choices).position(|(a, b)| a != b);
            println!(
                "seed {seed}: {:?} {:?} at {at:?}; steps {} {} {}; {} {} {}",
                x.digest, y.digest, x.steps, y.steps, z.steps, x.verdict, y.verdict, z.verdict
            );
        }
    }
    for depth in [1, 2] {
        let mut seen = std::collections::BTreeMap::new();
        for seed in 0..500 {
            let plan = plan(
                "watch-mux",
                Variant::Buggy,
                load,
                StrategyKind::Pct { depth },
                seed,
            );
            let x = a.run(program, &plan, Care::Record);
            *seen
                .entry((x.digest.unwrap().hash, x.digest.unwrap().choices))
                .or_insert(0) += 1;
        }
        println!(
            "{depth}: {} distinct: {:?}",
            seen.len(),
            seen.iter().take(12).collect::<Vec<_>>()
        );
    }
}
