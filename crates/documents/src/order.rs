//! Order keys of list items: fractional indexing over base 62.
//!
//! A key is an integer part, whose first character says how many digits follow (`a` one, `b`
//! two …; `Z` one and `Y` two for what stands before the first key), and a fraction without a
//! trailing zero. Keys compare as bytes. Appending counts up, so keys stay short; inserting
//! halves the gap. Nothing is random: the same list made twice gets the same keys.
//! (The scheme is David Greenspan's, as in rocicorp's `fractional-indexing`.)

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FIRST: &str = "a0";

/// `count` keys in ascending order that lie strictly between `after` and `before`; an absent or
/// malformed bound does not bound. When the bounds are not in order, `before` is ignored.
pub(crate) fn keys_between(after: Option<&str>, before: Option<&str>, count: usize) -> Vec<String> {
    let after = after.filter(|key| is_key(key));
    let before = before
        .filter(|key| is_key(key))
        .filter(|before| after.is_none_or(|after| after < *before));
    let mut keys = Vec::with_capacity(count);
    match (after, before) {
        (after, None) => {
            let mut last = after.map(str::to_owned);
            for _ in 0..count {
                let next = key_between(last.as_deref(), None);
                keys.push(next.clone());
                last = Some(next);
            }
        }
        (None, Some(before)) => {
            let mut next = before.to_owned();
            for _ in 0..count {
                next = key_between(None, Some(&next));
                keys.push(next.clone());
            }
            keys.reverse();
        }
        (Some(after), Some(before)) => fill(after, before, count, &mut keys),
    }
    keys
}

/// True for a text that this module could have made (or a compatible program).
pub(crate) fn is_key(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(length) = bytes.first().and_then(|head| integer_length(*head)) else {
        return false;
    };
    bytes.len() >= length
        && bytes.iter().all(|byte| digit(*byte).is_some())
        && (bytes.len() == length || bytes.last() != Some(&b'0'))
        && text != lowest()
}

/// Keys in a bounded gap, middle first, so that their length grows with the logarithm.
fn fill(after: &str, before: &str, count: usize, keys: &mut Vec<String>) {
    if count == 0 {
        return;
    }
    let middle = key_between(Some(after), Some(before));
    let left = count / 2;
    fill(after, &middle, left, keys);
    keys.push(middle.clone());
    fill(&middle, before, count - left - 1, keys);
}

/// One key between two valid keys that are in order.
fn key_between(after: Option<&str>, before: Option<&str>) -> String {
    match (after, before) {
        (None, None) => FIRST.to_owned(),
        (Some(after), None) => {
            let (integer, fraction) = split(after);
            match increment(integer) {
                Some(next) => next,
                None => format!("{integer}{}", midpoint(fraction, None)),
            }
        }
        (None, Some(before)) => {
            let (integer, fraction) = split(before);
            if !fraction.is_empty() {
                return integer.to_owned();
            }
            match decrement(integer) {
                Some(lower) => lower,
                None => format!("{integer}{}", midpoint("", Some(fraction))),
            }
        }
        (Some(after), Some(before)) => {
            let (integer, fraction) = split(after);
            let (upper_integer, upper_fraction) = split(before);
            if integer == upper_integer {
                return format!("{integer}{}", midpoint(fraction, Some(upper_fraction)));
            }
            match increment(integer) {
                Some(next) if next.as_str() < before => next,
                _ => format!("{integer}{}", midpoint(fraction, None)),
            }
        }
    }
}

/// A fraction strictly between `low` and `high` (`None` is one); neither ends in zero.
fn midpoint(low: &str, high: Option<&str>) -> String {
    let mut out = String::new();
    let (mut low, mut high) = (low.as_bytes(), high.map(str::as_bytes));
    loop {
        let low_digit = low.first().and_then(|byte| digit(*byte)).unwrap_or(0);
        let high_digit = match high {
            Some(high) => high.first().and_then(|byte| digit(*byte)).unwrap_or(0),
            None => DIGITS.len(),
        };
        if low_digit == high_digit {
            push(&mut out, low_digit);
            low = low.get(1..).unwrap_or(&[]);
            high = high.map(|high| high.get(1..).unwrap_or(&[]));
            continue;
        }
        if high_digit > low_digit + 1 {
            push(&mut out, usize::midpoint(low_digit, high_digit));
            return out;
        }
        // Neighbouring digits: take the upper one alone if it lies below, else go on under low.
        if high.is_some_and(|high| high.len() > 1) {
            push(&mut out, high_digit);
            return out;
        }
        push(&mut out, low_digit);
        low = low.get(1..).unwrap_or(&[]);
        high = None;
    }
}

fn push(out: &mut String, index: usize) {
    out.push(char::from(DIGITS[index.min(DIGITS.len() - 1)]));
}

fn digit(byte: u8) -> Option<usize> {
    DIGITS.binary_search(&byte).ok()
}

/// Characters of the integer part that starts with `head`, itself included.
fn integer_length(head: u8) -> Option<usize> {
    match head {
        b'a'..=b'z' => Some(usize::from(head - b'a') + 2),
        b'A'..=b'Z' => Some(usize::from(b'Z' - head) + 2),
        _ => None,
    }
}

fn split(key: &str) -> (&str, &str) {
    let length = key
        .as_bytes()
        .first()
        .and_then(|head| integer_length(*head))
        .unwrap_or(key.len());
    key.split_at_checked(length).unwrap_or((key, ""))
}

/// The smallest integer part; nothing could be put before it, so it is not a key.
fn lowest() -> String {
    format!("A{}", "0".repeat(26))
}

fn increment(integer: &str) -> Option<String> {
    let (head, mut digits) = head_and_digits(integer)?;
    for position in digits.iter_mut().rev() {
        if *position + 1 < DIGITS.len() {
            *position += 1;
            return Some(join(head, &digits));
        }
        *position = 0;
    }
    match head {
        b'Z' => Some(FIRST.to_owned()),
        b'z' => None,
        _ => {
            let next = head + 1;
            let length = integer_length(next)? - 1;
            Some(join(next, &vec![0; length]))
        }
    }
}

fn decrement(integer: &str) -> Option<String> {
    let (head, mut digits) = head_and_digits(integer)?;
    for position in digits.iter_mut().rev() {
        if *position > 0 {
            *position -= 1;
            let lower = join(head, &digits);
            return (lower != lowest()).then_some(lower);
        }
        *position = DIGITS.len() - 1;
    }
    match head {
        b'a' => Some("Zz".to_owned()),
        b'A' => None,
        _ => {
            let next = head - 1;
            let length = integer_length(next)? - 1;
            Some(join(next, &vec![DIGITS.len() - 1; length]))
        }
    }
}

fn head_and_digits(integer: &str) -> Option<(u8, Vec<usize>)> {
    let (head, rest) = integer.as_bytes().split_first()?;
    let digits: Option<Vec<usize>> = rest.iter().map(|byte| digit(*byte)).collect();
    Some((*head, digits?))
}

fn join(head: u8, digits: &[usize]) -> String {
    let mut out = String::from(char::from(head));
    for index in digits {
        push(&mut out, *index);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_new_list_counts_up_with_short_keys() {
        let keys = keys_between(None, None, 5_000);
        assert_eq!(&keys[..3], ["a0", "a1", "a2"]);
        assert_eq!(keys[62], "b00");
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert!(keys.iter().all(|key| key.len() <= 4 && is_key(key)));
    }

    #[test]
    fn the_first_keys_do_not_depend_on_how_many_follow() {
        assert_eq!(
            keys_between(None, None, 3),
            keys_between(None, None, 9)[..3]
        );
    }

    #[test]
    fn there_is_always_room_in_front() {
        let mut first = "a0".to_owned();
        for _ in 0..5_000 {
            let before = keys_between(None, Some(&first), 1).remove(0);
            assert!(before < first && is_key(&before));
            first = before;
        }
        assert!(first.len() <= 4);
    }

    #[test]
    fn many_inserts_into_one_gap_grow_with_the_logarithm() {
        let keys = keys_between(Some("a0"), Some("a1"), 2_000);
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert!(keys.iter().all(|key| key.len() <= 6 && is_key(key)));
        assert!(
            keys.iter()
                .all(|key| "a0" < key.as_str() && key.as_str() < "a1")
        );
    }

    #[test]
    fn malformed_or_disordered_bounds_do_not_bound() {
        assert_eq!(keys_between(Some("!"), Some("%"), 1), ["a0"]);
        assert_eq!(keys_between(Some("a5"), Some("a5"), 1), ["a6"]);
        assert_eq!(keys_between(Some("a5"), Some("a1"), 1), ["a6"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn inserting_anywhere_keeps_the_order(places in prop::collection::vec(any::<prop::sample::Index>(), 1..120)) {
            let mut keys: Vec<String> = Vec::new();
            for place in places {
                let at = place.index(keys.len() + 1);
                let after = at.checked_sub(1).map(|i| keys[i].clone());
                let before = keys.get(at).cloned();
                let new = keys_between(after.as_deref(), before.as_deref(), 1).remove(0);
                prop_assert!(is_key(&new));
                keys.insert(at, new);
                prop_assert!(keys.is_sorted_by(|a, b| a < b));
            }
        }

        #[test]
        fn arbitrary_bounds_never_panic(a in ".{0,40}", b in "[0-9A-Za-z]{0,40}", count in 0_usize..5) {
            prop_assert_eq!(keys_between(Some(&a), Some(&b), count).len(), count);
            prop_assert_eq!(keys_between(Some(&b), Some(&a), count).len(), count);
            prop_assert_eq!(keys_between(Some(&b), None, count).len(), count);
            prop_assert_eq!(keys_between(None, Some(&b), count).len(), count);
        }
    }
}
