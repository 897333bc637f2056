//! Times as tables write them: numbers, or dates of ISO 8601.

/// Times of which a later one is a larger number, whatever the unit.
///
/// # Errors
/// The place of the first text that is neither a number, as all others are, nor a date.
pub(super) fn times(texts: &[&str]) -> Result<Vec<f64>, usize> {
    let number = |text: &&str| text.trim().parse().ok().filter(|t: &f64| t.is_finite());
    if let Some(numbers) = texts.iter().map(number).collect() {
        return Ok(numbers);
    }
    let mut dates = Vec::with_capacity(texts.len());
    for (place, text) in texts.iter().enumerate() {
        dates.push(seconds(text.trim()).ok_or(place)?);
    }
    Ok(dates)
}

/// Seconds since the start of 1970 of `2021-03-07`, `2021-03-07T14:05:09.5+01:00` and the like; without a zone, of UTC.
fn seconds(text: &str) -> Option<f64> {
    let (date, time) = match text.split_once(['T', ' ', 't']) {
        Some((date, time)) => (date, time.trim()),
        None => (text, ""),
    };
    let mut fields = date.split('-');
    let year = field(fields.next()?, 4, 9999)?;
    let month = fields.next().map_or(Some(1), |text| field(text, 2, 12))?;
    let day = fields.next().map_or(Some(1), |text| field(text, 2, 31))?;
    let sound = fields.next().is_none() && month > 0 && (1..=length(year, month)).contains(&day);
    let of_day = if time.is_empty() { 0.0 } else { of_day(time)? };
    sound.then(|| days(year, month, day) as f64 * 86_400.0 + of_day)
}

/// A number of `length` digits, no larger than `most`.
fn field(text: &str, length: usize, most: i64) -> Option<i64> {
    let digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits)?;
    (number <= most).then_some(number)
}

/// Seconds of `14:05:09.5+01:00` since midnight of UTC.
fn of_day(text: &str) -> Option<f64> {
    let (clock, zone) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let mut fields = clock.trim().split(':');
    let hour = field(fields.next()?, 2, 24)?;
    let minute = field(fields.next()?, 2, 59)?;
    let second = match fields.next() {
        Some(text) => {
            let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, "0"));
            let part: f64 = format!("0.{part}").parse().ok()?;
            field(whole, 2, 60)? as f64 + part
        }
        None => 0.0,
    };
    let ahead = match zone.split_at_checked(1) {
        None | Some(("Z" | "z", "")) => 0,
        Some((sign, zone)) => {
            let (hours, minutes) = zone.split_at_checked(2)?;
            let minutes = minutes.trim_start_matches(':');
            let minutes = if minutes.is_empty() { "00" } else { minutes };
            let ahead = field(hours, 2, 23)? * 60 + field(minutes, 2, 59)?;
            if sign == "-" { -ahead } else { ahead }
        }
    };
    let whole = fields.next().is_none();
    whole.then_some((hour * 3600 + (minute - ahead) * 60) as f64 + second)
}

/// Days of a month.
fn length(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since the start of 1970.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let before = |year: i64| year * 365 + year / 4 - year / 100 + year / 400;
    let months: i64 = (1..month).map(|month| length(year, month)).sum();
    before(year - 1) - before(1969) + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_to_the_second_and_what_is_none_is_named() {
        // As Python's datetime.fromisoformat(…).timestamp() has them.
        for (text, time) in [
            ("1970-01-01", 0.0),
            ("2000-02-29", 951_782_400.0),
            ("1969-12-31T23:59:59Z", -1.0),
            ("2021-03-07T14:05:09.5+01:00", 1_615_122_309.5),
            ("2021-03-07 14:05:09-0530", 1_615_145_709.0),
            ("2021-03-07 14:05", 1_615_125_900.0),
            ("2021-03", 1_614_556_800.0),
            ("1900-03-01", -2_203_891_200.0),
        ] {
            assert_eq!(seconds(text), Some(time), "{text}");
        }
        for text in [
            "2021-02-29",
            "2021-13-01",
            "21-01-01",
            "07.03.2021",
            "2021-1-1",
            "2021-01-01T",
            "x",
            "",
            "2021-01-01T1:00",
            "2021-01-01T10:00+1",
            "2021-01-01-01",
        ] {
            let known = text.ends_with('T'); // a date
            assert_eq!(seconds(text).is_some(), known, "{text}");
        }
        assert_eq!(times(&["3", "-1.5", " 1e3"]), Ok(vec![3.0, -1.5, 1000.0]));
        assert_eq!(times(&["2021", "2021-02"]).map(|t| t[0] < t[1]), Ok(true));
        assert_eq!(times(&["3", "later"]), Err(0));
        assert_eq!(times(&["2021-01-01", "later"]), Err(1));
    }
}
