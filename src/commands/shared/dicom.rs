//! What verbs take that write DICOM.

/// The beginning of new identifiers: with 39 digits after it, one has 64 characters at the most.
pub fn uid_root(text: &str) -> Result<String, String> {
    let is_part = |part: &str| {
        let is_number = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        is_number && (part == "0" || !part.starts_with('0'))
    };
    match text.len() <= 24 && text.split('.').all(is_part) {
        true => Ok(text.to_owned()),
        false => Err("write numbers with dots between them, up to 24 characters".into()),
    }
}
