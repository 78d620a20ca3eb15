//! Who could let whom go on, where nothing goes on. PURE.
//! It has no words for it.

use std::collections::{HashMap, VecDeque};

use crate::model::calls::{Wait, WaitOn};
use crate::model::objects::Held;
use crate::model::state::State;
use crate::model::task::Task;
use crate::task::{Call, End, How, ObjectId, Place, TaskId, ThreadId, Use, Work};

/// So many are remembered of those who could do the same; each of them waits.
const USERS_MAX: usize = 64;

/// So many holders of one semaphore's permits are remembered.
const HOLDERS_MAX: usize = 1000;

/// From so many places in a circle a shorter one is looked for, and so far.
const STARTS_MAX: usize = 32;
const SEEN_MAX: usize = 10_000;

/// Somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// A thread, for the answer to a call or for a lock.
    Thread(TaskId, ThreadId),
    /// A task, for somebody to do it.
    Idle(TaskId),
}

/// Why nothing goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Nobody is left who could help this one.
    Alone(Node),
    /// Each of these waits for the next, the last for the first.
    Circle(Vec<Node>),
}

/// All who wait, and what those who have not ended can do. Looked up once: there may be many of both.
pub(super) struct Graph<'a> {
    state: &'a State,
    users: HashMap<Use, Vec<TaskId>>,
    /// Tasks that have not ended, in order; some of them that are the pool's.
    unfinished: Vec<TaskId>,
    of_pool: Vec<TaskId>,
    /// Who has which end of a pipe, and who has permits.
    ends: HashMap<(ObjectId, End), Vec<TaskId>>,
    permits: HashMap<ObjectId, Vec<TaskId>>,
    /// Who waits, by where it is done; the last: anywhere.
    waiting: HashMap<Option<Place>, Vec<Node>>,
}

impl Node {
    pub(super) fn task(self) -> TaskId {
        match self {
            Self::Thread(task, _) | Self::Idle(task) => task,
        }
    }
}

impl<'a> Graph<'a> {
    pub(super) fn new(state: &'a State) -> Self {
        let (ends, permits, waiting) = (HashMap::new(), HashMap::new(), HashMap::new());
        let (users, unfinished, of_pool) = (HashMap::new(), Vec::new(), Vec::new());
        let mut graph = Self { state, users, unfinished, of_pool, ends, permits, waiting };
        graph.look_at_tasks();
        graph.look_at_holders();
        let waiting: Vec<Node> = graph.waiting().collect();
        for node in waiting {
            let place = state.task(node.task()).map(|record| record.spec.place);
            for place in [place, None] {
                let nodes = graph.waiting.entry(place).or_default();
                if nodes.len() < USERS_MAX {
                    nodes.push(node);
                }
            }
        }
        graph
    }

    fn look_at_tasks(&mut self) {
        let unfinished = |(_, record): &(u32, &Task)| !record.status.is_final();
        for (number, record) in (0..).zip(&self.state.tasks).filter(unfinished) {
            let task = TaskId(number);
            self.unfinished.push(task);
            if record.spec.place == Place::Pool && self.of_pool.len() < USERS_MAX {
                self.of_pool.push(task);
            }
            let Work::Steps(call) = &record.spec.work else { continue };
            for used in &call.uses {
                let users = self.users.entry(*used).or_default();
                if users.len() < USERS_MAX && users.last() != Some(&task) {
                    users.push(task);
                }
            }
        }
    }

    fn look_at_holders(&mut self) {
        for (id, object) in self.state.objects.iter() {
            for holder in &object.holders {
                let (holders, most) = match holder.what {
                    Held::End(end) => (self.ends.entry((id, end)).or_default(), USERS_MAX),
                    Held::Permits(_) => (self.permits.entry(id).or_default(), HOLDERS_MAX),
                    Held::Transfer { .. } => continue,
                };
                if holders.len() < most {
                    holders.push(holder.task);
                }
            }
        }
    }

    /// Everybody who waits with a thread, in the order of tasks.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Node> + '_ {
        self.state
            .threads
            .stuck()
            .flat_map(|task| self.state.threads.of(task).iter().map(move |thread| Node::Thread(task, thread.id)))
    }

    pub(super) fn wait(&self, node: Node) -> Option<&'a Wait> {
        match node {
            Node::Thread(task, thread) => self.state.threads.get((task, thread))?.wait.as_ref(),
            Node::Idle(_) => None,
        }
    }

    pub(super) fn call(&self, node: Node) -> Option<&'a Call> {
        match &self.wait(node)?.on {
            WaitOn::Call(call) => Some(call),
            WaitOn::Lock { .. } => None,
        }
    }

    /// Whether it waits for something that others have and would give back: a permit, a lock.
    pub(super) fn waits_to_have(&self, node: Node) -> bool {
        match self.wait(node).map(|wait| &wait.on) {
            Some(WaitOn::Lock { .. }) => true,
            Some(WaitOn::Call(Call::Acquire { semaphore, .. })) => !self.permit_holders(*semaphore).is_empty(),
            _ => false,
        }
    }

    /// Tasks that have permits, ended ones too.
    pub(super) fn permit_holders(&self, semaphore: ObjectId) -> &[TaskId] {
        self.permits.get(&semaphore).map_or(&[], Vec::as_slice)
    }

    /// Those of these tasks that have not ended.
    pub(super) fn unfinished(&self, first: TaskId, count: u32) -> &[TaskId] {
        let place = |number: u32| self.unfinished.partition_point(|task| task.0 < number);
        &self.unfinished[place(first.0)..place(first.0.saturating_add(count))]
    }

    /// Those of them that ended without giving theirs back.
    pub(super) fn left_behind(&self, semaphore: ObjectId) -> Vec<TaskId> {
        let left = |task: &TaskId| self.state.objects.left_behind(semaphore, *task) > 0;
        self.permit_holders(semaphore).iter().copied().filter(left).collect()
    }

    /// Why nothing goes on: somebody whom nobody can help, or else those who wait for each other.
    pub(super) fn cause(&self) -> Option<Cause> {
        if let Some(node) = self.waiting().find(|&node| self.helpers(node).is_empty()) {
            return Some(Cause::Alone(node));
        }
        let circle = self.circle()?;
        let shortest =
            circle.iter().take(STARTS_MAX).filter_map(|&node| self.shortest_through(node)).min_by_key(Vec::len);
        Some(Cause::Circle(self.beginning_at_an_object(shortest.unwrap_or(circle))))
    }

    /// Everybody has somebody to wait for, so going from one to the next comes back to where it was.
    fn circle(&self) -> Option<Vec<Node>> {
        let mut path: Vec<Node> = Vec::new();
        let mut seen: HashMap<Node, usize> = HashMap::new();
        let mut node = self.waiting().next()?;
        loop {
            if let Some(&at) = seen.get(&node) {
                return Some(path.split_off(at));
            }
            seen.insert(node, path.len());
            path.push(node);
            node = *self.helpers(node).first()?;
        }
    }

    fn shortest_through(&self, start: Node) -> Option<Vec<Node>> {
        let mut from: HashMap<Node, Node> = HashMap::new();
        let mut next = VecDeque::from([start]);
        while let Some(node) = next.pop_front().filter(|_| from.len() < SEEN_MAX) {
            for helper in self.helpers(node) {
                if helper == start {
                    let mut circle = vec![node];
                    while let Some(&before) = from.get(circle.last()?).filter(|_| circle.last() != Some(&start)) {
                        circle.push(before);
                    }
                    circle.reverse();
                    return Some(circle);
                }
                if let std::collections::hash_map::Entry::Vacant(entry) = from.entry(helper) {
                    entry.insert(node);
                    next.push_back(helper);
                }
            }
        }
        None
    }

    /// A circle is told from the one who waits for an object: those who wait for tasks only wait for that.
    fn beginning_at_an_object(&self, mut circle: Vec<Node>) -> Vec<Node> {
        let rank = |node: &Node| (self.call(*node).is_none_or(|call| call.object().is_none()), node.task());
        let first = circle.iter().enumerate().min_by_key(|(_, node)| rank(node)).map_or(0, |(at, _)| at);
        circle.rotate_left(first);
        circle
    }

    /// Those of whom one, if it went on, could let this one go on.
    pub(super) fn helpers(&self, node: Node) -> Vec<Node> {
        let (task, thread) = match node {
            Node::Idle(task) => return self.occupants(task),
            Node::Thread(task, thread) => (task, thread),
        };
        let Some(wait) = self.wait(node) else { return Vec::new() };
        let call = match &wait.on {
            WaitOn::Lock { holder, .. } => return vec![Node::Thread(task, *holder)],
            WaitOn::Call(call) => call,
        };
        let tasks = match *call {
            Call::JoinThread { thread } => return vec![Node::Thread(task, thread)],
            Call::Get { queue, .. } => self.users(queue, How::Puts),
            Call::Put { queue, .. } => self.users(queue, How::Gets),
            Call::WaitEvent { event, .. } => self.users(event, How::Sets),
            Call::Recv { pipe, end, .. } => self.ends.get(&(pipe, end.other())).cloned().unwrap_or_default(),
            Call::Acquire { semaphore, .. } => self.who_releases(semaphore),
            Call::Await { first, count, .. } | Call::Join { first, count, .. } => {
                self.unfinished(first, count).iter().copied().take(USERS_MAX).collect()
            }
            Call::JoinPool => self.of_pool.clone(),
            _ => Vec::new(),
        };
        self.nodes_of(&tasks, task, thread)
    }

    fn who_releases(&self, semaphore: ObjectId) -> Vec<TaskId> {
        if !self.left_behind(semaphore).is_empty() {
            return Vec::new();
        }
        let holders = self.permit_holders(semaphore);
        if holders.is_empty() { self.users(semaphore, How::Releases) } else { holders.to_vec() }
    }

    /// Others first; who has nobody but itself waits for itself.
    fn nodes_of(&self, tasks: &[TaskId], own: TaskId, thread: ThreadId) -> Vec<Node> {
        let me = Node::Thread(own, thread);
        let mut nodes: Vec<Node> = Vec::new();
        for &task in tasks {
            let threads = self.state.threads.of(task);
            nodes.extend(threads.iter().map(|thread| Node::Thread(task, thread.id)).filter(|&node| node != me));
            if threads.is_empty() {
                nodes.push(Node::Idle(task));
            }
        }
        if nodes.is_empty() && tasks.contains(&own) {
            nodes.push(me);
        }
        nodes
    }

    /// Those who have what a waiting task needs: the workers, or the parent's attention.
    fn occupants(&self, idle: TaskId) -> Vec<Node> {
        let place = self.state.task(idle).map(|record| record.spec.place);
        // A later stage waits for whatever there is.
        self.waiting.get(&place).or_else(|| self.waiting.get(&None)).cloned().unwrap_or_default()
    }

    fn users(&self, object: ObjectId, how: How) -> Vec<TaskId> {
        self.users.get(&Use { object, how }).cloned().unwrap_or_default()
    }
}
