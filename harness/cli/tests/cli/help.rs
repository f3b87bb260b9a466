use crate::standstill::standstill;

/// The help, without the spaces that end some of its lines.
fn help(args: &[&str]) -> String {
    let output = standstill(args);
    assert_eq!(output.code(), Some(0), "{output:?}");
    assert_eq!(output.stderr, "");
    let lines: Vec<&str> = output.stdout.lines().map(str::trim_end).collect();
    lines.join("\n")
}

#[test]
fn the_help_teaches_by_example() {
    insta::assert_snapshot!(help(&["--help"]), @r#"
    Finds the schedule that brings a concurrent program to a standstill, explains it, and keeps it
    found.

    A scenario is a small concurrent program. Standstill runs it under thousands of different task
    interleavings, says whether it hung, leaked a task, spun or panicked, names who waited for what and
    who held it, and hands back a token that replays the run exactly.

    Without a command it hunts: `standstill --time 30s` is `standstill hunt --time 30s`.

    Usage: standstill [COMMAND]
           standstill [OPTIONS OF HUNT]

    Commands:
      hunt      Look for a schedule that brings a scenario to a standstill
      prove     Execute every interleaving of a small load: a proof, or a finding
      replay    Run findings once more, exactly as they were, and check that they come back
      explain   Run a finding once more and print its full report
      minimise  Make a finding as small as it gets: its load first, and then its schedule
      list      List the scenarios
      show      Tell what a scenario is about, and which loads it takes
      corpus    Look after the findings that were kept
      help      Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Examples:
      standstill                             hunt in every scenario and print a table
      standstill hunt watch-mux --seed 7     hunt in one scenario, from another seed
      standstill replay ss2-...              run a finding once more, exactly as it was
      standstill hunt --corpus corpus        keep what is found, as files
      standstill replay                      replay all that was kept

    Exit codes:
      0  every expectation was met: buggy variants found, others clean, corpus reproduced
      1  an expectation was not met, or a hunt was interrupted
      2  the command line, a token or a file cannot be used
      3  standstill itself failed
    "#);
}

#[test]
fn the_help_of_a_hunt_lists_every_option() {
    insta::assert_snapshot!(help(&["hunt", "--help"]), @r#"
    Look for a schedule that brings a scenario to a standstill

    Usage: standstill hunt [OPTIONS] [SCENARIO]...

    Arguments:
      [SCENARIO]...
              The scenarios to hunt in; all of them if none is named

    Options:
          --variant <VARIANT>
              Hunt in this variant only

              [possible values: buggy, fixed, own]

      -h, --help
              Print help (see a summary with '-h')

    Budget:
          --schedules <N>
              How many schedules to try in each row [default: 20000, or no limit with --time].

              A row is a variant of a scenario under an engine.

          --time <TIME>
              How long the whole hunt may take, like 30s, 5m or 1h.

              The time is shared out so that every row gets its part; what a row does not need goes to
              the others. A hunt that is cut short by time does not come out the same every time; one by
              --schedules does.

          --seed <N>
              The seed that every schedule's own seed comes from: the same one, the same hunt

              [default: 0]

          --jobs <N>
              How many threads run schedules [default: one for each core]. Changes speed, never results

          --minimise <N>
              How many runs may be spent on making each find as small as it gets [0: none]

              [default: 20000]

          --keep-going
              Do not stop at a row's first finding, but collect all of them, by fingerprint

    Schedules:
          --engine <ENGINE>
              What executes the runs: Standstill's own executor, or AWS Shuttle's engine

              [default: explore]
              [possible values: explore, shuttle, stress]

          --strategy <STRATEGY>
              What decides who goes next: `random`, `pct:D` with a bug depth D from 1 to 32, `pos`,
              `urw`, `surw`, `directed`; `auto` deals the schedules out over all of these; `dfs` tries
              every schedule in one job, `dfs:P` those with P preemptions at the most.

              Under the engine `shuttle` these are Shuttle's schedulers: `random`, `pct:D`, `urw`, `dfs`
              and `round-robin`, and `auto` lets the first two take turns. Standstill's own are called
              `standstill:random` and `standstill:pct:D` there. `dfs` goes through the schedules of one
              load, one by one: the smallest that can show the scenario's bug, unless counts are given.

              [default: auto]

          --preempt <PREEMPT>
              Where a task may be taken off its thread: before every operation, or only at `.await`s

              [default: op]
              [possible values: op, await]

          --leaks <LEAKS>
              Which tasks left behind count as leaked: all that do not end by themselves, only those
              blocked for good, or none

              [default: all]
              [possible values: all, blocked, off]

          --slack <TIME>
              How far, in all, the timers of a run may fire early, like 250ms, 30s or 0s [default: 0s,
              and 1s in the last quarter of the schedules].

              An early timer fires although tasks are ready, as on a slow computer. A panic after that
              counts only if slack was asked for.

          --max-steps <N>
              After how many steps without progress a run counts as livelocked

              [default: 100000]

    Stress engine:
          --threads <N>
              How many worker threads the runtime of a stress run has [default: twice the cores, 4 at
              the least]

          --patience <TIME>
              How long nothing may happen in a stress run before it counts, like 500ms or 2s [default:
              1s].

              It rises by itself, to ten times that at the most, if healthy runs are seen to pause.

          --grace <TIME>
              How long tasks may outlive the root of a stress run [default: 250ms]

          --no-isolation
              Make stress runs in this very process: for a debugger. A run that crashes ends the hunt

    Load:
          --workers <RANGE>
              How many workers: a number, or a range like 1..4 with both ends in it.

              Each run draws its counts from the ranges; `standstill show SCENARIO` tells which knobs a
              scenario has and how far they go. A knob that a named scenario does not have is an error.

          --writers <RANGE>
              How many writers

          --watchers <RANGE>
              How many watchers

          --rounds <RANGE>
              How many rounds each task makes

          --capacity <RANGE>
              The capacity of bounded channels

    Output:
          --corpus <DIR>
              Keep what is found in this directory, an entry each, for `standstill replay`.

              Of its schedule an entry keeps the choices that it takes to show the bug, and no more.

          --report <DIR>
              Write the reports into this directory: a page for a browser, text, JSON, JUnit and SARIF.

              `index.html` is where to begin. It shows the trend against the `hunt.json` that an earlier
              hunt left there.

          --format <FORMAT>
              How the outcome is printed

              Possible values:
              - text:   For people
              - json:   For machines: one document on standard output
              - junit:  `JUnit` XML: a test case for each row
              - sarif:  SARIF 2.1.0: a result for each finding
              - github: Annotations, as GitHub's workflows read them

              [default: text]

      -q, --quiet
              Print the table only: no progress, no reports

      -v, --verbose
              Say more: what each row is hunted with, and more columns in the table

    Examples:
      standstill hunt                                  every scenario, 20,000 schedules a row
      standstill hunt watch-mux quota-worker           two of them
      standstill hunt --time 30s                       as many schedules as fit, shared fairly
      standstill hunt watch-mux --watchers 1..2        with few watchers
      standstill hunt --strategy pct:3 --seed 7        another way to choose, another seed
      standstill hunt --engine stress --time 8h        on a real runtime, for a night
      standstill hunt --format json > hunt.json        for a machine
      standstill hunt --report reports                 pages to look at, from index.html on

    A buggy variant must show a finding, any other must be clean: else the exit code is 1.
    Ctrl-C ends a hunt with the rows found so far; the others are undecided, so the exit code is 1.
    A second Ctrl-C ends it at once.

    JSON: {"rows": [{scenario, variant, engine, strategy, load, expected, verdict, met, schedules,
    first_at, schedules_per_s, steps_per_s, fingerprint, token, account}]}. `expected` is found
    or clean; `verdict` is clean, hang, partial-hang, leak, livelock, panic, blocked, crash or
    undecided; `first_at` counts schedules from 0; `load` has the counts of the finding's run, as
    numbers, or else the ranges hunted in, as [low, high]; `account` says what a row without a
    finding saw. What is absent is null. Of several findings (--keep-going) a row has the first;
    --report writes them all.
    "#);
}

#[test]
fn the_short_help_of_a_replay_is_short() {
    insta::assert_snapshot!(help(&["replay", "-h"]), @r#"
    Run findings once more, exactly as they were, and check that they come back

    Usage: standstill replay [OPTIONS] [TOKEN|FILE|DIR]

    Arguments:
      [TOKEN|FILE|DIR]  A token, an entry's file, or a directory of entries; the corpus if nothing is
                        given

    Options:
          --times <N>        Replay each that many times; every one must come out the same [default: 1]
          --corpus <DIR>     The corpus that is replayed if nothing is given [default: corpus]
          --format <FORMAT>  How the outcome is printed: text, or one JSON document [default: text]
                             [possible values: text, json]
      -h, --help             Print help (see more with '--help')

    Examples:
      standstill replay                            the whole corpus
      standstill replay ss2-...                    a token from a hunt, with its report
      standstill replay ss2-... --times 1000       does it come back every time?
      standstill replay corpus/watch-mux/hang-0123abcd.toml
    "#);
}

#[test]
fn blessing_is_explained() {
    insta::assert_snapshot!(help(&["corpus", "check", "--help"]), @r#"
    Replay every entry and, with --bless, bring those up to date that show something else now

    Usage: standstill corpus check [OPTIONS]

    Options:
          --bless
              Rewrite entries whose schedule still finds something, but something else than they expect.

              For after a deliberate change of the program. Look at the diff: an entry whose bug is gone
              is never rewritten, and neither is one whose fixed variant is not clean.

          --corpus <DIR>
              The corpus

              [default: corpus]

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn the_version_is_that_of_the_crate() {
    let output = standstill(&["--version"]);
    assert_eq!(
        output.stdout,
        format!("standstill {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(output.code(), Some(0));
}
