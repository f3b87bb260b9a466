//! Tests of how entries are written, of broken entries, and of what saving leaves behind.

use std::fs;
use std::path::Path;

use standstill_model::finding::FindingKind;
use standstill_model::load::Load;
use standstill_model::plan::{
    Choice, Digest, Leaks, Plan, Preempt, Schedule, StrategyKind, Variant,
};
use standstill_model::slack::Slack;
use standstill_rt::task::TaskPath;
use std::time::Duration;

use super::{Corpus, CorpusError, Entry, Expectation};

fn seeded() -> Entry {
    let schedule = Schedule::Seeded {
        strategy: StrategyKind::Pct { depth: 3 },
        seed: u64::MAX,
        digest: Some(Digest {
            choices: 311,
            hash: 0x00ab_cdef,
        }),
    };
    let load = Load {
        workers: 2,
        capacity: 1,
        ..Load::default()
    };
    Entry {
        plan: Plan::new("watch-mux", Variant::Buggy, load, schedule),
        expect: Expectation {
            kind: FindingKind::Hang,
            fingerprint: "hang-0123456789ab".parse().unwrap(),
        },
        fixed_clean: true,
        found: "hunt with pct:3, schedule 37".to_owned(),
        shuttle_schedule: None,
        comment: String::new(),
    }
}

const SEEDED: &str = r#"format = 1
scenario = "watch-mux"
engine = "explore"
preempt = "op"
slack = "0s"
found = "hunt with pct:3, schedule 37"

[load]
workers = 2
capacity = 1

[expect]
buggy = "hang"
fingerprint = "hang-0123456789ab"
fixed = "clean"

[schedule]
strategy = "pct:3"
strategy_version = 1
seed = "18446744073709551615"
length = 311
hash = "00abcdef"
"#;

fn minimised() -> Entry {
    let task = |children: &[u32]| Choice::Task(TaskPath::from(children.to_vec()));
    let mut choices = vec![task(&[]); 12];
    for worker in 0..12 {
        choices.extend([task(&[worker]), task(&[worker]), Choice::Number(2)]);
    }
    choices.extend([Choice::Timer, task(&[3, 0])]);
    let mut plan = Plan::new(
        "my_crate::pool",
        Variant::Own,
        Load::default(),
        Schedule::Choices(choices),
    );
    plan.preempt = Preempt::Await;
    plan.leaks = Leaks::Blocked;
    plan.max_steps = 500;
    plan.slack = Slack::Time(Duration::from_secs(90));
    Entry {
        plan,
        expect: Expectation {
            kind: FindingKind::PartialHang,
            fingerprint: "partial-hang-ba9876543210".parse().unwrap(),
        },
        fixed_clean: false,
        found: String::new(),
        shuttle_schedule: None,
        comment: "Two workers \"meet\".\nThe path is C:\\x\t\u{1b}\"\"\"".to_owned(),
    }
}

const MINIMISED: &str = r#"format = 1
scenario = "my_crate::pool"
engine = "explore"
preempt = "await"
leaks = "blocked"
max_steps = 500
slack = "90s"
comment = """
Two workers "meet".
The path is C:\\x	\u001b\"\"\""""

[expect]
own = "partial-hang"
fingerprint = "partial-hang-ba9876543210"

[schedule]
choices = [
    "root x12", "root.0 x2", "pick 2", "root.1 x2", "pick 2", "root.2 x2", "pick 2", "root.3 x2",
    "pick 2", "root.4 x2", "pick 2", "root.5 x2", "pick 2", "root.6 x2", "pick 2", "root.7 x2",
    "pick 2", "root.8 x2", "pick 2", "root.9 x2", "pick 2", "root.10 x2", "pick 2", "root.11 x2",
    "pick 2", "timer", "root.3.0",
]
"#;

fn bytes() -> Entry {
    let mut entry = seeded();
    entry.plan.schedule = Schedule::Bytes((0..50).collect());
    entry.plan.variant = Variant::Fixed;
    entry.fixed_clean = false;
    entry
}

fn parse(text: &str) -> Result<Entry, CorpusError> {
    Entry::parse(text, Path::new("corpus/x/y.toml"))
}

#[test]
fn an_entry_reads_well() {
    for (entry, toml) in [(seeded(), SEEDED), (minimised(), MINIMISED)] {
        assert_eq!(entry.to_toml(), toml);
        assert_eq!(parse(toml).unwrap(), entry);
    }
    assert!(bytes().to_toml().ends_with(
        "[expect]\nfixed = \"hang\"\nfingerprint = \"hang-0123456789ab\"\n\n[schedule]\nbytes = [\n    \
         \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627\",\n    \
         \"28292a2b2c2d2e2f3031\",\n]\n"
    ));
    assert_eq!(parse(&bytes().to_toml()).unwrap(), bytes());
}

#[test]
fn what_has_a_default_may_be_left_out() {
    let text = "format = 1\nscenario = \"x\"\nexpect = { own = \"leak\", fingerprint = \
                \"leak-0123456789ab\" }\nschedule = { choices = [] }\n";
    let entry = parse(text).unwrap();
    // An entry of before slack, which has the rule of then.
    let mut plan = Plan::new(
        "x",
        Variant::Own,
        Load::default(),
        Schedule::Choices(Vec::new()),
    );
    plan.slack = Slack::FourTimers;
    assert_eq!(entry.plan, plan);
    assert!(!entry.to_toml().contains("slack"));
    assert_eq!(parse(&entry.to_toml()).unwrap(), entry);
}

#[test]
fn a_broken_entry_is_told_with_its_line_and_the_remedy() {
    let change = |from: &str, to: &str| {
        assert!(SEEDED.contains(from), "{from}");
        SEEDED.replacen(from, to, 1)
    };
    let listed = |key: &str, item: &str| {
        let start = SEEDED.find("strategy =").unwrap();
        format!("{}{key} = [\n  # why\n  {item},\n]\n", &SEEDED[..start])
    };
    for (text, message) in [
        (
            String::new(),
            "1: the entry names no format: begin it with `format = 1`",
        ),
        (
            change("format = 1\n", "\n# hand-made\n"),
            "1: the entry names no format: begin it with `format = 1`",
        ),
        (
            change("format = 1", "# later\nformat = 2\nfuture = true"),
            "2: the entry has format 2, but this standstill reads format 1: update standstill, or \
             record the finding again",
        ),
        (
            change("format = 1", "format = \"1\""),
            "1: invalid type: string \"1\", expected i64",
        ),
        (
            SEEDED[..SEEDED.find("fingerprint").unwrap()].to_owned(),
            "12: missing field `fingerprint`",
        ),
        (
            SEEDED[..SEEDED.len() - 3].to_owned(),
            "22: invalid basic string, expected `\"`",
        ),
        (
            change("workers = 2", "workers = \"2\""),
            "9: invalid type: string \"2\", expected u8",
        ),
        (
            change("workers = 2", "workers = 256"),
            "9: invalid value: integer `256`, expected u8",
        ),
        (
            change("workers = 2", "wrokers = 2"),
            "9: unknown field `wrokers`, expected one of `workers`, `writers`, `watchers`, \
             `rounds`, `capacity`",
        ),
        (
            change("preempt = \"op\"", "preempt = \"never\""),
            "4: there is no preemption mode `never`: choose one of op, await",
        ),
        (
            change("buggy = \"hang\"", "buggy = \"hung\""),
            "13: unknown variant `hung`, expected one of `hang`, `partial-hang`, `leak`, \
             `livelock`, `panic`, `blocked`, `crash`",
        ),
        (
            change("buggy = \"hang\"", ""),
            "12: one variant has the finding: write one of `buggy`, `own` and `fixed` with its \
             kind, like `buggy = \"hang\"`",
        ),
        (
            change("hang-0123456789ab", "hang-0123456789AB"),
            "14: `hang-0123456789AB` is not a fingerprint: it is a kind, a dash and twelve \
             hexadecimal digits",
        ),
        (
            change("hang-0123456789ab", "leak-0123456789ab"),
            "14: the fingerprint `leak-0123456789ab` is not one of a hang: correct the kind or \
             the fingerprint, or record the finding again",
        ),
        (
            change("strategy = \"pct:3\"", "strategy = \"pct:0\""),
            "18: there is no strategy `pct:0`: choose one of random, pct:DEPTH, urw, dfs, \
             round-robin, standstill:random, standstill:pct:DEPTH, pos, surw, directed",
        ),
        (
            change("strategy_version = 1", "strategy_version = 2"),
            "19: the schedule needs version 2 of the strategy `pct`, but this standstill has \
             version 1: record the finding again",
        ),
        (
            change("18446744073709551615", "18446744073709551616"),
            "20: `18446744073709551616` is not a seed: it is a number from 0 to \
             18446744073709551615, in quotes",
        ),
        (
            change("length = 311\n", ""),
            "17: `length` and `hash` belong together: write both, or neither",
        ),
        (
            change("00abcdef", "+0abcdef"),
            "22: `+0abcdef` is not a schedule's hash: it is eight hexadecimal digits",
        ),
        (
            change("length = 311", "choices = []"),
            "17: a schedule is a `strategy` with its `seed` (and `length` and `hash`), or \
             `choices`, or `bytes`: write one of the three",
        ),
        (
            listed("choices", "\"root.x\""),
            "20: `root.x` is not a choice: write a task like `root.2.0`, `timer`, or `pick 3`, and \
             `x12` behind it for twelve in a row",
        ),
        (
            listed("bytes", "\"00ff\", \"00f\""),
            "20: `00f` are not bytes: write two hexadecimal digits for each",
        ),
        (
            listed("bytes", "\"00\\u00e4\""),
            "20: `00\u{e4}` are not bytes: write two hexadecimal digits for each",
        ),
        (
            listed("choices", "\"root\", 3"),
            "20: invalid type: integer `3`, expected a string",
        ),
        (
            listed("choices", "\"root x0\""),
            "20: `root x0` is not a choice: write a task like `root.2.0`, `timer`, or `pick 3`, \
             and `x12` behind it for twelve in a row",
        ),
        (
            listed("choices", "\"root x9999999999999\""),
            "20: its schedule comes to more than 4194304 choices, which no run makes: correct the \
             count",
        ),
    ] {
        let error = parse(&text).unwrap_err();
        assert_eq!(error.to_string(), format!("corpus/x/y.toml:{message}"));
    }
}

#[test]
fn what_was_saved_is_loaded_again() {
    let directory = tempfile::tempdir().unwrap();
    let corpus = Corpus::open(directory.path().join("corpus"));
    let first = corpus.save(&minimised()).unwrap();
    let second = corpus.save(&seeded()).unwrap();
    assert!(
        first.ends_with("corpus/my_crate--pool/partial-hang-ba987654.toml"),
        "{first:?}"
    );
    assert!(
        second.ends_with("corpus/watch-mux/hang-01234567.toml"),
        "{second:?}"
    );
    assert_eq!(
        corpus.load().unwrap(),
        [(first, minimised()), (second, seeded())]
    );
}

#[test]
fn saving_overwrites_nothing_and_repeats_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let corpus = Corpus::open(directory.path());
    let first = corpus.save(&seeded()).unwrap();
    let mut again = seeded();
    again.comment = "the same plan".to_owned();
    assert_eq!(corpus.save(&again).unwrap(), first);
    let mut other = seeded();
    other.plan.load.workers = 3;
    let second = corpus.save(&other).unwrap();
    assert!(second.ends_with("hang-01234567-2.toml"));
    assert_eq!(Corpus::read(&first).unwrap(), seeded());
    Corpus::replace(&first, &again).unwrap();
    assert_eq!(Corpus::read(&first).unwrap(), again);
    let names: Vec<_> = fs::read_dir(directory.path().join("watch-mux"))
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_scenario_s_name_leads_nowhere_else() {
    let directory = tempfile::tempdir().unwrap();
    let corpus = Corpus::open(directory.path().join("corpus"));
    let mut entry = seeded();
    for (scenario, name) in [("../../etc", "------etc"), ("..", "--"), ("", "unnamed")] {
        entry.plan.scenario = scenario.to_owned();
        let path = corpus.save(&entry).unwrap();
        assert_eq!(path.parent().unwrap(), corpus.directory().join(name));
        assert_eq!(Corpus::read(&path).unwrap(), entry);
    }
}

#[test]
fn a_broken_entry_is_never_skipped() {
    let directory = tempfile::tempdir().unwrap();
    let corpus = Corpus::open(directory.path());
    let good = corpus.save(&seeded()).unwrap();
    let broken = good.with_file_name("a.toml");
    fs::write(&broken, b"format = 1\n\xff").unwrap();
    fs::write(good.with_file_name("README.md"), "not an entry").unwrap();
    let misplaced = directory.path().join("z.toml");
    fs::write(&misplaced, "").unwrap();

    let error = corpus.load().unwrap_err().to_string();
    let expected = format!(
        "{}:2: the file is not UTF-8 text: restore it, or record the finding again",
        broken.display()
    );
    assert_eq!(error, expected);
    let all = corpus.load_all().unwrap();
    let paths: Vec<&Path> = all.iter().map(|(path, _)| path.as_path()).collect();
    assert_eq!(paths, [&broken, &good, &misplaced]);
    let good_ones: Vec<bool> = all.iter().map(|(_, entry)| entry.is_ok()).collect();
    assert_eq!(good_ones, [false, true, false]);
    // A broken entry of the same scenario does not prevent saving another one.
    assert_eq!(corpus.save(&seeded()).unwrap(), good);
}

#[test]
fn a_missing_corpus_is_an_error() {
    let error = Corpus::open("no/such/corpus").load().unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no corpus at no/such/corpus: name the directory that holds it, or save a first \
         finding into it with `standstill hunt --corpus no/such/corpus`"
    );
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let scenario = directory.path().join("watch-mux");
    fs::write(&scenario, "a file where a directory should be").unwrap();
    let error = Corpus::open(directory.path())
        .save(&seeded())
        .unwrap_err()
        .to_string();
    let start = format!("cannot write into {}: ", scenario.display());
    let end = "; make the directory writable, or choose another with `--corpus`";
    assert!(error.starts_with(&start) && error.ends_with(end), "{error}");
}

#[test]
fn what_a_killed_process_left_behind_is_in_nobody_s_way() {
    let directory = tempfile::tempdir().unwrap();
    let corpus = Corpus::open(directory.path());
    let scenario = directory.path().join("watch-mux");
    fs::create_dir(&scenario).unwrap();
    // Other tests use names of this process at the same time, so several names are occupied here.
    for count in 0..100 {
        let name = format!(".standstill-{}-{count}.tmp", std::process::id());
        fs::write(scenario.join(name), "half an ent").unwrap();
    }
    let path = corpus.save(&seeded()).unwrap();
    assert!(path.ends_with("hang-01234567.toml"));
    assert_eq!(corpus.load().unwrap(), [(path, seeded())]);
    assert_eq!(fs::read_dir(&scenario).unwrap().count(), 101);
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.toml");
    // A directory cannot be replaced by a file.
    fs::create_dir(&path).unwrap();
    fs::write(path.join("y"), "").unwrap();
    assert!(matches!(
        Corpus::replace(&path, &seeded()),
        Err(CorpusError::Write { .. })
    ));
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn the_entries_of_one_scenario_are_read_without_those_of_others() {
    let directory = tempfile::tempdir().unwrap();
    let corpus = Corpus::open(directory.path());
    assert!(corpus.load_scenario("watch-mux").unwrap().is_empty());
    let path = corpus.save(&seeded()).unwrap();
    let mut other = seeded();
    "watch::mux".clone_into(&mut other.plan.scenario);
    corpus.save(&other).unwrap();
    fs::write(path.with_file_name("broken.toml"), "format = 1").unwrap();
    let loaded = corpus.load_scenario("watch-mux").unwrap();
    assert_eq!(loaded.len(), 2);
    assert!(matches!(
        loaded[0].1,
        Err(CorpusError::Entry { line: 1, .. })
    ));
    assert_eq!(loaded[1].0, path);
    assert_eq!(loaded[1].1.as_ref().unwrap(), &seeded());
}
