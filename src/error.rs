//! Why one photo failed, and why a whole run stopped. Codes are stable: they are listed in `docs/codes.md` and tested.

/// Where in the pipeline a photo failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Discover,
    Read,
    Decode,
    Model,
    Measure,
    Write,
}

impl Stage {
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Discover => "discover",
            Stage::Read => "read",
            Stage::Decode => "decode",
            Stage::Model => "model",
            Stage::Measure => "measure",
            Stage::Write => "write",
        }
    }
}

/// One photo could not be processed; the others go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PhotoError {
    pub stage: Stage,
    pub code: &'static str,
    pub message: String,
}

impl PhotoError {
    pub fn new(stage: Stage, code: &'static str, message: impl Into<String>) -> Self {
        Self { stage, code, message: message.into() }
    }
}

/// The arguments, the settings or the model are wrong: nothing was started (exit code 2). The message carries the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// The run was stopped half-way by something that would stop every photo, such as a full disk (exit code 1).
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RunError(pub String);
