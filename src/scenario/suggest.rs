//! What a mistyped word was probably meant to be. PURE.
//! It does not know what the words are for.

/// How many slips are forgiven, and in a word shorter than that only one: two would make anything of it.
const SLIPS_MAX: usize = 2;
const SHORT_CHARS: usize = 5;

/// Longer words are not compared: no key or name is so long.
const WORD_CHARS_MAX: usize = 40;

/// The known word with the fewest slips between it and what was written, if they are few.
pub(super) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = written.chars().take(WORD_CHARS_MAX + 1).collect();
    if written.len() > WORD_CHARS_MAX {
        return None;
    }
    known
        .into_iter()
        .map(|word| (word.chars().collect::<Vec<_>>(), word))
        .map(|(letters, word)| (distance(&written, &letters), letters.len().min(written.len()), word))
        .filter(|&(slips, letters, _)| slips < letters && slips <= if letters < SHORT_CHARS { 1 } else { SLIPS_MAX })
        .map(|(slips, _, word)| (slips, word))
        .min_by_key(|&(slips, _)| slips)
        .map(|(_, word)| word)
}

/// How many letters were added, left out, mistaken or swapped with their neighbour (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let mistaken = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + mistaken);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_forgiven_up_to_two() {
        let known = ["repeat", "name", "sleep", "download", "at"];
        assert_eq!(nearest("repaet", known), Some("repeat"));
        assert_eq!(nearest("repeats", known), Some("repeat"));
        assert_eq!(nearest("slep", known), Some("sleep"));
        assert_eq!(nearest("downlod", known), Some("download"));
        assert_eq!(nearest("nmae", known), Some("name"));
        assert_eq!(nearest("banana", known), None);
        assert_eq!(nearest("nmea", known), None, "two slips in four letters");
        assert_eq!(nearest("x", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), known), None);
    }
}
