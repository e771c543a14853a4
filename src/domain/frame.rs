//! Frames of files that hold several: `a.dcm#3` is the third of `a.dcm`.

/// How a frame is called.
pub fn named(file: &str, frame: Option<u32>) -> String {
    match frame {
        Some(frame) => format!("{file}#{frame}"),
        None => file.to_owned(),
    }
}

/// The file's name, and what follows it for a frame (`#3`, or nothing).
pub fn split(name: &str) -> (&str, &str) {
    let is_number = |text: &str| !text.starts_with('0') && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match name.rfind('#') {
        Some(at) if at > 0 && !name[..at].ends_with('/') && is_number(&name[at + 1..]) => name.split_at(at),
        _ => (name, ""),
    }
}

/// The name of the file that a frame is in, if this is one of a frame.
pub fn file_of(name: &str) -> Option<&str> {
    let (file, frame) = split(name);
    (!frame.is_empty()).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_told_from_a_name_with_the_same_sign() {
        assert_eq!(split(&named("p/a.dcm", Some(12))), ("p/a.dcm", "#12"));
        assert_eq!(split(&named("p/a.dcm", None)), ("p/a.dcm", ""));
        for name in ["a#.dcm", "a#0", "a#1x", "#2", "p/#2", "a#1.jpg"] {
            assert_eq!(file_of(name), None, "{name}");
        }
    }
}
