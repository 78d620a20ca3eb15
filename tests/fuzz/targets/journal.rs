//! Any bytes as a journal, and any lines as the events of one whose checksums are right: it is read, folded, and written again.
//! It does not know files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pooltop::event::Event;
use pooltop::journal::{FORMAT, Header, Reader, RunId, encode_event, encode_header};
use pooltop::model::State;
use pooltop::task::RawText;

fuzz_target!(|bytes: &[u8]| {
    let plain = read(bytes);
    // The same lines with checksums that fit: no accident, a forgery.
    let header = Header {
        format: FORMAT,
        run: RunId("forged".into()),
        program: "0".into(),
        started_unix_us: 0,
        command: vec![RawText(bytes.iter().copied().take(64).collect())],
        folder: RawText::from("/"),
        scenario: None,
        made: Vec::new(),
        copies: Vec::new(),
    };
    let events: Vec<Event> =
        bytes.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).chain(plain).collect();
    let mut forged = Vec::new();
    let mut crc = encode_header(&mut forged, &header);
    for (event, seq) in events.iter().zip(1..) {
        crc = encode_event(&mut forged, seq, event, crc);
    }
    assert_eq!(read(&forged), events);
    let mut state = State::new();
    for event in &events {
        if state.apply(event).is_err() {
            break;
        }
    }
    let _ = (state.exit_code(), state.progress(), state.rate());
});

fn read(bytes: &[u8]) -> Vec<Event> {
    let Ok((_, mut reader)) = Reader::open(bytes) else { return Vec::new() };
    let mut events = Vec::new();
    while let Ok(Some(entry)) = reader.next() {
        events.push(entry.event);
    }
    events
}
