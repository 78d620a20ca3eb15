//! The window's title: which run, and how far. PURE.
//! It does not know how a title is set; it is told the time.

use std::time::Duration;

use crate::event::Phase;
use crate::model::{Playback, State};
use crate::text::{Safe, middle_cut, sanitized};
use crate::tui::format::{percent_whole, share};

/// Titles change at most this often, and at once when the run enters another phase.
const TITLE_EVERY: Duration = Duration::from_secs(1);

/// How much of the run's own title is in it.
const COLUMNS_MAX: usize = 60;

/// What was set last.
#[derive(Debug, Default)]
pub(super) struct Title {
    set: Option<(Safe, Phase, Duration)>,
}

impl Title {
    /// The title to set now, if it is another one and it is time.
    pub fn next(&mut self, state: &State, replay: Option<&Playback>, now: Duration) -> Option<Safe> {
        if let Some((_, phase, at)) = &self.set
            && *phase == state.phase
            && now < *at + TITLE_EVERY
        {
            return None;
        }
        let title = words(state, replay);
        if self.set.as_ref().is_some_and(|(set, _, _)| *set == title) {
            return None;
        }
        self.set = Some((title.clone(), state.phase, now));
        Some(title)
    }
}

fn words(state: &State, replay: Option<&Playback>) -> Safe {
    let name = state.start.as_ref().map_or("", |start| &start.title);
    let name = middle_cut(&sanitized(name), COLUMNS_MAX, "...");
    if let Some(playback) = replay {
        let how_far = percent_whole(share(playback.position.0, playback.end.0));
        return Safe::new(&format!("pooltop: replay of {name} at {}", how_far.trim()));
    }
    let how_far = match state.phase {
        Phase::Ended => "ended".to_owned(),
        _ => percent_whole(state.progress().share).trim().to_owned(),
    };
    Safe::new(&format!("pooltop: {name} {how_far}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_set_once_a_second_at_most_and_at_the_end() {
        let mut state = State::new();
        let mut title = Title::default();
        assert_eq!(title.next(&state, None, Duration::ZERO).unwrap().as_str(), "pooltop:  0%");
        assert_eq!(title.next(&state, None, Duration::from_secs(5)), None);
        state.phase = Phase::Ended;
        assert_eq!(title.next(&state, None, Duration::from_millis(1)).unwrap().as_str(), "pooltop:  ended");
    }
}
