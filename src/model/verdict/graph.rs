//! Who could let whom go on, where nothing goes on. PURE.
//! It has no words for it.

use std::collections::{HashMap, VecDeque};

use crate::model::calls::{Wait, WaitOn};
use crate::model::objects::Held;
use crate::model::state::State;
use crate::task::{Call, How, ObjectId, Place, TaskId, ThreadId, Use, Work};

/// So many are remembered of those who could do the same; each of them waits.
const USERS_MAX: usize = 64;

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

/// All who wait, and what those who have not ended can do.
pub(super) struct Graph<'a> {
    state: &'a State,
    users: HashMap<Use, Vec<TaskId>>,
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
        let mut users: HashMap<Use, Vec<TaskId>> = HashMap::new();
        for (number, record) in (0..).zip(&state.tasks) {
            let Work::Steps(call) = &record.spec.work else { continue };
            if record.status.is_final() {
                continue;
            }
            for used in &call.uses {
                let users = users.entry(*used).or_default();
                if users.len() < USERS_MAX && users.last() != Some(&TaskId(number)) {
                    users.push(TaskId(number));
                }
            }
        }
        Self { state, users }
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
    pub(super) fn permit_holders(&self, semaphore: ObjectId) -> Vec<TaskId> {
        let holders = self.state.objects.get(semaphore).into_iter().flat_map(|object| &object.holders);
        holders.filter(|holder| matches!(holder.what, Held::Permits(_))).map(|holder| holder.task).collect()
    }

    /// Those of them that ended without giving theirs back.
    pub(super) fn left_behind(&self, semaphore: ObjectId) -> Vec<TaskId> {
        let left = |task: &TaskId| self.state.objects.left_behind(semaphore, *task) > 0;
        self.permit_holders(semaphore).into_iter().filter(left).collect()
    }

    /// Why nothing goes on: somebody whom nobody can help, or else those who wait for each other.
    pub(super) fn cause(&self) -> Option<Cause> {
        if let Some(node) = self.waiting().find(|&node| self.helpers(node).is_empty()) {
            return Some(Cause::Alone(node));
        }
        let circle = self.circle()?;
        let shortest = circle.iter().filter_map(|&node| self.shortest_through(node)).min_by_key(Vec::len);
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
        while let Some(node) = next.pop_front() {
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
            Call::Recv { pipe, end, .. } => self.state.objects.get(pipe).map_or_else(Vec::new, |object| {
                let other = Held::End(end.other());
                let holders = object.holders.iter().filter(|holder| holder.what == other);
                holders.map(|holder| holder.task).take(USERS_MAX).collect()
            }),
            Call::Acquire { semaphore, .. } => self.who_releases(semaphore),
            Call::Await { first, count, .. } | Call::Join { first, count, .. } => {
                let all = (first.0..first.0.saturating_add(count)).map(TaskId);
                all.filter(|&task| self.is_unfinished(task)).take(USERS_MAX).collect()
            }
            Call::JoinPool => {
                let all = (0..).zip(&self.state.tasks).filter(|(_, record)| record.spec.place == Place::Pool);
                all.map(|(number, _)| TaskId(number)).filter(|&task| self.is_unfinished(task)).take(USERS_MAX).collect()
            }
            _ => Vec::new(),
        };
        self.nodes_of(&tasks, task, thread)
    }

    fn who_releases(&self, semaphore: ObjectId) -> Vec<TaskId> {
        if !self.left_behind(semaphore).is_empty() {
            return Vec::new();
        }
        let holders = self.permit_holders(semaphore);
        if holders.is_empty() { self.users(semaphore, How::Releases) } else { holders }
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
        let place = |task: TaskId| self.state.task(task).map(|record| record.spec.place);
        let same = self.waiting().filter(|node| place(node.task()) == place(idle));
        let nodes: Vec<Node> = same.take(USERS_MAX).collect();
        // A later stage waits for whatever there is.
        if nodes.is_empty() { self.waiting().take(USERS_MAX).collect() } else { nodes }
    }

    fn users(&self, object: ObjectId, how: How) -> Vec<TaskId> {
        self.users.get(&Use { object, how }).cloned().unwrap_or_default()
    }

    fn is_unfinished(&self, task: TaskId) -> bool {
        self.state.task(task).is_some_and(|record| !record.status.is_final())
    }
}
