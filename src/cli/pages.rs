//! The words around the flags: examples, exit codes, the man page, completions.
//! It does not know the keys of the screen; whoever asks for the man page hands their table over.

use std::io::Write;

use clap::CommandFactory as _;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::Cli;

/// The version with what it was built for.
pub(super) const LONG_VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), "\nlicense: ", env!("CARGO_PKG_LICENSE"), "\nworker protocol: 1");

/// Under the first page of help.
pub(super) const AFTER_HELP: &str = "\
Examples:
  pooltop                                        the default demo; press + and - while it runs
  pooltop demo --list                            all demos
  seq 200 | pooltop run -j4 -- sh -c 'sleep 0.1; echo {}'
  pooltop run gzip -k ::: *.log
  pooltop compare downloads-pool --speed 10      one after the other, a process each, pools of several sizes
  pooltop copy photos music /mnt/backup

Exit codes: 0 all done, 1 a task failed, 2 wrong usage or scenario, 4 interrupted with work left, 70 internal error.
Variables: every flag has one, POOLTOP_ and its name in capitals (POOLTOP_JOBS=4).
Scenarios: `pooltop help scenarios` says how to write one.
Keys: press ? on the screen, or see `pooltop man`.";

/// Under the help of `copy`.
pub(super) const COPY_HELP: &str = "\
Copies like cp -a: modes, owners, times, extended attributes, symbolic and hard links, holes. Every file is written under
a temporary name in its folder and renamed when it is complete. FIFOs, sockets and devices are named and skipped.

Examples:
  pooltop copy photos /mnt/backup                makes /mnt/backup/photos
  pooltop copy -j 16 --verify a.iso b.iso /mnt   reads every copy again and compares it";

/// Under the help of `run`.
pub(super) const RUN_HELP: &str = "\
In the command, an input takes the place of
  {}   itself               {.}   without its extension    {/}   its last component
  {//} its folder           {/.}  both                     {#}   its number    {%}  the worker's seat
and is appended if none of the first five occurs. No shell reads the command unless --shell is given. Empty lines are left out.

Examples:
  seq 200 | pooltop run -j4 -- sh -c 'sleep 0.1; exit $(({} % 7 == 0))'
  pooltop run -k convert {} {.}.png ::: *.jpg
  find . -name '*.log' -print0 | pooltop run -0 gzip
  pooltop run --shell 'zcat {} | wc -l' ::: *.gz";

/// What an exit code means.
#[must_use]
pub fn exit_codes() -> &'static [(u8, &'static str)] {
    &[
        (0, "everything is done"),
        (1, "a task failed, or something that was asked for is not done"),
        (2, "the command line or the scenario is wrong; nothing was started"),
        (3, "the run could not be recorded, or not any more; no new task was started"),
        (4, "interrupted with work left"),
        (70, "an error of the program itself"),
        (141, "standard output was closed by its reader (as in `| head`)"),
    ]
}

/// Prints completions for that shell.
pub fn completions(shell: clap_complete::Shell, out: &mut dyn Write) {
    clap_complete::generate(shell, &mut Cli::command(), "pooltop", out);
}

/// Prints the man page: the program, each of its commands, exit codes, and the keys, handed over in roff.
pub fn man(keys: &str, out: &mut dyn Write) -> std::io::Result<()> {
    let command = Cli::command();
    let page = Man::new(command.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = sub.get_name().to_uppercase();
        let mut heading = Roff::new();
        heading.control("SH", ["COMMAND", name.as_str()]);
        heading.to_writer(out)?;
        let page = Man::new(sub.clone().bin_name(format!("pooltop {}", sub.get_name())));
        page.render_description_section(out)?;
        page.render_options_section(out)?;
    }
    writeln!(out, ".SH KEYS\n{}", keys.trim_end())?;
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT", "STATUS"]);
    for (code, meaning) in exit_codes() {
        roff.control("TP", []);
        roff.text([bold(code.to_string())]);
        roff.text([roman(*meaning)]);
    }
    roff.to_writer(out)?;
    page.render_extra_section(out)?;
    page.render_version_section(out)
}
