//! Any bytes from either end of a worker's connection, in pieces of any size.
//! It does not know what the messages lead to.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pooltop::wire::{Frames, FromWorker, MAGIC, ToWorker};

fuzz_target!(|bytes: &[u8]| {
    let Some((&piece, bytes)) = bytes.split_first() else { return };
    let (mut banner, mut greeted, mut bare) = (Frames::greeted(), Frames::greeted(), Frames::bare());
    greeted.push(&MAGIC[..]);
    let mut lives = [true; 3];
    for piece in bytes.chunks(usize::from(piece).max(1)) {
        for (frames, lives) in [&mut banner, &mut greeted].into_iter().zip(&mut lives[..2]) {
            frames.push(piece);
            while *lives {
                match frames.take::<FromWorker>() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => *lives = false,
                }
            }
        }
        bare.push(piece);
        while lives[2] {
            match bare.take::<ToWorker>() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => lives[2] = false,
            }
        }
    }
});
