//! The screen of a comparison: the run that is being made, and bars of those that were.
//! It does not know how runs are made; it is told.

use std::time::Duration;

use crossbeam_channel::{Receiver, TryRecvError, never, select};
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::console::theme;
use super::detect::{CharsetChoice, charset};
use super::format::eighths;
use super::input::{Input, Keyboard};
use super::keymap::Key;
use super::panes::{self, put};
use super::run::Options;
use super::screen::{COLUMNS_MIN, LINES_MIN};
use super::terminal::{self, Drawn, Terminal, TuiError};
use super::theme::{Background, Depth, Glyphs, Name, Role, Theme};
use super::viewer::{Pane, Viewer};
use crate::clock::Clock;
use crate::model::{State, Update};
use crate::text::{fitted, middle_cut, sanitized, width};

/// Between two frames.
const FRAME: Duration = Duration::from_millis(100);

/// How often a stalled terminal is tried.
const RETRY: Duration = Duration::from_millis(50);

/// How many updates are taken in before keys and frames get their turn.
const GATHERED_MAX: usize = 1024;

/// What stands in the last line.
const FOOTER: &str = "q stops the comparison";

/// What has been measured.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// One for each that takes part.
    pub lines: Vec<Line>,
    /// Which of them runs now.
    pub running: Option<usize>,
    /// Which round this is, and of how many.
    pub round: (usize, usize),
}

/// One that takes part. Texts are not yet safe for a terminal.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// Its time, once it has one.
    pub time: String,
    /// Its time as a share of the longest.
    pub share: Option<f64>,
    /// How many times as fast as the first, once that is known.
    pub speed_up: String,
    /// What its figures do not say.
    pub note: String,
}

/// What the screen is told.
pub enum News {
    /// A run begins; these are its updates.
    Begun {
        /// What is known before it.
        board: Board,
        /// What happens in it.
        updates: Receiver<Update>,
    },
    /// It has ended.
    Ended {
        /// What is known now.
        board: Board,
    },
}

/// Why the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The comparison is over.
    Over,
    /// Somebody wants its end.
    Asked,
    /// The terminal is gone.
    TerminalGone,
}

/// Shows the comparison until no more news comes, or somebody wants its end.
///
/// # Errors
/// When there is no terminal, or it cannot be set up. Nothing has been drawn then.
pub fn show(news: &Receiver<News>, options: &Options) -> Result<Left, TuiError> {
    let mut terminal = Terminal::enter(options.mouse)?;
    let (theme, typed) = theme(*options);
    let keyboard = Keyboard::start(terminal::open_keys()?, typed)?;
    terminal.wake_through(keyboard.sender());
    let session = Session {
        keyboard,
        terminal,
        theme,
        clock: Clock::start(),
        board: Board::default(),
        state: State::new(),
        updates: never(),
        wanted: true,
        drawn_at: None,
        stalled: false,
    };
    session.run(news)
}

/// The characters for a choice, as the terminal can show them.
pub fn glyphs(choice: CharsetChoice) -> &'static Glyphs {
    Theme::new(Depth::Mono, Background::Dark, charset(choice), Name::Mono).glyphs()
}

/// A bar of at most that many columns, as long as its share.
pub fn bar(share: f64, columns: u16, glyphs: &Glyphs) -> String {
    let filled = eighths(share, columns);
    let whole = usize::try_from(filled / 8).unwrap_or(0);
    let rest = glyphs.across[usize::try_from(filled % 8).unwrap_or(0)];
    let text = glyphs.across[8].repeat(whole) + rest;
    let text = text.trim_end();
    // In ASCII there are no halves, but something is not nothing.
    if text.is_empty() && filled > 0 { glyphs.across[8].to_owned() } else { text.to_owned() }
}

/// A time in seconds with four digits.
pub fn time(seconds: f64) -> String {
    match seconds {
        ..0.099_95 => format!("{seconds:.4} s"),
        ..9.9995 => format!("{seconds:.3} s"),
        ..99.995 => format!("{seconds:.2} s"),
        _ => format!("{seconds:.1} s"),
    }
}

/// How many times as fast. Of what is far slower, three digits say at least how much.
pub fn factor(factor: f64) -> String {
    if factor < 0.0995 { format!("{factor:.3}") } else { format!("{factor:.2}") }
}

// The keyboard comes first, so that its thread has ended before the terminal is given back.
struct Session {
    keyboard: Keyboard,
    terminal: Terminal,
    theme: Theme,
    clock: Clock,
    board: Board,
    state: State,
    updates: Receiver<Update>,
    wanted: bool,
    drawn_at: Option<Duration>,
    stalled: bool,
}

impl Session {
    fn run(mut self, news: &Receiver<News>) -> Result<Left, TuiError> {
        loop {
            if let Some(left) = self.draw() {
                return Ok(left);
            }
            select! {
                recv(news) -> told => match told {
                    Ok(told) => self.hear(told),
                    Err(_) => return Ok(Left::Over),
                },
                recv(self.updates) -> update => match update {
                    Ok(update) => self.follow(&update),
                    Err(_) => self.updates = never(),
                },
                recv(self.keyboard.inputs()) -> input => {
                    if let Some(left) = self.take(&input.unwrap_or(Input::Gone)) {
                        return Ok(left);
                    }
                }
                default(self.wait()) => {}
            }
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Begun { board, updates } => {
                (self.board, self.state, self.updates) = (board, State::new(), updates);
            }
            News::Ended { board } => self.board = board,
        }
        self.wanted = true;
    }

    /// Takes in whatever has come, so that the next frame shows all of it.
    fn follow(&mut self, update: &Update) {
        self.state.follow(update);
        for _ in 0..GATHERED_MAX {
            match self.updates.try_recv() {
                Ok(update) => self.state.follow(&update),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        self.wanted = true;
    }

    fn take(&mut self, input: &Input) -> Option<Left> {
        match input {
            Input::Key(key) if [Key::char('q'), Key::ctrl('c'), Key::code(KeyCode::Esc)].contains(key) => {
                return Some(Left::Asked);
            }
            Input::GivenBack | Input::Gone => return Some(Left::TerminalGone),
            Input::Continued if self.terminal.reassert().is_err() => return Some(Left::TerminalGone),
            _ => self.wanted = true,
        }
        None
    }

    fn wait(&self) -> Duration {
        match (self.stalled, self.wanted, self.drawn_at) {
            (true, _, _) => RETRY,
            (false, false, _) => Duration::MAX,
            (false, true, at) => at.map_or(Duration::ZERO, |at| (at + FRAME).saturating_sub(self.clock.elapsed())),
        }
    }

    /// Draws if there is something to draw and it is time.
    fn draw(&mut self) -> Option<Left> {
        let drawn = if self.stalled {
            terminal::retry()
        } else if self.wanted && self.wait().is_zero() {
            (self.wanted, self.drawn_at) = (false, Some(self.clock.elapsed()));
            let (board, state, theme) = (&self.board, &self.state, &self.theme);
            self.terminal.draw(|buf| render(buf, buf.area, board, state, theme))
        } else {
            return None;
        };
        match drawn {
            Ok(drawn @ (Drawn::Sent | Drawn::Stalled)) => {
                self.stalled = drawn == Drawn::Stalled;
                None
            }
            Ok(Drawn::NotOurs) | Err(_) => Some(Left::TerminalGone),
        }
    }
}

/// Draws header, gauge and workers of the run, the bars, and the footer.
fn render(buf: &mut Buffer, area: Rect, board: &Board, state: &State, theme: &Theme) {
    if area.width < COLUMNS_MIN || area.height < LINES_MIN {
        let text = format!("pooltop needs {COLUMNS_MIN}x{LINES_MIN}, this is {}x{}", area.width, area.height);
        put(buf, (area.x, area.y), area.width, &text, theme.style(Role::Text));
        return;
    }
    let line = |y: u16| Rect { y: area.y + y, height: 1, ..area };
    let viewer = Viewer::default();
    panes::header::render(line(0), buf, state, &viewer, theme);
    panes::header::render_gauge(line(1), buf, state, &viewer, theme);
    let lines = u16::try_from(board.lines.len()).unwrap_or(u16::MAX);
    // A heading above the bars; they are what this is about, so the workers have what is left.
    let bars = lines.saturating_add(1).min(area.height - 3);
    let workers = area.height - 3 - bars;
    if workers >= 4 {
        let place = Rect { y: area.y + 2, height: workers, ..area };
        panes::render(Pane::Workers, place, buf, state, &viewer, theme);
    }
    let place = Rect { y: area.bottom() - 1 - bars, height: bars, ..area };
    render_board(buf, place, board, theme);
    put(buf, (area.x + 1, area.bottom() - 1), area.width - 1, FOOTER, theme.style(Role::Dim));
}

fn render_board(buf: &mut Buffer, area: Rect, board: &Board, theme: &Theme) {
    let glyphs = theme.glyphs();
    let longest = |of: fn(&Line) -> &String| board.lines.iter().map(|line| width(of(line))).max().unwrap_or(0);
    let (names, times, speed_ups) =
        (longest(|line| &line.name), longest(|line| &line.time).max(7), longest(|line| &line.speed_up).max(5));
    let (round, rounds) = board.round;
    let heading = if rounds > 1 { format!("Times, round {round} of {rounds}") } else { "Times".to_owned() };
    put(buf, (area.x + 1, area.y), area.width - 1, &heading, theme.style(Role::Title));
    // Where there is no room for all, those around the one that runs are shown.
    let rows = usize::from(area.height.saturating_sub(1));
    let at = board.running.unwrap_or(0);
    let first = (at + 1).saturating_sub(rows).min(board.lines.len().saturating_sub(rows));
    for (y, (index, line)) in (area.y + 1..area.bottom()).zip(board.lines.iter().enumerate().skip(first)) {
        let running = board.running == Some(index);
        let (mark, role) = if running { (glyphs.busy, Role::Running) } else { (" ", Role::Text) };
        let right = |text: &str, columns: usize| " ".repeat(columns.saturating_sub(width(text))) + text;
        let name = fitted(&sanitized(&line.name), names, glyphs.ellipsis);
        let text = format!("{mark} {name}  {}  {}  ", right(&line.time, times), right(&line.speed_up, speed_ups));
        let x = put(buf, (area.x + 1, y), area.width - 1, &text, theme.style(role));
        let room = area.right().saturating_sub(x + 1);
        let drawn = line.share.map(|share| bar(share, room, glyphs)).unwrap_or_default();
        let x = put(buf, (x, y), room, &drawn, theme.style(Role::Bar));
        let left = area.right().saturating_sub(x + 1);
        if !line.note.is_empty() && left > 3 {
            let note = middle_cut(&sanitized(&line.note), usize::from(left) - 1, glyphs.ellipsis);
            put(buf, (x + u16::from(!drawn.is_empty()), y), left, &note, theme.style(Role::Failed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::panes::sample;
    use crate::tui::theme::Charset;

    fn board() -> Board {
        let line = |name: &str, time: &str, share, speed_up: &str, note: &str| Line {
            name: name.to_owned(),
            time: time.to_owned(),
            share,
            speed_up: speed_up.to_owned(),
            note: note.to_owned(),
        };
        let lines = vec![
            line("sequential", "7.100 s", Some(1.0), "1.00x", ""),
            line("process each", "1.800 s", Some(0.25), "3.94x", "1 of 5\u{1b} failed"),
            line("pool of 1", "", None, "", "stuck: task 1 waits for queue 任务"),
            line("pool of 2", "", None, "", ""),
            line("pool of 4", "", None, "", ""),
        ];
        Board { lines, running: Some(3), round: (1, 3) }
    }

    fn drawn(columns: u16, rows: u16, charset: Charset) -> String {
        let area = Rect::new(0, 0, columns, rows);
        let mut buf = Buffer::empty(area);
        let theme = Theme::new(Depth::Mono, Background::Dark, charset, Name::Mono);
        render(&mut buf, area, &board(), &sample::busy(), &theme);
        let line = |y| (0..columns).map(|x| buf[(x, y)].symbol().to_owned()).collect::<String>();
        (0..rows).map(|y| line(y).trim_end().to_owned() + "\n").collect()
    }

    #[test]
    fn bars_stand_below_the_run() {
        let text = drawn(80, 24, Charset::Ascii);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("RUNNING") && lines[2].starts_with("+ Workers"), "{text}");
        assert_eq!(lines[17], " Times, round 1 of 3");
        assert_eq!(lines[18], format!("   sequential    7.100 s  1.00x  {}", "#".repeat(46)));
        assert!(lines[19].starts_with("   process each  1.800 s  3.94x  ############ 1 of 5"), "{text}");
        assert!(lines[20].contains("stuck: task 1 waits"), "{text}");
        assert!(lines[21].starts_with(" * pool of 2"), "{text}");
        assert_eq!(lines[23], " q stops the comparison");
    }

    #[test]
    fn no_size_is_too_small_or_too_large() {
        for (columns, rows) in [(1, 1), (40, 10), (39, 30), (60, 12), (200, 60), (80, 0)] {
            for charset in [Charset::Unicode, Charset::Ascii] {
                let text = drawn(columns, rows, charset);
                assert!(!text.contains('\u{1b}'));
            }
        }
        assert!(drawn(40, 10, Charset::Ascii).contains("* pool of 2"));
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        let (unicode, ascii) = (glyphs_of(Charset::Unicode), glyphs_of(Charset::Ascii));
        assert_eq!((bar(1.0, 4, unicode), bar(0.5, 4, unicode)), ("████".to_owned(), "██".to_owned()));
        assert_eq!((bar(0.3, 4, unicode), bar(0.3, 4, ascii)), ("█▎".to_owned(), "#".to_owned()));
        assert_eq!((bar(0.001, 4, unicode), bar(0.001, 4, ascii)), ("▏".to_owned(), "#".to_owned()));
    }

    fn glyphs_of(charset: Charset) -> &'static Glyphs {
        Theme::new(Depth::Mono, Background::Dark, charset, Name::Mono).glyphs()
    }

    #[test]
    fn times_keep_four_digits() {
        let told = [0.0124, 9.248, 9.9996, 19.03, 99.996, 1234.56].map(time);
        assert_eq!([0.0042, 0.0996, 3.94].map(factor), ["0.004", "0.10", "3.94"]);
        assert_eq!(told, ["0.0124 s", "9.248 s", "10.00 s", "19.03 s", "100.0 s", "1234.6 s"]);
    }
}
