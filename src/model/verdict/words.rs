//! Verdicts as people read them: who waits for whom, and what would help. PURE.
//! It does not find out who waits for whom.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::graph::{Cause, Graph, Node};
use crate::event::{Phase, Verdict};
use crate::model::calls::WaitOn;
use crate::model::objects::Held;
use crate::model::state::State;
use crate::model::task::Status;
use crate::task::{Call, End, How, ObjectId, Place, TaskId, ThreadId, Use, Work};

/// So many waits are told one by one.
const WAITS_MAX: usize = 40;

/// So many of a circle are told one by one.
const CIRCLE_MAX: usize = 24;

/// So many names are told in one sentence.
const NAMES_MAX: usize = 6;

/// What is told of a state in which nothing goes on.
pub(super) fn verdict(state: &State) -> Verdict {
    let teller = Teller { state, graph: Graph::new(state), titles: titles(state) };
    let (text, advice) = match teller.graph.cause() {
        Some(Cause::Alone(node)) => (teller.alone(node), teller.advice_alone(node)),
        Some(Cause::Circle(circle)) => (teller.circle(&circle), teller.advice_circle(&circle)),
        None => ("everything waits and nothing can go on".to_owned(), None),
    };
    let advice = teller.with_pool(advice);
    Verdict { text: text.into(), waits: teller.waits(), advice: advice.map(Into::into) }
}

struct Teller<'a> {
    state: &'a State,
    graph: Graph<'a>,
    /// How many of those that wait have this title.
    titles: HashMap<String, u32>,
}

fn titles(state: &State) -> HashMap<String, u32> {
    let mut titles = HashMap::new();
    for task in state.threads.stuck().filter_map(|task| state.task(task)) {
        *titles.entry(task.spec.title().into_owned()).or_default() += 1;
    }
    titles
}

impl Teller<'_> {
    fn task(&self, task: TaskId) -> String {
        let Some(record) = self.state.task(task) else { return format!("task {task}") };
        let title = record.spec.title();
        match self.titles.get(&*title) {
            _ if record.spec.place == Place::Main => "the parent".to_owned(),
            Some(2..) => format!("{title} (task {task})"),
            _ => title.into_owned(),
        }
    }

    fn name(&self, node: Node) -> String {
        let Node::Thread(task, id) = node else { return self.task(node.task()) };
        let threads = self.state.threads.of(task);
        let thread = threads.iter().find(|thread| thread.id == id && (threads.len() > 1 || id != ThreadId::FIRST));
        match thread {
            Some(thread) => format!("thread {} of {}", thread.name, self.task(task)),
            None => self.task(task),
        }
    }

    fn names(&self, tasks: &[TaskId]) -> String {
        let told: Vec<String> = tasks.iter().take(NAMES_MAX).map(|&task| self.task(task)).collect();
        let more = tasks.len().saturating_sub(NAMES_MAX);
        match (told.split_last(), more) {
            (None, _) => String::new(),
            (Some((last, [])), 0) => last.clone(),
            (Some((last, others)), 0) => format!("{} and {last}", others.join(", ")),
            (Some(_), more) => format!("{} and {more} more", told.join(", ")),
        }
    }

    fn title(&self, id: ObjectId) -> String {
        self.state.objects.get(id).map(crate::model::Object::title).unwrap_or_default()
    }

    fn object(&self, id: ObjectId) -> &str {
        self.state.objects.get(id).map_or("", |object| &object.spec.name)
    }

    fn end(&self, pipe: ObjectId, end: End) -> &str {
        self.state.objects.get(pipe).map_or("", |object| object.end_name(end))
    }

    /// What it is at, as a verb and what follows.
    fn phrase(&self, node: Node) -> String {
        let Some(wait) = self.graph.wait(node) else { return self.idle(node.task()).to_owned() };
        let call = match &wait.on {
            WaitOn::Lock { name, .. } => return format!("waits for lock {name}"),
            WaitOn::Call(call) => call,
        };
        match *call {
            Call::Get { queue, .. } => format!("is blocked in get on queue {}, which is empty", self.object(queue)),
            Call::Put { queue, .. } => format!("is blocked in put on queue {}, which is full", self.object(queue)),
            Call::Recv { pipe, .. } => format!("waits in recv on pipe {}", self.object(pipe)),
            Call::Acquire { semaphore, .. } => format!("waits for semaphore {}", self.object(semaphore)),
            Call::WaitEvent { event, .. } => format!("waits for event {}", self.object(event)),
            Call::Await { first, count, .. } => format!("waits for the result of {}", self.rest_of(first, count)),
            Call::Join { first, count, .. } => format!("waits for {} to end", self.rest_of(first, count)),
            Call::JoinThread { thread } => {
                format!("waits for {} to end", self.name(Node::Thread(node.task(), thread)))
            }
            Call::JoinPool => "waits for the pool's tasks to end".to_owned(),
            _ => format!("waits in {}", call.verb()),
        }
    }

    /// What a task waits for that nobody is at.
    fn idle(&self, task: TaskId) -> &'static str {
        match self.place(task) {
            Some(Place::Parent) => "waits for the parent, which does one task after the other",
            Some(Place::Pool) if self.state.target == 0 => "waits for a worker, and the pool has none",
            _ => "waits for a worker",
        }
    }

    fn place(&self, task: TaskId) -> Option<Place> {
        self.state.task(task).map(|record| record.spec.place)
    }

    fn rest_of(&self, first: TaskId, count: u32) -> String {
        self.names(self.graph.unfinished(first, count))
    }

    /// Somebody whom nobody can help.
    fn alone(&self, node: Node) -> String {
        let (name, phrase) = (self.name(node), self.phrase(node));
        let Some(call) = self.graph.call(node) else { return format!("{name} {phrase}, and nothing changes that") };
        let nobody = |object, how, what: &str, who: &str| {
            let last = self.last_user(Use { object, how });
            let last = last.map(|task| format!("; its last {who}, {}, has ended", self.task(task)));
            format!("{name} {phrase}, and nobody is left who {what} it{}", last.unwrap_or_default())
        };
        match *call {
            Call::Get { queue, .. } => nobody(queue, How::Puts, "puts to", "putter"),
            Call::Put { queue, .. } => nobody(queue, How::Gets, "gets from", "getter"),
            Call::WaitEvent { event, .. } => nobody(event, How::Sets, "sets", "setter"),
            Call::Acquire { semaphore, .. } => {
                let left = self.graph.left_behind(semaphore);
                if left.is_empty() {
                    return nobody(semaphore, How::Releases, "releases", "releaser");
                }
                let all = self.graph.permit_holders(semaphore);
                let what = match (all.len() == left.len(), self.permits(semaphore)) {
                    (true, 1) => "its only permit is".to_owned(),
                    (true, many) => format!("all {many} permits are"),
                    (false, _) => "some of its permits are".to_owned(),
                };
                format!("{name} {phrase}: {what} held by {}, which ended without releasing", self.names(&left))
            }
            _ => format!("{name} {phrase}, and nothing changes that"),
        }
    }

    fn permits(&self, semaphore: ObjectId) -> u32 {
        let holders = self.state.objects.get(semaphore).into_iter().flat_map(|object| &object.holders);
        let permits = |held| if let Held::Permits(permits) = held { permits } else { 0 };
        holders.map(|holder| permits(holder.what)).sum()
    }

    /// The last task to end of those that could have helped.
    fn last_user(&self, used: Use) -> Option<TaskId> {
        let could = |work: &Work| matches!(work, Work::Steps(call) if call.uses.contains(&used));
        let ended = (0..).zip(&self.state.tasks).filter(|(_, record)| record.status.is_final());
        let users = ended.filter(|(_, record)| record.attempts > 0 && could(&record.spec.work));
        users.max_by_key(|(_, record)| record.ended).map(|(number, _)| TaskId(number))
    }

    fn circle(&self, circle: &[Node]) -> String {
        match circle {
            &[node] => self.alone_with_itself(node),
            _ if circle.iter().all(|&node| self.graph.waits_to_have(node)) => self.holders_in_circle(circle),
            _ => {
                let mut text = format!("{} {}", self.name(circle[0]), self.phrase(circle[0]));
                for pair in circle.windows(2).take(CIRCLE_MAX) {
                    text.push_str("; ");
                    text.push_str(&self.next_in_circle(pair[0], pair[1]));
                }
                text.push_str(&more_of(circle.len().saturating_sub(CIRCLE_MAX + 1)));
                let (last, first) = (circle[circle.len() - 1], circle[0]);
                if let Some(role) = self.role(last, first) {
                    let _ = write!(text, ", and it is {} {role}", self.name(first));
                }
                text
            }
        }
    }

    fn alone_with_itself(&self, node: Node) -> String {
        let (name, phrase) = (self.name(node), self.phrase(node));
        match self.graph.call(node) {
            Some(Call::Get { .. }) => format!("{name} {phrase}, and nobody is left who puts to it but {name} itself"),
            Some(Call::Put { .. }) => format!("{name} {phrase}, and nobody is left who gets from it but {name} itself"),
            Some(Call::WaitEvent { .. }) => format!("{name} {phrase}, which nobody sets but {name} itself"),
            Some(Call::Recv { pipe, end, .. }) => {
                let end = self.end(*pipe, end.other());
                format!(
                    "{name} {phrase}, of which nobody has the other end but {name} itself, which holds end {end} open"
                )
            }
            Some(Call::Acquire { .. }) | None => format!("{name} {phrase}, which it holds itself"),
            Some(_) => format!("{name} {phrase}, which is itself"),
        }
    }

    /// "fork 1 is held by philosopher 1, who waits for fork 2, held by ...: a deadlock".
    fn holders_in_circle(&self, circle: &[Node]) -> String {
        let mut text = String::new();
        let mut wanted = self.wanted(circle[circle.len() - 1]);
        for (place, &node) in circle.iter().enumerate().take(CIRCLE_MAX) {
            let next = self.wanted(node);
            let start = if place == 0 { format!("{wanted} is") } else { ",".to_owned() };
            let _ = write!(text, "{start} held by {}, who waits for {next}", self.name(node));
            wanted = next;
        }
        text.push_str(&more_of(circle.len().saturating_sub(CIRCLE_MAX)));
        // The word to look it up by.
        text + ": a deadlock"
    }

    fn wanted(&self, node: Node) -> String {
        match self.graph.wait(node).map(|wait| &wait.on) {
            Some(WaitOn::Lock { name, .. }) => format!("lock {name}"),
            Some(WaitOn::Call(call)) => call.object().map(|id| self.object(id).to_owned()).unwrap_or_default(),
            None => String::new(),
        }
    }

    fn next_in_circle(&self, node: Node, next: Node) -> String {
        let (name, phrase) = (self.name(next), self.phrase(next));
        match self.graph.call(node) {
            Some(Call::Recv { pipe, end, .. }) if self.graph.helpers(node).len() == 1 => {
                let end = self.end(*pipe, end.other());
                format!("its last writer is {name}, which holds end {end} open and itself {phrase}")
            }
            _ => match self.role(node, next) {
                Some(role) => format!("{name}, {role}, {phrase}"),
                None => format!("{name} {phrase}"),
            },
        }
    }

    /// What the one is to the other who waits for it.
    fn role(&self, node: Node, next: Node) -> Option<String> {
        let role = match (node, self.graph.wait(node).map(|wait| &wait.on)) {
            // A program that waits for the pool has none of its workers.
            (Node::Idle(task), _) if self.place(task) != self.place(next.task()) => return None,
            (Node::Idle(task), _) if self.place(task) == Some(Place::Parent) => "which it is at",
            (Node::Idle(_), _) => "which has one",
            (_, Some(WaitOn::Lock { .. })) => "which holds it",
            (_, Some(WaitOn::Call(call))) => match *call {
                Call::Get { .. } => "which puts to it",
                Call::Put { .. } => "which gets from it",
                Call::Acquire { semaphore, .. } => {
                    let holds = self.graph.permit_holders(semaphore).contains(&next.task());
                    if holds { "which holds it" } else { "which releases it" }
                }
                Call::WaitEvent { .. } => "which sets it",
                Call::Recv { pipe, end, .. } => {
                    return Some(format!("which holds end {} open", self.end(pipe, end.other())));
                }
                _ => return None,
            },
            _ => return None,
        };
        Some(role.to_owned())
    }

    fn advice_alone(&self, node: Node) -> Option<String> {
        Some(match self.graph.call(node)? {
            Call::Get { .. } => {
                "put a sentinel when nothing more comes, one for each who gets, or get with a timeout".to_owned()
            }
            Call::Put { .. } => "get everything from the queue, or give it more room".to_owned(),
            Call::WaitEvent { .. } => "set the event, or wait with a timeout".to_owned(),
            Call::Acquire { .. } => "release it in every case, also where the work fails or returns early".to_owned(),
            _ => return None,
        })
    }

    fn advice_circle(&self, circle: &[Node]) -> Option<String> {
        let idle = circle.iter().find_map(|node| if let Node::Idle(task) = node { self.place(*task) } else { None });
        match idle {
            Some(Place::Pool) => {
                return Some("a larger pool would go on: press +, or start with more workers".to_owned());
            }
            Some(Place::Parent) => return Some("with another strategy they would be done at the same time".to_owned()),
            _ => {}
        }
        if circle.iter().all(|&node| self.graph.waits_to_have(node)) {
            return Some(match circle.len() {
                1 => "release it before taking it again".to_owned(),
                _ => "let everybody take them in the same order, for instance the one with the lower number first"
                    .to_owned(),
            });
        }
        circle.iter().zip(circle.iter().cycle().skip(1)).find_map(|(&node, &next)| match self.graph.call(node)? {
            Call::Recv { pipe, end, .. } => {
                let end = self.end(*pipe, end.other());
                Some(format!("close end {end} of pipe {} in {}", self.object(*pipe), self.task(next.task())))
            }
            Call::Put { .. } => Some("get everything from the queue before waiting for its putters".to_owned()),
            Call::Get { .. } => Some(
                "put something more before waiting, a sentinel for each who gets, or get with a timeout".to_owned(),
            ),
            _ => None,
        })
    }

    /// Tasks that wait for a worker could at least begin.
    fn with_pool(&self, advice: Option<String>) -> Option<String> {
        let waiting = self.state.queue.count(Place::Pool);
        let pool = "a larger pool would go on";
        if waiting == 0 || self.state.phase != Phase::Running || advice.as_ref().is_some_and(|it| it.contains(pool)) {
            return advice;
        }
        let begin = format!("with a larger pool (press +) tasks that wait could begin: {waiting}");
        Some(advice.map_or_else(|| begin.clone(), |advice| format!("{advice}; {begin}")))
    }

    /// Who waits for what and since when, a line each.
    fn waits(&self) -> Vec<Box<str>> {
        let all: Vec<Node> = self.graph.waiting().collect();
        let mut lines: Vec<Box<str>> = all.iter().take(WAITS_MAX).map(|&node| self.wait_line(node).into()).collect();
        if all.len() > WAITS_MAX {
            lines.push(format!("and {} more", all.len() - WAITS_MAX).into());
        }
        match self.state.count(Status::Waiting) {
            0 => {}
            1 => lines.push("1 task waits for a worker".into()),
            many => lines.push(format!("{many} tasks wait for a worker").into()),
        }
        lines
    }

    fn wait_line(&self, node: Node) -> String {
        let Some(wait) = self.graph.wait(node) else { return String::new() };
        let secs = self.state.now.since(wait.since).as_secs_f64();
        let on = match &wait.on {
            WaitOn::Lock { name, .. } => format!("for lock {name}"),
            WaitOn::Call(call) => match *call {
                Call::Await { first, count, .. } => format!("in result of {}", self.rest_of(first, count)),
                Call::Join { first, count, .. } => format!("in join of {}", self.rest_of(first, count)),
                Call::JoinPool => "in join of the pool".to_owned(),
                Call::JoinThread { thread } => {
                    format!("in join of {}", self.name(Node::Thread(node.task(), thread)))
                }
                _ => {
                    let object = call.object().map(|id| self.title(id)).unwrap_or_default();
                    format!("in {} on {object}", call.verb())
                }
            },
        };
        format!("{}: blocked {on} for {secs:.1} s", self.name(node))
    }
}

/// That a circle is longer than what is told of it.
fn more_of(more: usize) -> String {
    if more == 0 { String::new() } else { format!("; and so on with {more} more") }
}
