//! The verbs of steps, each with the keys that may stand beside it: the one list for the reader, its messages and the documentation.
//! It does not know what a verb leads to.

/// What a step does. Some verbs share a kind: what they are given decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Sleep,
    Print,
    Note,
    Compute,
    Set,
    Return,
    Fail,
    Exit,
    KillSelf,
    Repeat,
    For,
    When,
    Break,
    Put,
    PutNowait,
    Get,
    GetNowait,
    Empty,
    Send,
    Recv,
    Close,
    Acquire,
    Release,
    SetEvent,
    ClearEvent,
    WaitEvent,
    IsSet,
    Apply,
    ApplyAsync,
    Map,
    MapAsync,
    Start,
    Result,
    Join,
    Terminate,
    Thread,
    WithLock,
    Download,
    CopyFile,
    Run,
}

/// Who may do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Anyone,
    /// Only `[parent]`.
    Parent,
}

/// One verb.
#[derive(Debug)]
pub(super) struct VerbSpec {
    pub(super) verb: Verb,
    pub(super) name: &'static str,
    /// How a step with it is called in messages.
    pub(super) what: &'static str,
    /// All keys of such a step, the verb itself first.
    pub(super) keys: &'static [&'static str],
    pub(super) who: Who,
}

macro_rules! verbs {
    ($($verb:ident $name:literal $who:ident [$($key:literal),*]);* $(;)?) => {
        &[$(VerbSpec {
            verb: Verb::$verb,
            name: $name,
            what: concat!("a step with `", $name, "`"),
            keys: &[$name, $($key),*],
            who: Who::$who,
        }),*]
    };
}

/// All of them, in the order of the documentation.
pub(super) const VERBS: &[VerbSpec] = verbs! {
    Sleep "sleep" Anyone ["whole"];
    Print "print" Anyone [];
    Note "note" Anyone [];
    Compute "compute" Anyone [];
    Set "set" Anyone ["to"];
    Return "return" Anyone [];
    Fail "fail" Anyone [];
    Exit "exit" Anyone [];
    KillSelf "kill_self" Anyone [];
    Repeat "repeat" Anyone ["counter", "steps"];
    For "for" Anyone ["of", "steps"];
    When "when" Anyone ["steps", "else"];
    Break "break" Anyone [];
    Put "put" Anyone ["value", "timeout", "otherwise", "error"];
    PutNowait "put_nowait" Anyone ["value", "otherwise", "error"];
    Get "get" Anyone ["into", "timeout", "otherwise", "error"];
    GetNowait "get_nowait" Anyone ["into", "otherwise", "error"];
    Empty "empty" Anyone ["into", "otherwise", "error"];
    Send "send" Anyone ["value", "otherwise", "error"];
    Recv "recv" Anyone ["into", "timeout", "otherwise", "error"];
    Close "close" Anyone ["otherwise", "error"];
    Acquire "acquire" Anyone ["timeout", "otherwise", "error"];
    Release "release" Anyone ["otherwise", "error"];
    SetEvent "set_event" Anyone ["otherwise", "error"];
    ClearEvent "clear_event" Anyone ["otherwise", "error"];
    WaitEvent "wait_event" Anyone ["timeout", "otherwise", "error"];
    IsSet "is_set" Anyone ["into", "otherwise", "error"];
    Apply "apply" Parent ["args", "name", "into", "otherwise", "error"];
    ApplyAsync "apply_async" Parent
        ["args", "name", "into", "callback", "error_callback", "value", "otherwise", "error"];
    Map "map" Parent ["over", "chunk", "into", "otherwise", "error"];
    MapAsync "map_async" Parent
        ["over", "chunk", "into", "callback", "error_callback", "value", "otherwise", "error"];
    Start "start" Parent ["args", "name", "into", "otherwise", "error"];
    Result "result" Anyone ["into", "timeout", "otherwise", "error"];
    Join "join" Anyone ["name", "timeout", "otherwise", "error"];
    Terminate "terminate" Parent ["otherwise", "error"];
    Thread "thread" Anyone ["steps"];
    WithLock "with_lock" Anyone ["steps"];
    Download "download" Anyone ["whole"];
    CopyFile "copy_file" Anyone ["tree"];
    Run "run" Anyone [];
};

/// What somebody who comes from Python may write first, and how it is done here.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (&["if", "elif"], "write { when = \"n > 3\", steps = [], else = [] }"),
    (&["while", "loop"], "write { repeat = \"forever\", steps = [] } with a when and a break in it"),
    (
        &["call", "fork", "spawn", "process", "Process"],
        "write start for a process of its own, apply_async for the pool",
    ),
    (&["lock", "with", "mutex"], "write { with_lock = \"NAME\", steps = [] }"),
    (&["wait"], "write wait_event for an event, join for a process, result for a result"),
    (&["log", "echo", "say", "printf"], "write print, or note for a line about the run"),
    (&["raise", "error", "throw"], "write { fail = \"why\" }"),
    (&["try", "except"], "steps that ask may have otherwise = [], the steps for when it cannot be had"),
    (&["let", "assign", "var"], "write { set = \"n\", to = \"n + 1\" }"),
    (&["imap", "starmap", "submit"], "write map, map_async or apply_async"),
    (&["shell", "exec", "command"], "write { run = [\"sh\", \"-c\", \"...\"] }"),
    (&["pass", "nothing"], "write no step at all: steps = []"),
];

/// How what that word stands for elsewhere is done here.
pub(super) fn elsewhere(word: &str) -> Option<&'static str> {
    ELSEWHERE.iter().find(|(words, _)| words.contains(&word)).map(|(_, how)| *how)
}

/// The verb of that name.
pub(super) fn verb(name: &str) -> Option<&'static VerbSpec> {
    VERBS.iter().find(|verb| verb.name == name)
}
