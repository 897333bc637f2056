//! Patterns that stand for several shards: `train-{0000..0146}.tar`, `{a,b}.tar`.

use std::ops::Range;

/// A pattern stands for no more shards than this.
const MOST: usize = 100_000;

/// Every name that `pattern` stands for, as bash and braceexpand list them, the first braces varying slowest; only
/// `pattern` itself where it holds no braces that stand for anything.
///
/// # Errors
/// More than 100,000 names.
pub(in crate::data) fn expand(pattern: &str) -> Result<Vec<String>, String> {
    let mut names = vec![String::new()];
    let mut rest = pattern;
    while let Some((before, choices, after)) = first_braces(rest)? {
        if names.len() * choices.len() > MOST {
            return Err(too_many());
        }
        let with = |name: String| {
            let choices = choices.iter();
            let longer: Vec<String> = choices
                .map(|choice| format!("{name}{before}{choice}"))
                .collect();
            longer
        };
        names = names.into_iter().flat_map(with).collect();
        rest = after;
    }
    for name in &mut names {
        name.push_str(rest);
    }
    Ok(names)
}

fn too_many() -> String {
    format!("stands for more than {MOST} files; write narrower braces")
}

/// What stands before braces, their choices, and what stands behind them.
type Braces<'a> = (&'a str, Vec<String>, &'a str);

/// The first braces of `text` that stand for something.
fn first_braces(text: &str) -> Result<Option<Braces<'_>>, String> {
    for (open, _) in text.match_indices('{') {
        let Some(inside) = balanced(text, open) else {
            continue;
        };
        if let Some(choices) = choices(&text[inside.clone()])? {
            return Ok(Some((&text[..open], choices, &text[inside.end + 1..])));
        }
    }
    Ok(None)
}

/// What stands between the brace at `open` and the one that closes it.
fn balanced(text: &str, open: usize) -> Option<Range<usize>> {
    let mut depth = 0;
    for (at, c) in text[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open + 1..open + at);
        }
    }
    None
}

/// The names that `a,b` or `00..12` between braces stand for; `None` where these are no choices.
fn choices(inside: &str) -> Result<Option<Vec<String>>, String> {
    if let Some(numbers) = range(inside) {
        return numbers.map(Some);
    }
    let (mut depth, mut start, mut pieces) = (0, 0, Vec::new());
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                pieces.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if pieces.is_empty() {
        return Ok(None);
    }
    pieces.push(&inside[start..]);
    let mut all = Vec::new();
    for piece in pieces {
        all.extend(expand(piece)?);
        if all.len() > MOST {
            return Err(too_many());
        }
    }
    Ok(Some(all))
}

/// The numbers of `first..last` or `first..last..step`, filled with zeros to the width of the wider one where one of
/// them starts with a zero.
fn range(inside: &str) -> Option<Result<Vec<String>, String>> {
    let mut parts = inside.split("..");
    let (first, last) = (parts.next()?, parts.next()?);
    let step = parts.next().unwrap_or("1").parse::<u64>().ok()?.max(1);
    let (from, to) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
    if parts.next().is_some() {
        return None;
    }
    if from.abs_diff(to) / step >= MOST as u64 {
        return Some(Err(too_many()));
    }
    let padded = [first, last]
        .iter()
        .any(|text| text.len() > 1 && text.starts_with('0'));
    let width = if padded {
        first.len().max(last.len())
    } else {
        0
    };
    let number = |i: u64| {
        let value = if from <= to {
            from + i * step
        } else {
            from - i * step
        };
        format!("{value:0width$}")
    };
    Some(Ok((0..=from.abs_diff(to) / step).map(number).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_stand_for_what_bash_and_braceexpand_list() {
        for (pattern, names) in [
            ("a-{08..11}.tar", "a-08.tar a-09.tar a-10.tar a-11.tar"),
            ("{3..1}", "3 2 1"),
            ("{0..6..3}.tar", "0.tar 3.tar 6.tar"),
            ("{a,b}{1..2}.tar", "a1.tar a2.tar b1.tar b2.tar"),
            ("{train-{0..1},val}.tar", "train-0.tar train-1.tar val.tar"),
            ("plain.tar", "plain.tar"),
            ("{one}-{1,2}.tar", "{one}-1.tar {one}-2.tar"),
            ("open-{1.tar", "open-{1.tar"),
            ("{,s}.tar", ".tar s.tar"),
            ("{9..0010..1}", "0009 0010"),
        ] {
            assert_eq!(expand(pattern).unwrap().join(" "), names, "{pattern}");
        }
        for pattern in [
            "{0..999999999999}",
            "{0..999}{0..999}",
            "{{0..60000},{0..60000}}",
        ] {
            assert!(expand(pattern).unwrap_err().contains("100000"), "{pattern}");
        }
    }
}
