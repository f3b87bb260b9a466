//! Tokens of known plans, and what is wrong with broken ones.

use std::time::Duration;

use standstill_rt::task::TaskPath;

use super::{TokenError, strategy_version};
use crate::load::Load;
use crate::plan::{
    Choice, Digest, EngineKind, Leaks, Plan, Preempt, Schedule, StrategyKind, Variant,
};
use crate::slack::Slack;

fn seeded() -> Plan {
    let schedule = Schedule::Seeded {
        strategy: StrategyKind::Pct { depth: 3 },
        seed: 0x0123_4567_89ab_cdef,
        digest: Some(Digest {
            choices: 311,
            hash: 0xdead_beef,
        }),
    };
    let load = Load {
        workers: 2,
        capacity: 1,
        ..Load::default()
    };
    Plan::new("watch-mux", Variant::Buggy, load, schedule)
}

fn sealed(mut payload: Vec<u8>) -> String {
    let checksum = super::checksum(&payload, false);
    payload.extend_from_slice(&checksum.to_le_bytes());
    let mut token = super::PREFIX.to_owned();
    super::base32::encode(&payload, &mut token);
    token
}

/// The token's payload, without its checksum.
fn opened(token: &str) -> Vec<u8> {
    let mut bytes = super::base32::decode(&token[super::PREFIX.len()..]).unwrap();
    bytes.truncate(bytes.len() - 4);
    bytes
}

#[test]
fn a_token_is_the_same_for_ever() {
    let first = Plan {
        slack: Slack::FourTimers,
        ..seeded()
    };
    assert_eq!(
        first.to_token(),
        "ss1-15vp2x33d0pptxbr000120g1040g20zfspnrjst54c0ve0qfqtpxw26hdwag"
    );
    assert_eq!(
        seeded().to_token(),
        "ss2-15vp2x33d0pptxbr00000482040g2083xz6tq2b78mhg3dr2xyzavqjd9jct0"
    );
    let slack = Plan {
        slack: Slack::Time(Duration::from_secs(60)),
        ..seeded()
    };
    assert_eq!(
        slack.to_token(),
        "ss2-15vp2x33d0pptxbr000e1n0324102081041yzkdbh5kma8r1pw1ezfndvttma78k"
    );
    let mut choices = first.clone();
    let worker = Choice::Task(TaskPath::root().child(3).child(0));
    let mut schedule = vec![Choice::Task(TaskPath::root()); 40];
    schedule.extend([Choice::Number(2), Choice::Timer, worker.clone(), worker]);
    choices.schedule = Schedule::Choices(schedule);
    choices.preempt = Preempt::Await;
    choices.leaks = Leaks::Off;
    choices.max_steps = 500;
    assert_eq!(
        choices.to_token(),
        "ss1-15vp2x33d0pptxbr025f80rh080g40g0081g01055010400708h99pzr"
    );
    for plan in [first, seeded(), slack, choices] {
        assert_eq!(Plan::from_token(&plan.to_token()), Ok(plan));
    }
}

#[test]
fn a_token_does_not_pass_as_one_of_another_format() {
    let first = Plan {
        slack: Slack::FourTimers,
        ..seeded()
    };
    for token in [seeded().to_token(), first.to_token()] {
        let other = match token.strip_prefix("ss2-") {
            Some(letters) => format!("ss1-{letters}"),
            None => token.replacen("ss1-", "ss2-", 1),
        };
        assert_eq!(Plan::from_token(&other), Err(TokenError::Checksum));
    }
}

#[test]
fn white_space_around_a_token_does_not_matter() {
    let token = format!("\n  {}\r\n", seeded().to_token());
    assert_eq!(Plan::from_token(&token), Ok(seeded()));
}

#[test]
fn a_long_run_takes_no_room() {
    let mut plan = seeded();
    plan.schedule = Schedule::Choices(vec![Choice::Timer; 1_000_000]);
    assert!(plan.to_token().len() < 60, "{}", plan.to_token());
    assert_eq!(Plan::from_token(&plan.to_token()), Ok(plan));
}

#[test]
fn each_mistake_has_its_own_error() {
    let token = seeded().to_token();
    let mistyped = token.replacen(
        &token[10..11],
        if &token[10..11] == "0" { "1" } else { "0" },
        1,
    );
    for (text, message) in [
        (
            "",
            "`` is not a token: a token starts with `ss2-`; copy it whole from a report",
        ),
        (
            "corpus/watch-mux/hang.toml",
            "`corpus/watch-mux/hang.toml` is not a token: a token starts with `ss2-`; copy it \
             whole from a report",
        ),
        (
            "ss12-0000",
            "`ss12-` begins a token made by a newer standstill: update standstill, this one reads \
             `ss1-` and `ss2-`",
        ),
        (
            "ss1-0b\u{2026}",
            "'\u{2026}' at position 7 cannot be part of a token: a token is one line of \
             lower-case letters and digits; copy it whole",
        ),
        (
            mistyped.as_str(),
            "the token is truncated or mistyped, its checksum does not match: copy it whole",
        ),
        (
            &token[..token.len() - 1],
            "the token is truncated or mistyped, its checksum does not match: copy it whole",
        ),
        (
            "ss1-",
            "the token is truncated or mistyped, its checksum does not match: copy it whole",
        ),
    ] {
        assert_eq!(Plan::from_token(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_long_text_is_not_quoted_whole() {
    let text = "x".repeat(100_000);
    let TokenError::NotAToken(quoted) = Plan::from_token(&text).unwrap_err() else {
        panic!("another error");
    };
    assert_eq!(quoted, format!("{}...", "x".repeat(40)));
}

#[test]
fn a_changed_strategy_is_refused() {
    let mut payload = opened(&seeded().to_token());
    let version = payload.len() - 4 - 2 - 8 - 2;
    assert_eq!(
        payload[version],
        strategy_version(EngineKind::Explore, StrategyKind::Random)
    );
    payload[version] += 1;
    assert_eq!(
        Plan::from_token(&sealed(payload)).unwrap_err().to_string(),
        "the token needs version 2 of the strategy `pct`, but this standstill has version 1: \
         replay it with the version that made it, or hunt again"
    );
}

#[test]
fn sealed_nonsense_is_malformed() {
    let good = opened(&seeded().to_token());
    let changed = |at: usize, byte: u8| {
        let mut payload = good.clone();
        payload[at] = byte;
        payload
    };
    let mut longer = good.clone();
    longer.push(0);
    let name = "watch-mux".len() + 1;
    let mut bomb = good[..name + 6].to_vec();
    // No tasks, one run: a timer, 2^62 times.
    bomb.extend([
        2, 0, 1, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40,
    ]);
    for (payload, what) in [
        (Vec::new(), "it ends too early"),
        (good[..name].to_vec(), "it ends too early"),
        (changed(0, 200), "it ends too early"),
        (changed(1, 0xff), "the scenario's name is not text"),
        (changed(name, 0x70), "its variant has the unknown code 7"),
        (changed(name, 0x05), "its engine has the unknown code 5"),
        (changed(name + 3, 0xff), "its load has unknown knobs"),
        (changed(name + 6, 9), "its schedule has the unknown code 9"),
        (
            changed(name + 7, 99),
            "its strategy has the unknown code 99",
        ),
        (changed(name + 9, 33), "`pct` has no depth 33"),
        (longer, "bytes are left over"),
        (
            bomb,
            "its schedule comes to more than 4194304 choices, which no run makes",
        ),
    ] {
        assert_eq!(
            Plan::from_token(&sealed(payload)),
            Err(TokenError::Malformed(what.to_owned()))
        );
    }
}
