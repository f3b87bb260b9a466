//! From the arguments to the exit code.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;
use standstill::{Scenario, isolation};

use crate::args::{Cli, Command, with_default_command};
use crate::console::Console;
use crate::error::UserError;
use crate::exit::Exit;
use crate::{corpus, explain, hunt, list, minimise, pick, program, prove, replay, show};

/// The whole command line over these scenarios. This is all that a `main` has to call.
///
/// ```no_run
/// # use standstill::{Scenario, Variant};
/// fn main() -> std::process::ExitCode {
///     # let scenario = Scenario::new("shutdown", "it ends").variant(Variant::Own, |_| async {});
///     standstill_cli::main(vec![scenario])
/// }
/// ```
pub fn main(scenarios: Vec<Scenario>) -> ExitCode {
    run(scenarios, std::env::args_os()).into()
}

/// The same with these arguments, of which the first is the program's name.
pub fn run<I>(scenarios: Vec<Scenario>, args: I) -> Exit
where
    I: IntoIterator<Item = OsString>,
{
    if isolation::is_child() {
        isolation::serve(|plan| {
            let (_, program) = pick::program(&scenarios, plan).ok()?;
            Some(program.clone())
        });
    }
    let args = with_default_command(args.into_iter().collect());
    program::called(&args[0]);
    guarded(|console| {
        if let Some(name) = scenario_for_command(&scenarios, &args) {
            console.error(UserError::ScenarioForCommand(name));
            return Exit::BadInput;
        }
        let cli = match Cli::try_parse_from(args) {
            Ok(cli) => cli,
            Err(error) => {
                // If the stream is closed, nothing can be done.
                let _ = error.print();
                return if error.use_stderr() {
                    Exit::BadInput
                } else {
                    Exit::Met
                };
            }
        };
        obey(&scenarios, cli.command, console).unwrap_or_else(|error| {
            console.error(format_args!("{error:#}"));
            Exit::BadInput
        })
    })
}

/// The scenario whose name was given in the place of a command.
fn scenario_for_command(scenarios: &[Scenario], args: &[OsString]) -> Option<String> {
    let first = args.get(1)?.to_str()?;
    scenarios
        .iter()
        .any(|scenario| scenario.name() == first)
        .then(|| first.to_owned())
}

fn obey(scenarios: &[Scenario], command: Command, console: &mut Console) -> anyhow::Result<Exit> {
    check(scenarios)?;
    match command {
        Command::Hunt(args) => hunt::hunt(scenarios, &args, console),
        Command::Prove(args) => prove::prove(scenarios, &args, console),
        Command::Replay(args) => replay::replay(scenarios, &args, console),
        Command::Explain(args) => explain::explain(scenarios, &args, console),
        Command::Minimise(args) => minimise::minimise(scenarios, &args, console),
        Command::List(args) => list::list(scenarios, &args, console),
        Command::Show(args) => show::show(scenarios, &args, console),
        Command::Corpus(command) => corpus::corpus(scenarios, &command, console),
    }
}

fn check(scenarios: &[Scenario]) -> Result<(), UserError> {
    if scenarios.is_empty() {
        return Err(UserError::NoScenarios);
    }
    for (at, scenario) in scenarios.iter().enumerate() {
        if scenarios[..at]
            .iter()
            .any(|other| other.name() == scenario.name())
        {
            return Err(UserError::SameName(scenario.name().to_owned()));
        }
    }
    Ok(())
}

/// A panic that gets here is a bug of Standstill, and is reported as one: panics of programs under test
/// are findings.
fn guarded(job: impl FnOnce(&mut Console) -> Exit) -> Exit {
    let mut console = Console::standard();
    catch_unwind(AssertUnwindSafe(|| job(&mut console))).unwrap_or_else(|_| {
        Console::standard().error(
            "internal error: this is a bug of standstill, not of your program; please report it \
             with the panic above and the command line",
        );
        Exit::Internal
    })
}

#[cfg(test)]
mod tests {
    use super::{check, guarded};
    use crate::error::UserError;
    use crate::exit::Exit;
    use standstill::{Scenario, Variant};

    #[test]
    fn a_panic_of_the_harness_is_an_internal_error() {
        assert_eq!(
            guarded(|_| panic!("on purpose, for a test")),
            Exit::Internal
        );
    }

    #[test]
    fn names_must_tell_scenarios_apart() {
        let scenario = || Scenario::new("twice", "").variant(Variant::Own, |_| async {});
        assert!(matches!(check(&[]), Err(UserError::NoScenarios)));
        assert!(check(&[scenario()]).is_ok());
        assert!(matches!(
            check(&[scenario(), scenario()]),
            Err(UserError::SameName(_))
        ));
    }
}
