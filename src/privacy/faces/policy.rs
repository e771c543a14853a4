//! What is done about faces.

use super::FaceFinder;
use crate::error::UsageError;
use crate::inference::runtime::Runtime;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FacePolicy {
    /// Not looked for.
    #[default]
    Off,
    /// Recorded and counted.
    Warn,
    /// The photo is left out.
    Exclude,
    /// Covered in the copy; `scrub` only.
    Blur,
}

impl FacePolicy {
    /// What looks for them; none where nobody asked.
    pub fn finder(self, runtime: &Runtime) -> Result<Option<FaceFinder>, UsageError> {
        (self != FacePolicy::Off).then(|| FaceFinder::open(runtime)).transpose()
    }

    pub fn as_str(self) -> &'static str {
        match self {
            FacePolicy::Off => "off",
            FacePolicy::Warn => "warn",
            FacePolicy::Exclude => "exclude",
            FacePolicy::Blur => "blur",
        }
    }
}
