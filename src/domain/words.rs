//! Numbers in sentences.

/// "1 photo", "2 photos", "1 copy", "2 copies".
pub fn counted(count: usize, thing: &str) -> String {
    match thing.strip_suffix('y') {
        _ if count == 1 => format!("1 {thing}"),
        Some(stem) => format!("{count} {stem}ies"),
        None => format!("{count} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many() {
        assert_eq!(["photo", "copy"].map(|thing| counted(1, thing)), ["1 photo", "1 copy"]);
        assert_eq!([counted(0, "photo"), counted(2, "copy")], ["0 photos", "2 copies"]);
    }
}
