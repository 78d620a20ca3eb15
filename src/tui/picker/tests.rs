//! The list of demos: what its keys do and how it looks.
//! It does not know a terminal.

use std::fmt::Write as _;

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;

use super::*;
use crate::tui::theme::{Background, Charset, Depth, Name, Theme};

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 10)];

fn offers() -> Vec<Offer> {
    let offer = |name: &str, summary: &str| Offer { name: name.to_owned(), summary: summary.to_owned() };
    let mut offers = vec![
        offer("default", "downloads and copies on a pool of four; press + and - and watch the throughput"),
        offer(
            "queue-bounded",
            "一个容量为 3 的队列：快的生产者会在 put 处等待，慢的消费者会在 get 处等待，两种等待都看得见。",
        ),
        offer("pipe-kept-end", "the parent keeps its copy of the sending end, so end-of-file never comes"),
    ];
    offers.extend((1..30).map(|n| offer(&format!("demo-{n:02}"), &format!("what number {n} shows"))));
    offers
}

fn theme(charset: Charset) -> Theme {
    Theme::new(Depth::True, Background::Dark, charset, Name::Auto)
}

fn drawn(picker: &mut Picker, (columns, lines): (u16, u16), theme: &Theme) -> String {
    let area = Rect::new(0, 0, columns, lines);
    let mut buf = Buffer::empty(area);
    let offers = offers();
    picker.settle(&picker.listed(&offers), draw::rows(area));
    draw::render(area, &mut buf, &offers, picker, theme);
    let mut out = String::new();
    for y in 0..lines {
        let (mut line, mut x) = (String::new(), 0);
        while x < columns {
            line.push_str(buf[(x, y)].symbol());
            x += u16::try_from(crate::text::width(buf[(x, y)].symbol())).unwrap().max(1);
        }
        writeln!(out, "{}", line.trim_end()).unwrap();
    }
    out
}

fn press(picker: &mut Picker, keys: &str) -> Option<Effect> {
    let offers = offers();
    keys.chars().fold(None, |_, char| picker.on_key(Key::char(char), &offers, 5))
}

fn press_key(picker: &mut Picker, code: KeyCode) -> Option<Effect> {
    picker.on_key(Key::code(code), &offers(), 5)
}

#[test]
fn the_list_as_text() {
    for size in SIZES {
        let mut picker = Picker { chosen: 1, ..Picker::default() };
        insta::assert_snapshot!(
            format!("list_{}x{}", size.0, size.1),
            drawn(&mut picker, size, &theme(Charset::Unicode))
        );
        press(&mut picker, "/pipe");
        insta::assert_snapshot!(
            format!("filtered_{}x{}", size.0, size.1),
            drawn(&mut picker, size, &theme(Charset::Unicode))
        );
    }
}

#[test]
fn keys_move_filter_and_run() {
    let mut picker = Picker::default();
    press(&mut picker, "jjk");
    assert_eq!((picker.chosen, picker.top), (1, 0));
    press(&mut picker, "G");
    assert_eq!((picker.chosen, picker.top), (31, 27));
    press_key(&mut picker, KeyCode::PageUp);
    assert_eq!((picker.chosen, picker.top), (26, 26));
    assert_eq!(press_key(&mut picker, KeyCode::Enter), Some(Effect::Picked(Picked::Run(26))));
    // j and q are text now.
    assert_eq!(press(&mut picker, "/QUEUE"), None);
    assert_eq!(picker.chosen, 1);
    assert_eq!(press(&mut picker, "jq"), None);
    assert_eq!(press_key(&mut picker, KeyCode::Enter), None, "nothing is listed, nothing is run");
    press(&mut picker, "/");
    press_key(&mut picker, KeyCode::Backspace);
    press_key(&mut picker, KeyCode::Backspace);
    assert_eq!(press_key(&mut picker, KeyCode::Enter), Some(Effect::Picked(Picked::Run(1))));
    // The filter stays while the demo runs; Esc lists all again, with the cursor where it was.
    assert_eq!(picker.listed(&offers()), [1]);
    press_key(&mut picker, KeyCode::Esc);
    assert_eq!((picker.listed(&offers()).len(), picker.chosen), (32, 1));
    assert_eq!(press(&mut picker, "q"), Some(Effect::Picked(Picked::Left)));
    assert_eq!(picker.on_key(Key::ctrl('c'), &offers(), 5), Some(Effect::Picked(Picked::Left)));
}

#[test]
fn a_click_chooses_and_one_more_runs() {
    let area = Rect::new(0, 0, 80, 24);
    let mut picker = Picker::default();
    let click = |row| Mouse { did: MouseDid::Click, column: 10, row };
    assert_eq!(picker.on_mouse(click(4), &offers(), area), None);
    assert_eq!(picker.chosen, 2);
    assert_eq!(picker.on_mouse(click(4), &offers(), area), Some(Effect::Picked(Picked::Run(2))));
    assert_eq!(picker.on_mouse(click(0), &offers(), area), None);
    picker.on_mouse(Mouse { did: MouseDid::WheelDown, column: 3, row: 3 }, &offers(), area);
    assert_eq!(picker.chosen, 5);
}

#[test]
fn every_size_is_drawn_and_ascii_is_ascii() {
    for columns in [1, 39, 40, 59, 60, 100, 200] {
        for lines in [1, 9, 10, 11, 24, 60] {
            let mut picker = Picker { chosen: 30, ..Picker::default() };
            let text = drawn(&mut picker, (columns, lines), &theme(Charset::Ascii));
            assert!(text.is_ascii() || text.contains('一'), "{text}");
            assert!(columns < 40 || lines < 10 || text.contains("demo-28"), "{text}");
        }
    }
}
