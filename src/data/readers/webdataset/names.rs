//! Which sample a file of an archive belongs to, by its name.

/// Key and extension of a file, as webdataset 1.0.2 tells them apart: at the first dot of the last part of its path,
/// the extension in lower case; `None` where it belongs to no sample.
pub(super) fn split(name: &str) -> Option<(&str, String)> {
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = start + name[start..].find('.')?;
    let hidden = dot == start; // webdataset itself makes a sample `folder/` of `folder/.hidden.jpg`
    (!hidden).then(|| (&name[..dot], name[dot + 1..].to_lowercase()))
}

/// Whether a file is hidden: `.DS_Store`, and `._a.jpg`, which macOS puts beside `a.jpg`.
pub(super) fn is_hidden(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.starts_with('.')
}

/// Whether a file tells of the archive and not of a sample: `__meta__`, or anything in a folder `__meta__/` at the top.
pub(super) fn is_meta(name: &str) -> bool {
    let top = name.split('/').next().unwrap_or(name);
    let inner = top.strip_prefix("__");
    inner.is_some_and(|inner| inner.ends_with("__"))
}

/// The last part of an extension: `jpg` of `input.jpg`.
pub(super) fn last(extension: &str) -> &str {
    extension.rsplit('.').next().unwrap_or(extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `webdataset.tariterators.base_plus_ext` of webdataset 1.0.2 returns, but for hidden files in folders.
    #[test]
    fn names_are_split_as_webdataset_splits_them() {
        for (name, found) in [
            ("a.jpg", Some(("a", "jpg"))),
            ("a.seg.PNG", Some(("a", "seg.png"))),
            ("./a.jpg", Some(("./a", "jpg"))),
            ("d.1/b.c.cls", Some(("d.1/b", "c.cls"))),
            ("/abs/a.jpg", Some(("/abs/a", "jpg"))),
            ("../up.jpg", Some(("../up", "jpg"))),
            ("a.", Some(("a", ""))),
            ("a", None),
            ("d.x/a", None),
            (".hidden.jpg", None),
            ("./._a.jpg", None),
            ("d/.hidden.jpg", None),
            ("d.x/", None),
        ] {
            let found = found.map(|(key, extension)| (key, extension.to_string()));
            assert_eq!(split(name), found, "{name}");
        }
    }

    /// As `__[^/]*__($|/)` of webdataset 1.0.2, matched from the start, tells them.
    #[test]
    fn files_about_the_archive_are_no_samples() {
        for name in ["__meta__", "__meta__/a.jpg", "____", "__a.b__/c.jpg"] {
            assert!(is_meta(name), "{name}");
        }
        for name in ["__a.jpg", "d/__meta__", "___", "a__.jpg"] {
            assert!(!is_meta(name), "{name}");
        }
    }
}
