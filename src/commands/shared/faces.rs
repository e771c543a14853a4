//! What to do about whole faces; each command offers what it can do.

use clap::ValueEnum;

use crate::privacy::faces::FacePolicy;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RunFaces {
    /// Do not look for them
    Off,
    /// Record that one was found
    #[default]
    Warn,
    /// Leave the photo out
    Exclude,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFaces {
    /// Do not look for them
    Off,
    /// Tell which photos show one
    #[default]
    Warn,
    /// The same: nothing is copied or segmented here
    Exclude,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ScrubFaces {
    /// Do not look for them
    #[default]
    Off,
    /// Tell which copies show one
    Warn,
    /// Make no copy
    Exclude,
    /// Cover the head with grey, for good; the copy is then saved as a new picture
    Blur,
}

impl From<RunFaces> for FacePolicy {
    fn from(faces: RunFaces) -> Self {
        match faces {
            RunFaces::Off => FacePolicy::Off,
            RunFaces::Warn => FacePolicy::Warn,
            RunFaces::Exclude => FacePolicy::Exclude,
        }
    }
}

impl From<CheckFaces> for FacePolicy {
    fn from(faces: CheckFaces) -> Self {
        match faces {
            CheckFaces::Off => FacePolicy::Off,
            CheckFaces::Warn | CheckFaces::Exclude => FacePolicy::Warn,
        }
    }
}

impl From<ScrubFaces> for FacePolicy {
    fn from(faces: ScrubFaces) -> Self {
        match faces {
            ScrubFaces::Off => FacePolicy::Off,
            ScrubFaces::Warn => FacePolicy::Warn,
            ScrubFaces::Exclude => FacePolicy::Exclude,
            ScrubFaces::Blur => FacePolicy::Blur,
        }
    }
}
