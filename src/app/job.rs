//! What a run is to do, put together from the command line: its policy, its size, and where its tasks come from.
//! It does not know the pool or the front ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::feed::{CopySource, Feed, Part, copy_plan};
use super::made::{Found, Made};
use super::{Refusal, asked};
use crate::cli::{Copy, Flags, Inputs, Run};
use crate::event::{Elapsed, Policy, RunKind, Story, Strategy};
use crate::journal::{CopyRef, ScenarioRef};
use crate::notation::PoolSize;
use crate::pool::{Launcher, Timed};
use crate::scenario::{CopyWhat, DEFAULT, LauncherSpec, Plan, PolicyOverrides, TreeSpec, builtin, load, make_tree};
use crate::source;
use crate::task::{Program, RawText, Shell, Template, Verify};

/// How much of a stream is kept where nobody asks for it.
const OUTPUT_BYTES_MAX: u64 = 64 << 20;

/// One run.
pub(super) struct Job {
    pub title: String,
    pub kind: RunKind,
    pub policy: Policy,
    pub target: u32,
    pub cpus: u32,
    pub timed: Vec<Timed>,
    pub strategy: Strategy,
    /// What functions do, if there are some.
    pub program: Option<Arc<Program>>,
    pub story: Option<Story>,
    /// Where it comes from, if it is a scenario that has a name.
    pub scenario: Option<ScenarioRef>,
    /// Told before the run.
    pub warnings: Vec<String>,
    /// How its pool's workers are started, if not as children.
    pub launcher: Option<Launcher>,
    pub feed: Feed,
    pub output_bytes_max: u64,
    pub keep_order: crate::headless::Order,
    pub flags: Flags,
    /// Trees made for the run; removed with it.
    pub made: Vec<Made>,
}

/// Where a scenario's folders are, and what its copies come to.
pub(super) enum Ground<'a> {
    /// That is found out now.
    New,
    /// A run that is gone on with found it out when it began.
    Former { made: std::slice::Iter<'a, RawText>, copies: std::slice::Iter<'a, CopyRef>, made_again: Vec<PathBuf> },
}

impl Job {
    /// A demo, the default one if no name is given.
    pub(super) fn builtin(name: Option<&str>, flags: Flags) -> Result<Self, Refusal> {
        let name = name.unwrap_or(DEFAULT);
        Self::of_scenario(name.into(), builtin(name)?.plan(flags.seed, asked::language(&flags))?, flags)
    }

    /// A scenario from a file.
    pub(super) fn play(file: &Path, flags: Flags) -> Result<Self, Refusal> {
        let plan = load(file, flags.seed, asked::language(&flags))?;
        Self::of_scenario(RawText::from(file.as_os_str()), plan, flags)
    }

    fn of_scenario(name: RawText, plan: Plan, flags: Flags) -> Result<Self, Refusal> {
        let hash = plan.text_hash.clone();
        Ok(Self { scenario: Some(ScenarioRef { name, hash }), ..Self::of_plan(plan, flags)? })
    }

    /// `pooltop copy`
    pub(super) fn copy(copy: &Copy) -> Result<Self, Refusal> {
        let (sources, target) = copy.split();
        let plan = source::plan(sources, target).map_err(|error| Refusal::usage(&error))?;
        let verify = if copy.verify { Verify::Contents } else { Verify::No };
        let shown: Vec<_> = copy.paths.iter().map(|path| path.to_string_lossy()).collect();
        let mut job = Self::new(format!("copy {}", shown.join(" ")), RunKind::Copy, copy.flags.clone());
        job.feed.parts.push(Part::Copy(CopySource::new(plan, verify)));
        Ok(job)
    }

    /// `pooltop run`
    pub(super) fn run(run: &Run) -> Result<Self, Refusal> {
        let words = run.split()?;
        let shown: Vec<_> = words.command.iter().map(RawText::lossy).collect();
        let mut job = Self::new(format!("run {}", shown.join(" ")), RunKind::Command, run.flags.clone());
        let shell = if run.shell { Shell::Sh } else { Shell::No };
        let template = Arc::new(Template { argv: words.command, shell });
        let inputs = match words.inputs {
            Inputs::Words(words) => source::Inputs::Words(words),
            Inputs::Stdin => {
                source::Inputs::Reader { name: "standard input".to_owned(), from: Box::new(std::io::stdin()) }
            }
            Inputs::File(path) => {
                let file = std::fs::File::open(&path)
                    .map_err(|error| Refusal::usage(&format!("read inputs from {}: {error}", path.display())))?;
                source::Inputs::Reader { name: path.display().to_string(), from: Box::new(file) }
            }
        };
        let separator = if run.null { source::Separator::Nul } else { source::Separator::Newline };
        job.feed.parts.push(Part::Lines { template, list: source::List::new(inputs, separator) });
        job.output_bytes_max = run.output_max;
        job.keep_order = if run.keep_order { crate::headless::Order::AsGiven } else { crate::headless::Order::AsEnded };
        Ok(job)
    }

    /// One that does nothing yet.
    pub(super) fn bare(kind: RunKind, flags: Flags) -> Self {
        Self::new(String::new(), kind, flags)
    }

    fn new(title: String, kind: RunKind, flags: Flags) -> Self {
        let cpus = asked::cpus();
        let seed = flags.seed.unwrap_or_else(asked::any_seed);
        Self {
            title,
            kind,
            policy: asked::policy(&flags, &PolicyOverrides::default(), seed),
            target: flags.jobs.unwrap_or(PoolSize::CPUS).resolve(cpus),
            cpus,
            timed: Vec::new(),
            strategy: Strategy::default(),
            program: None,
            story: None,
            scenario: None,
            warnings: Vec::new(),
            launcher: None,
            feed: Feed::default(),
            output_bytes_max: OUTPUT_BYTES_MAX,
            keep_order: crate::headless::Order::AsEnded,
            flags,
            made: Vec::new(),
        }
    }

    /// A scenario that was read already.
    pub(super) fn of_plan(plan: Plan, flags: Flags) -> Result<Self, Refusal> {
        Self::of_plan_on(&mut Ground::New, plan, flags)
    }

    /// The same on such ground.
    pub(super) fn of_plan_on(ground: &mut Ground<'_>, plan: Plan, flags: Flags) -> Result<Self, Refusal> {
        let mut job = Self::new(plan.title.clone(), RunKind::Scenario, flags);
        job.policy = asked::policy(&job.flags, &plan.policy, plan.seed);
        job.target = job.flags.jobs.unwrap_or(plan.pool).resolve(job.cpus);
        let speed = u64::from(job.policy.speed_milli.max(1));
        let timed = plan.timed.iter().map(|timed| Timed {
            at: Elapsed(timed.at_ms.saturating_mul(1_000_000) / speed),
            command: timed.command.clone(),
        });
        job.timed = timed.collect();
        job.strategy = plan.strategy;
        job.story.clone_from(&plan.story);
        job.warnings.clone_from(&plan.warnings);
        if let Some(program) = &plan.program {
            let mut program = program.clone();
            for (tree, spec) in program.trees.iter_mut().zip(&plan.trees) {
                let (from, to) = job.tree(ground, spec)?;
                std::fs::create_dir_all(&to).context("make a folder for copies").map_err(Refusal::Internal)?;
                (tree.from, tree.to) = (RawText::from(from.as_os_str()), RawText::from(to.as_os_str()));
            }
            job.program = Some(Arc::new(program));
        }
        job.launcher = plan.launcher.as_ref().map(launcher).transpose()?;
        let mut copies = Vec::new();
        for copy in &plan.copies {
            copies.push((copy.after_tasks, job.copy_source(ground, copy.what.clone(), copy.verify)?));
        }
        job.feed.parts.push(Part::Plan { plan: Box::new(plan), copies, begun: 0 });
        Ok(job)
    }

    fn copy_source(&mut self, ground: &mut Ground<'_>, what: CopyWhat, verify: Verify) -> Result<CopySource, Refusal> {
        let (from, to) = match what {
            CopyWhat::Paths { from, to } => (from, to),
            CopyWhat::Tree(spec) => self.tree(ground, &spec)?,
        };
        let plan = match ground {
            Ground::New => source::plan(&[from], &to).map_err(|error| Refusal::usage(&error))?,
            Ground::Former { copies, .. } => copy_plan(copies.next().ok_or_else(too_little)?),
        };
        Ok(CopySource::new(plan, verify))
    }

    /// Makes a tree that goes with the run: where it is, and where its copy is to be.
    fn tree(&mut self, ground: &mut Ground<'_>, spec: &TreeSpec) -> Result<(PathBuf, PathBuf), Refusal> {
        let (folder, found) = match ground {
            Ground::New => {
                let folder = Made::new().context("make a temporary folder").map_err(Refusal::Internal)?;
                (folder, Found::Anew)
            }
            Ground::Former { made, made_again, .. } => {
                let path = Path::new(made.next().ok_or_else(too_little)?.as_os());
                let (folder, found) = Made::former(path).map_err(|error| {
                    Refusal::usage(&format!("use the tree that was made for the run, {}: {error}", path.display()))
                })?;
                if found == Found::Anew {
                    made_again.push(path.to_owned());
                }
                (folder, found)
            }
        };
        let (from, to) = (folder.path().join("original"), folder.path().join("copy"));
        self.made.push(folder);
        if found == Found::Anew {
            std::fs::create_dir(&from)
                .and_then(|()| make_tree(spec, &from))
                .context("make the demo's tree")
                .map_err(Refusal::Internal)?;
        }
        Ok((from, to))
    }
}

/// A header that does not name all that the scenario has.
fn too_little() -> Refusal {
    Refusal::usage(&"go on with the run: its journal does not name all folders of the scenario")
}

/// Without a name of its own the program is this very one: right for a launcher that stays on this machine, and for machines
/// that have it in the same place.
fn launcher(spec: &LauncherSpec) -> Result<Launcher, Refusal> {
    let program = if let Some(program) = &spec.program {
        RawText::from(program.as_str())
    } else {
        let own = std::env::current_exe().context("find this program's own file").map_err(Refusal::Internal)?;
        RawText::from(own.as_os_str())
    };
    let argv = spec.argv.iter().map(|word| RawText::from(word.as_str())).collect();
    Launcher::new(argv, program).map_err(|error| Refusal::usage(&error))
}
