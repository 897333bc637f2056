//! Text and JSON as parts of a page.

use std::fmt::Write;

use serde::Serialize;

use crate::error::{Error, Result};

/// `text` where HTML expects text or the value of an attribute in quotes.
///
/// Characters that turn the direction of writing or are not seen are shown as their number: a name reads as what it is.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if is_unseen(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// Control characters, and those that order text anew.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `value` as JSON that may stand within `<script>`: no `<`, `>`, `&`, nor a character that ends a line or is not seen.
///
/// # Errors
/// A value that JSON cannot hold.
pub(super) fn json(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(value)
        .map_err(|e| Error::Failed(format!("the report cannot be written: {e}")))?;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if "<>&".contains(c) || is_unseen(c) => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

/// `template` with each `{{name}}` replaced by the text of that name; what is put in is not looked at again.
pub(super) fn filled(template: &str, parts: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        let part = parts.iter().find(|(known, _)| *known == name);
        out.push_str(part.map_or("", |(_, text)| text));
        rest = after;
    }
    out + rest
}

/// A table with a caption for those who do not see it; `head` and cells are HTML already, the first cell of a row heads it.
pub(super) fn table(caption: &str, head: &[String], rows: &[Vec<String>]) -> String {
    let mut out = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><caption class=\"unseen\">{0}</caption><thead><tr>",
        escaped(caption)
    );
    for cell in head {
        let _ = write!(out, "<th scope=\"col\">{cell}</th>");
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for (i, cell) in row.iter().enumerate() {
            if i == 0 {
                let _ = write!(out, "<th scope=\"row\">{cell}</th>");
            } else {
                let _ = write!(out, "<td>{cell}</td>");
            }
        }
        out.push_str("</tr>");
    }
    out + "</tbody></table></div>"
}

/// A section of the page: `body` is HTML already.
pub(super) fn section(id: &str, title: &str, about: &str, body: &str) -> String {
    let about = if about.is_empty() {
        String::new()
    } else {
        format!("<p class=\"about\">{}</p>", escaped(about))
    };
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{}</h2>{about}{body}</section>",
        escaped(title)
    )
}

/// A number to four figures, as a person reads it.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    if value == 0.0 {
        return "0".into();
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return grouped(value);
    }
    let size = value.abs().log10().floor() as i32;
    if !(-4..15).contains(&size) {
        return format!("{value:.3e}");
    }
    let places = (3 - size).max(0) as usize;
    let text = format!("{value:.places$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// A whole number with thin spaces between thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    if value < 0.0 { format!("-{out}") } else { out }
}

/// A share as percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place() {
        let hostile = "</script><img src=x onerror=\"alert('1')\">&\u{202e}gpj.\u{2028}\0";
        let text = escaped(hostile);
        assert!(
            !text.contains(['<', '>', '"', '\'', '\u{202e}', '\u{2028}', '\0']),
            "{text}"
        );
        assert!(text.contains("\\u{202e}gpj."), "{text}");
        let text = json(&hostile).unwrap();
        assert!(
            !text.contains(['<', '>', '&', '\u{2028}', '\u{202e}']),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let page = filled("a {{x}} {{y}} {{none}}.", &[("x", "{{y}}"), ("y", "1")]);
        assert_eq!(page, "a {{y}} 1 .");
    }

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.123_456, "0.1235"),
            (12_345.0, "12\u{202f}345"),
            (0.5, "0.5"),
            (1e-7, "1.000e-7"),
            (64.0, "64"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
        assert_eq!(number(1234.56), "1235");
    }
}
