//! A recorded scenario on the screen at chosen instants; and how instants are written.
//! It does not know how the journal came about: it lies in `tests/journals`, written by the program once.

use std::fmt::Write as _;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::model::{Moment, Motion, Playback};
use crate::replay::{Read, Target};
use crate::tui::screen;
use crate::tui::theme::{Background, Charset, Depth, Name, Theme};

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journals/resize-tour.jsonl");

#[test]
fn where_to_begin_is_a_time_or_a_share() {
    assert_eq!(from("90s").unwrap(), From::At(Elapsed(90_000_000)));
    assert_eq!(from("2m").unwrap(), From::At(Elapsed(120_000_000)));
    assert_eq!(from("12.5%").unwrap(), From::Share(125));
    assert!(from("half").is_err() && from("101%").is_err());
}

fn recorded() -> Film {
    let mut film = Film::new(Fold::open(std::path::Path::new(RECORDED)).unwrap(), None);
    while film.read(1000) == Read::Some {}
    assert!(film.has_ended(), "{:?}", film.fold().spoilt());
    film
}

fn shown(film: &Film, at: Elapsed, motion: Motion, (columns, lines): (u16, u16)) -> String {
    let mut cursor = film.cursor();
    film.go(&mut cursor, Target::Time(at)).unwrap();
    let history = &film.fold().state().history;
    let moments: Arc<[Moment]> = film.moments().into();
    let playback = Playback {
        position: at,
        end: film.end(),
        event: cursor.event(),
        events: film.events(),
        misses: 0,
        motion,
        speed_milli: 1000,
        known: Known::Whole,
        moments,
        curve: history.buckets().iter().map(|bucket| bucket.done).collect(),
        curve_step_us: history.bucket_us(),
        kept: None,
    };
    let viewer = tui::Viewer { replay: Some(Arc::new(playback)), ..tui::Viewer::default() };
    let theme = Theme::new(Depth::Mono, Background::Dark, Charset::Unicode, Name::Auto);
    let area = Rect::new(0, 0, columns, lines);
    let mut buf = Buffer::empty(area);
    screen::render(&mut buf, area, &cursor.state_at(at), &viewer, &theme);
    let mut text = String::new();
    for y in 0..lines {
        let line: String = (0..columns).map(|x| buf[(x, y)].symbol()).collect();
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    text
}

#[test]
fn a_recorded_scenario_at_chosen_instants() {
    let film = recorded();
    let resized = film.moments()[0].at;
    for (name, at, motion) in [
        ("beginning", Elapsed(0), Motion::Paused),
        ("resized", resized, Motion::Paused),
        ("half", From::Share(500).of(film.end()), Motion::Playing),
        ("end", film.end(), Motion::Paused),
    ] {
        for size in [(120, 40), (80, 24), (40, 10)] {
            insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), shown(&film, at, motion, size));
        }
    }
}
