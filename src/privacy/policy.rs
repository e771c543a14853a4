//! What is done about a photo's findings.

use crate::domain::record::{Exclusion, Finding, Severity};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Findings are neither looked for nor recorded.
    Off,
    /// Findings are recorded and counted.
    #[default]
    Warn,
    /// Photos with an identifying finding are excluded.
    Strict,
}

impl Policy {
    pub fn as_str(self) -> &'static str {
        match self {
            Policy::Off => "off",
            Policy::Warn => "warn",
            Policy::Strict => "strict",
        }
    }

    /// Why a photo with these findings is left out, if it is.
    pub fn exclusion(self, findings: &[Finding]) -> Option<Exclusion> {
        if self != Policy::Strict {
            return None;
        }
        let identifying = findings.iter().filter(|finding| finding.severity == Severity::Identifying);
        let named: Vec<_> = identifying.map(|finding| format!("{} ({})", finding.kind, finding.place)).collect();
        (!named.is_empty()).then(|| Exclusion { reason: "identifying".into(), detail: named.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strict_excludes_and_only_for_identifying_findings() {
        let finding = |kind: &str, severity| Finding { kind: kind.into(), place: "exif".into(), severity };
        let findings = [finding("date", Severity::Possible), finding("gps", Severity::Identifying)];
        assert_eq!(Policy::Strict.exclusion(&findings[..1]), None);
        assert_eq!(Policy::Warn.exclusion(&findings), None);
        let exclusion = Policy::Strict.exclusion(&findings).unwrap();
        assert_eq!((exclusion.reason.as_str(), exclusion.detail.as_str()), ("identifying", "gps (exif)"));
    }
}
