//! What to do about whole faces; each command offers what it can do.

use clap::ValueEnum;

use crate::privacy::faces::Policy;

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
    /// Cover the head with grey, for good; the copy is then encoded anew
    Blur,
}

impl From<RunFaces> for Policy {
    fn from(faces: RunFaces) -> Self {
        match faces {
            RunFaces::Off => Policy::Off,
            RunFaces::Warn => Policy::Warn,
            RunFaces::Exclude => Policy::Exclude,
        }
    }
}

impl From<CheckFaces> for Policy {
    fn from(faces: CheckFaces) -> Self {
        match faces {
            CheckFaces::Off => Policy::Off,
            CheckFaces::Warn | CheckFaces::Exclude => Policy::Warn,
        }
    }
}

impl From<ScrubFaces> for Policy {
    fn from(faces: ScrubFaces) -> Self {
        match faces {
            ScrubFaces::Off => Policy::Off,
            ScrubFaces::Warn => Policy::Warn,
            ScrubFaces::Exclude => Policy::Exclude,
            ScrubFaces::Blur => Policy::Blur,
        }
    }
}
