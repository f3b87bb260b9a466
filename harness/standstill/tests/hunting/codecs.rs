//! What is written can be read, whatever it is, and what cannot be read is an error.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use standstill::TaskPath;
use standstill::{
    Choice, Digest, EngineKind, FindingKind, Knob, Leaks, Load, LoadRanges, Plan, Preempt,
    Schedule, Slack, StrategyKind, Variant,
};
use standstill::{Entry, Expectation};

fn word<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(all)
}

fn load() -> impl Strategy<Value = Load> {
    any::<[u8; 5]>().prop_map(|values| {
        let mut load = Load::default();
        for (knob, value) in Knob::ALL.into_iter().zip(values) {
            // Half of all knobs are not in use.
            load.set(knob, if value % 2 == 0 { 0 } else { value });
        }
        load
    })
}

fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![
        6 => vec(0_u32..3, 0..3).prop_map(|path| Choice::Task(path.into())),
        1 => vec(any::<u32>(), 0..6).prop_map(|path| Choice::Task(path.into())),
        1 => Just(Choice::Timer),
        1 => (0_u32..4).prop_map(Choice::Number),
        1 => any::<u32>().prop_map(Choice::Number),
    ]
}

fn choices() -> impl Strategy<Value = Vec<Choice>> {
    let run = (
        choice(),
        prop_oneof![Just(1_usize), 1..4_usize, 1..400_usize],
    );
    vec(run, 0..40).prop_map(|runs| {
        runs.into_iter()
            .flat_map(|(choice, count)| std::iter::repeat_n(choice, count))
            .collect()
    })
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let strategy = prop_oneof![
        Just(StrategyKind::Random),
        (1_u8..=32).prop_map(|depth| StrategyKind::Pct { depth }),
        Just(StrategyKind::Urw),
        Just(StrategyKind::Dfs),
        Just(StrategyKind::RoundRobin),
        Just(StrategyKind::OwnRandom),
        (1_u8..=32).prop_map(|depth| StrategyKind::OwnPct { depth }),
        Just(StrategyKind::Pos),
        Just(StrategyKind::Surw),
        Just(StrategyKind::Directed),
    ];
    let digest = any::<(u32, u32)>().prop_map(|(choices, hash)| Digest { choices, hash });
    prop_oneof![
        (strategy, any::<u64>(), prop::option::of(digest)).prop_map(|(strategy, seed, digest)| {
            Schedule::Seeded {
                strategy,
                seed,
                digest,
            }
        }),
        choices().prop_map(Schedule::Choices),
        vec(any::<u8>(), 0..200).prop_map(Schedule::Bytes),
    ]
}

fn slack() -> impl Strategy<Value = Slack> {
    prop_oneof![
        Just(Slack::NONE),
        Just(Slack::FourTimers),
        any::<u32>().prop_map(|ms| Slack::Time(Duration::from_millis(ms.into()))),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let scenario = prop_oneof!["[a-z][a-z-]{0,20}", any::<String>()];
    let policies = (
        word(Variant::ALL),
        word(EngineKind::ALL),
        word(Preempt::ALL),
        word(Leaks::ALL),
    );
    let max_steps = prop_oneof![Just(standstill::DEFAULT_MAX_STEPS), any::<u32>()];
    let total_steps = prop_oneof![Just(standstill::DEFAULT_TOTAL_STEPS), any::<u32>()];
    (
        scenario,
        policies,
        (max_steps, total_steps, slack()),
        load(),
        schedule(),
    )
        .prop_map(
            |(
                scenario,
                (variant, engine, preempt, leaks),
                (max_steps, total_steps, slack),
                load,
                schedule,
            )| Plan {
                scenario,
                variant,
                load,
                engine,
                preempt,
                leaks,
                max_steps,
                total_steps,
                slack,
                schedule,
            },
        )
}

const KINDS: &[FindingKind] = &[
    FindingKind::Hang,
    FindingKind::PartialHang,
    FindingKind::Leak,
    FindingKind::Livelock,
    FindingKind::Panic,
    FindingKind::Blocked,
    FindingKind::Crash,
];

fn entry() -> impl Strategy<Value = Entry> {
    let text = || prop_oneof![any::<String>(), "[a-z\"\\\\\n\r\t ]{0,40}"];
    (
        plan(),
        word(KINDS),
        "[0-9a-f]{12}",
        any::<bool>(),
        (text(), text()),
        prop::option::of("([0-9a-f]{2}){0,200}"),
    )
        .prop_map(
            |(plan, kind, hash, fixed_clean, (found, comment), shuttle_schedule)| Entry {
                shuttle_schedule,
                fixed_clean: fixed_clean && plan.variant != Variant::Fixed,
                plan,
                expect: Expectation {
                    kind,
                    fingerprint: format!("{kind}-{hash}").parse().unwrap(),
                },
                found,
                comment,
            },
        )
}

fn ranges() -> impl Strategy<Value = LoadRanges> {
    any::<[Option<(u8, u8)>; 5]>().prop_map(|ranges| {
        Knob::ALL
            .into_iter()
            .zip(ranges)
            .filter_map(|(knob, range)| Some((knob, range?)))
            .fold(LoadRanges::default(), |ranges, (knob, (a, b))| {
                ranges.with(knob, a.min(b)..=a.max(b))
            })
    })
}

fn parse(text: &str) -> Result<Entry, standstill::CorpusError> {
    Entry::parse(text, Path::new("x.toml"))
}

/// Something like an entry: lines of one, in any order and often broken.
fn entry_like() -> impl Strategy<Value = String> {
    (
        entry(),
        vec((any::<prop::sample::Index>(), any::<char>()), 0..4),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(entry, edits, end)| {
            let mut characters: Vec<char> = entry.to_toml().chars().collect();
            for (index, character) in edits {
                let at = index.index(characters.len());
                characters[at] = character;
            }
            if end.index(3) == 0 {
                characters.truncate(end.index(characters.len()));
            }
            characters.into_iter().collect()
        })
}

proptest! {
    #[test]
    fn a_plan_survives_its_token(plan in plan()) {
        let token = plan.to_token();
        let prefix = match plan.slack {
            Slack::Time(_) => "ss2-",
            Slack::FourTimers => "ss1-",
        };
        let letters = token.strip_prefix(prefix).unwrap();
        let selectable = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        prop_assert!(letters.bytes().all(selectable));
        prop_assert_eq!(Plan::from_token(&token), Ok(plan));
    }

    #[test]
    fn a_shortened_token_is_an_error(plan in plan()) {
        let token = plan.to_token();
        for at in 0..token.len().min(300) {
            let mut missing = token.clone();
            missing.remove(at);
            prop_assert!(Plan::from_token(&missing).is_err(), "{} without {}", &token, at);
            prop_assert!(Plan::from_token(&token[..at]).is_err(), "{} cut at {}", &token, at);
        }
    }

    #[test]
    fn a_flipped_bit_is_an_error(plan in plan(), index in any::<prop::sample::Index>(), bit in 0_u8..7) {
        let token = plan.to_token();
        let mut bytes = token.clone().into_bytes();
        let at = index.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        let flipped = String::from_utf8(bytes).unwrap();
        prop_assert!(Plan::from_token(&flipped).is_err(), "{} at {}", &token, at);
    }

    #[test]
    fn a_mistyped_letter_is_an_error(plan in plan(), index in any::<prop::sample::Index>(), letter in "[0-9a-z]") {
        let token = plan.to_token();
        let at = index.index(token.len());
        let mut mistyped = token.clone();
        mistyped.replace_range(at..=at, &letter);
        prop_assert_eq!(Plan::from_token(&mistyped).is_ok(), mistyped == token);
    }

    #[test]
    fn no_text_makes_the_token_decoder_panic(text in any::<String>(), letters in "[0-9a-hjkmnp-tv-z]{0,200}") {
        let _ = Plan::from_token(&text);
        let _ = Plan::from_token(&format!("ss1-{text}"));
        let _ = Plan::from_token(&format!("ss2-{text}"));
        let unsealed = format!("ss2-{letters}");
        prop_assert!(Plan::from_token(&unsealed).is_err());
    }

    #[test]
    fn an_entry_survives_its_file(entry in entry()) {
        let toml = entry.to_toml();
        prop_assert_eq!(parse(&toml).map_err(|error| format!("{error}\n{toml}")), Ok(entry));
    }

    #[test]
    fn choices_are_wrapped(choices in choices()) {
        let schedule = Schedule::Choices(choices);
        let entry = Entry {
            plan: Plan::new("x", Variant::Own, Load::default(), schedule),
            expect: Expectation {
                kind: FindingKind::Leak,
                fingerprint: "leak-0123456789ab".parse().unwrap(),
            },
            fixed_clean: false,
            found: String::new(),
            shuttle_schedule: None,
            comment: String::new(),
        };
        for line in entry.to_toml().lines() {
            prop_assert!(line.len() <= 100, "{}", line);
        }
    }

    #[test]
    fn a_broken_entry_does_not_panic(text in any::<String>(), like in entry_like()) {
        let _ = parse(&text);
        if let Err(error) = parse(&like) {
            let message = error.to_string();
            prop_assert!(message.starts_with("x.toml:"), "{}", message);
            let line = message.split(':').nth(1).and_then(|line| line.parse().ok());
            let lines = like.lines().count() + 1;
            prop_assert!(line.is_some_and(|line: usize| (1..=lines).contains(&line)), "{}", message);
        }
    }

    #[test]
    fn every_byte_string_is_a_plan(ranges in ranges(), bytes in vec(any::<u8>(), 0..60)) {
        let plan = Plan::from_bytes("x", Variant::Buggy, &ranges, &bytes);
        prop_assert!(ranges.contains(&plan.load));
        let canonical = plan.to_bytes(&ranges).unwrap();
        let again = Plan::from_bytes("x", Variant::Buggy, &ranges, &canonical);
        prop_assert_eq!(again.to_bytes(&ranges), Some(canonical.clone()));
        prop_assert_eq!(&again, &plan);

        let sizes = Knob::ALL.map(|knob| {
            ranges.get(knob).map_or(1, |range| u16::from(range.end() - range.start()) + 1)
        });
        let is_canonical = bytes.len() >= sizes.len()
            && bytes.iter().zip(&sizes).all(|(byte, size)| u16::from(*byte) < *size);
        prop_assert_eq!(is_canonical, canonical == bytes);
    }

    #[test]
    fn a_plan_with_bytes_comes_back_from_them(plan in plan(), ranges in ranges()) {
        if let Some(bytes) = plan.to_bytes(&ranges) {
            prop_assert_eq!(Plan::from_bytes(&plan.scenario, plan.variant, &ranges, &bytes), plan);
        }
    }
}

#[test]
fn a_deep_task_survives() {
    let path = TaskPath::from(vec![7; 2000]);
    let schedule = Schedule::Choices(vec![Choice::Task(path); 3]);
    let plan = Plan::new("x", Variant::Own, Load::default(), schedule);
    assert_eq!(Plan::from_token(&plan.to_token()), Ok(plan));
}
