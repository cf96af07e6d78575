//! `tribunal`: argument parsing and nothing else. What a command does stands in `scenarios`, what it prints in `reports`.
//!
//! Exit codes: 0 clean, 1 a property was violated (a panic and a hang count), 2 bad usage or input, 3 the harness failed.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod arguments;
mod commands;
mod progress;
mod trace;

use clap::Parser;
use commands::Failed;
use std::process::ExitCode;

/// Puts a Kafka-compatible broker on trial: deterministic simulation, faults from seeds, judged on every step.
#[derive(Parser)]
#[command(name = "tribunal", version, about, args_conflicts_with_subcommands = true)]
struct Tribunal {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: commands::run::Arguments,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Runs a campaign: many seeds of some scenarios (all, if none is named)
    Run(commands::run::Arguments),
    /// Runs one Plan again and prints it as a story; the last line is its trace hash
    Replay(commands::replay::Arguments),
    /// Finds a smaller Plan with the same failure
    Shrink(commands::shrink::Arguments),
    /// Lists scenarios, properties, faults and events
    List,
    /// Plants each documented bug and says what found it (needs the feature `bugs`)
    Bugs(commands::bugs::Arguments),
}

fn main() -> ExitCode {
    let arguments = Tribunal::parse();
    let result = match arguments.command {
        None => commands::run::execute(&arguments.run),
        Some(Command::Run(arguments)) => commands::run::execute(&arguments),
        Some(Command::Replay(arguments)) => commands::replay::execute(&arguments),
        Some(Command::Shrink(arguments)) => commands::shrink::execute(&arguments),
        Some(Command::List) => commands::list::execute(),
        Some(Command::Bugs(arguments)) => commands::bugs::execute(&arguments),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(Failed { code, message }) => {
            eprintln!("tribunal: {message}");
            ExitCode::from(code)
        }
    }
}
