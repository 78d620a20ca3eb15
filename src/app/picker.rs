//! The list of demos and their runs, one after the other on one terminal, until the person has had enough.
//! It does not know how the list looks, nor how a demo is run.

use anyhow::Context as _;

use super::job::Job;
use super::{EXIT_INTERNAL, EXIT_INTERRUPTED, Refusal, asked, front};
use crate::cli::Flags;
use crate::command::Command;
use crate::event::RunKind;
use crate::notation::Language;
use crate::pool::{self, BetweenRuns};
use crate::scenario::BUILTINS;
use crate::tui::{self, Console, LeftBy, Offer, Picked, Picker, Why};

/// Shows the list, runs what is chosen, and comes back to it.
pub(super) fn run(flags: &Flags) -> Result<u8, Refusal> {
    let offers = offers(asked::language(flags));
    // From here on there are threads; signals are to reach descriptors and nothing else.
    pool::block_signals().context("block signals").map_err(Refusal::Internal)?;
    let signals = BetweenRuns::new().context("read signals").map_err(Refusal::Internal)?;
    let options = front::screen_options(flags, RunKind::Scenario);
    let mut console = Console::open(&options).map_err(|error| Refusal::usage(&error))?;
    let mut picker = Picker::default();
    loop {
        let choice = tui::pick(&mut console, &offers, &mut picker, &mut || signals.end_is_wanted());
        match choice.context("take the terminal again").map_err(Refusal::Internal)? {
            Picked::Left => return Ok(0),
            Picked::Over => return Ok(EXIT_INTERRUPTED),
            Picked::Run(at) => {
                let job = Job::builtin(Some(&offers[at].name), flags.clone())?;
                let stops_itself = job.timed.iter().any(|timed| timed.command == Command::Stop);
                let code = front::run_in(job, &offers[at].name, &mut console)?;
                match console.last() {
                    Some((Why::Ended, LeftBy::Person)) => {}
                    Some((Why::Ended, LeftBy::Others)) if stops_itself => {}
                    Some((Why::Ended | Why::TerminalGone, _)) => return Ok(code),
                    Some((Why::Lost, _)) | None => return Ok(EXIT_INTERNAL),
                }
            }
        }
    }
}

fn offers(language: Language) -> Vec<Offer> {
    let summary = |plan: crate::scenario::Plan| plan.summary;
    BUILTINS
        .iter()
        .map(|builtin| Offer {
            name: builtin.name.to_owned(),
            summary: builtin.plan(None, language).map(summary).unwrap_or_default(),
        })
        .collect()
}
