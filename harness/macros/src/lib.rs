//! The attribute `#[standstill::test]`. Use it through the crate `standstill`.

mod argument;
mod expand;

use proc_macro::TokenStream;
use syn::{Error, ItemFn, parse_macro_input};

use argument::Arguments;

/// Turns an `async fn` into a test that hunts in it.
///
/// The function may take a `standstill::Load`, if the attribute declares knobs, and may return
/// `()` or a `Result` whose error is `Debug`.
///
/// ```text
/// #[standstill::test(schedules = 2_000, strategy = "pct", workers = 1..=4)]
/// async fn the_pool_drains(load: standstill::Load) { /* ... */ }
/// ```
///
/// What the test finds is kept as an entry in `standstill-corpus/`, beside the package's
/// `Cargo.toml`, and from then on the test replays its entries before anything else. An entry whose
/// bug is mended stays, and passes.
///
/// Arguments, all optional:
///
/// | argument | value | default |
/// | --- | --- | --- |
/// | `schedules` | how many schedules are tried, at the most | 2,000 |
/// | `seed` | the base seed, a number | 0 |
/// | `max_steps` | after how many steps without progress a run counts as livelocked | 100,000 |
/// | `slack` | how much virtual time a run's own computing may take, like `"250ms"`: in all, timers may fire this much early; a panic that needs it counts only if this is given | `"0s"`, and `"1s"` in the last quarter of the schedules |
/// | `engine`, `strategy`, `preempt`, `leaks` | texts, spelled as on the command line | as there |
/// | `corpus` | where findings are kept: a directory, relative to the package's | `"standstill-corpus"` |
/// | `save` | whether findings are written there; entries are replayed in any case | `true`, but `false` with `#[should_panic]` |
/// | `flavor` | of `#[tokio::test]`: with `"current_thread"` only what one worker thread can do is explored, tasks being switched only at `.await`s, as with `preempt = "await"` | `"multi_thread"` |
/// | `worker_threads`, `start_paused` | of `#[tokio::test]`: accepted, and of no effect: the clock is always paused, and each task may run on a worker of its own | |
/// | `workers`, `writers`, `watchers`, `rounds`, `capacity` | knobs: inclusive ranges like `1..=4` | 0 |
///
/// The environment goes before: `STANDSTILL_SCHEDULES`, `STANDSTILL_SEED`, `STANDSTILL_SLACK`, `STANDSTILL_CORPUS` and
/// `STANDSTILL_SAVE` (`yes` or `no`), and `STANDSTILL_REPLAY` with a report's token makes that run
/// and nothing else. Where `CI` is set nothing is written unless `STANDSTILL_SAVE=yes`.
///
/// With `engine = "stress"` runs are made on a real runtime, in a process of their own: the test
/// binary is executed again with this test's name as its filter. The hunt then takes ten seconds
/// at the most.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Arguments);
    let function = parse_macro_input!(item as ItemFn);
    expand::expand(&arguments, &function)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}
