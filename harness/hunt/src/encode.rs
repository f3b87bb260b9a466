//! Encodes a schedule as a fuzzer's bytes, by trial: what a byte decodes to depends on which tasks are
//! ready.

use standstill_engine::strategy::FIRE_FROM;
use standstill_model::plan::{Choice, Plan, Schedule};
use standstill_model::scenario::Program;

use crate::runner::Runner;

/// The same plan with its schedule as bytes: every choice is the same. None if there are no such bytes
/// (a choice among more than 256 tasks, for example), if the run cannot be recorded or does not come out
/// the same each time, or if finding them takes more than `budget` runs. A byte takes about as many runs
/// as there are tasks.
///
/// No more bytes than needed are used: where the fallback rule makes all remaining choices, the bytes
/// end.
///
/// ```
/// use standstill_hunt::{Hunt, Runner, schedule_as_bytes};
/// use standstill_model::{Program, Schedule};
///
/// async fn root() {
///     assert_ne!(standstill_rt::host::with(|host| host.choose(8)), Some(5), "unlucky");
/// }
///
/// let found = Hunt::new("unlucky").run(root).found.remove(0);
/// let plan = schedule_as_bytes(&mut Runner::new(), &Program::new(|_| root()), &found.plan, 100);
/// assert_eq!(plan.unwrap().schedule, Schedule::Bytes(vec![5]));
/// ```
///
/// # Panics
///
/// If the engine itself does: that is a bug of Standstill.
pub fn schedule_as_bytes(
    runner: &mut Runner,
    program: &Program,
    plan: &Plan,
    budget: u32,
) -> Option<Plan> {
    let mut left = budget;
    let mut made = |schedule: Schedule| {
        left = left.checked_sub(1)?;
        let run = runner.record(
            program,
            &Plan {
                schedule,
                ..plan.clone()
            },
        );
        run.digest.map(|_| run.choices)
    };
    let wanted = made(plan.schedule.clone())?;
    let mut bytes = Vec::new();
    while made(Schedule::Bytes(bytes.clone()))? != wanted {
        let next = bytes.len();
        let choice = wanted.get(next)?;
        let byte = likely(choice).find_map(|byte| {
            bytes.push(byte);
            let choices = made(Schedule::Bytes(bytes.clone()));
            bytes.pop();
            let fits = choices?.get(..=next) == wanted.get(..=next);
            fits.then_some(byte)
        })?;
        bytes.push(byte);
    }
    Some(Plan {
        schedule: Schedule::Bytes(bytes),
        ..plan.clone()
    })
}

/// The bytes that may decode to a choice.
fn likely(choice: &Choice) -> std::ops::RangeInclusive<u8> {
    match choice {
        Choice::Task(_) => 0..=u8::MAX,
        Choice::Timer => FIRE_FROM..=FIRE_FROM,
        Choice::Number(number) => match u8::try_from(*number) {
            Ok(number) => number..=number,
            #[expect(clippy::reversed_empty_ranges, reason = "no byte comes to it")]
            Err(_) => 1..=0,
        },
    }
}
