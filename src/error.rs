//! Why one photo failed, what was noted about one, and why a whole run stopped. The message says what to do. Codes are
//! stable: they are listed in `docs/codes.md`, and tested.

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
pub enum PhotoError {
    #[error("a folder or link cannot be read ({0}); photos inside it are not processed: check its permissions")]
    UnreadableFolder(String),
    #[error("the same photo lies beside it, not encrypted; remove one of the two")]
    TwinNotEncrypted,
    #[error("another photo has the same name in another spelling; rename one of them")]
    TwinSpelling,
    #[error("the archive has this name more than once: only one photo of it was taken; unpack the archive and look")]
    NameRepeated,
    #[error(
        "the name of this member of the archive leads out of it, is too long or is no file's; it was not read: rename the \
         file and pack it anew"
    )]
    MemberName,
    #[error("this is a link or no regular file, and such members of archives are not followed; pack the photo itself")]
    MemberNotAFile,

    #[error("the file cannot be read: {0}")]
    NotFound(String),
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    #[error("this is not a regular file")]
    NotAFile,
    #[error("the file has {bytes} bytes, more than the limit of {limit}; raise --max-bytes if it is meant")]
    FileTooLarge { bytes: u64, limit: u64 },
    #[error("the file was changed while it was read; run the same command again when it is at rest")]
    ChangedMeanwhile,
    #[error("the photo cannot be taken out of its archive: {0}")]
    MemberUnreadable(String),
    #[error("the photo cannot be opened: {0}")]
    NoMatchingKey(String),
    #[error("the photo cannot be opened: {0}")]
    DecryptionFailed(String),

    #[error("the file is empty; copy it again from its source")]
    EmptyFile,
    #[error("the file holds only zero bytes, as an interrupted copy leaves; copy it again from its source")]
    OnlyZeros,
    #[error("the file is not a photo in a known format (JPEG, PNG, TIFF, BMP, WebP, GIF, DICOM)")]
    UnknownFormat,
    #[error("the file is {0}, which this build does not read; {way}", way = way_to_read(.0))]
    UnsupportedFormat(&'static str),
    #[error("the DICOM file holds no picture; leave it out, or check that it is the right one")]
    NoPicture,
    #[error(
        "the pixels of the DICOM file are packed as {0}, which is not read; unpack it first, for example with gdcmconv --raw"
    )]
    UnsupportedSyntax(&'static str),
    #[error("the DICOM file holds {0}, which is not read")]
    UnsupportedPixels(&'static str),
    #[error(
        "the file holds {0} frames, but it could not be looked into before (it is encrypted, in an archive, or not named .dcm): decrypt, unpack or rename it"
    )]
    FramesUnknown(u32),
    #[error("the photo is cut off: its end is missing; copy it again from its source")]
    Truncated,
    #[error("the photo has {0}; raise --max-pixels if it is meant")]
    TooManyPixels(String),
    #[error("the photo cannot be decoded: {0}")]
    DecodeFailed(String),
    #[error("the file holds no single still picture; save the picture by itself")]
    ScrubUnsupported,
    #[error("copies of DICOM files carry codes instead of numbers and names: add --names pseudonym --key-file FILE")]
    ScrubNeedsKey,
    #[error(
        "the file says that text is burned into its picture, or is a saved screen or ultrasound and does not say; look at it, and add --keep-burned-in if it may stay"
    )]
    BurnedIn,
    #[error("{kind} was found in the copy again ({place}); the copy was thrown away")]
    StillFound { kind: String, place: String },
    #[error("the copy did not show the same picture; it was thrown away")]
    NotTheSamePicture,
    #[error("the search for faces failed on this photo: {0}")]
    FacesNotChecked(String),
    #[error("a face was still found after covering; leave the photo out with --faces exclude")]
    FacesNotCovered,

    #[error("the model could not be run: {0}")]
    InferenceFailed(String),
    #[error("the model answered with shape {shape:?}, which does not fit its description ({classes} classes)")]
    UnexpectedOutput { shape: Vec<usize>, classes: usize },
    #[error("the model's answer holds values that are not numbers")]
    NotANumber,
    #[error(
        "the model takes grey values as they are stored, and this picture is in colours; give it the original, such as the DICOM file"
    )]
    NotGrey,
    #[error("the photo could not be resized: {0}")]
    ResizeFailed(String),

    #[error("the {what} could not be encoded: {why}")]
    EncodeFailed { what: &'static str, why: String },
    #[error("results cannot be written under this name ({0}); rename the photo")]
    NameUnusable(String),
    #[error("its record cannot be read back ({0}); run the same command again")]
    RecordUnreadable(String),
    #[error("what is in the place of its copy cannot be compared with it: {0}")]
    TargetLocked(String),
    #[error("another file is in the place of its copy; remove it, or choose another folder with -o")]
    TargetTaken,

    /// A panic.
    #[error("the photo made a part of the program fail; please report it")]
    Internal(Stage),
}

impl PhotoError {
    pub fn stage(&self) -> Stage {
        self.kind().0
    }

    pub fn code(&self) -> &'static str {
        self.kind().1
    }

    fn kind(&self) -> (Stage, &'static str) {
        match self {
            Self::UnreadableFolder(_) => (Stage::Discover, "unreadable_folder"),
            Self::TwinNotEncrypted | Self::TwinSpelling | Self::NameRepeated => (Stage::Discover, "name_taken"),
            Self::MemberName => (Stage::Discover, "member_name"),
            Self::MemberNotAFile => (Stage::Discover, "member_not_a_file"),
            Self::MemberUnreadable(_) => (Stage::Read, "member_unreadable"),
            Self::NotFound(_) => (Stage::Read, "not_found"),
            Self::Unreadable(_) => (Stage::Read, "unreadable"),
            Self::NotAFile => (Stage::Read, "not_a_file"),
            Self::FileTooLarge { .. } => (Stage::Read, "file_too_large"),
            Self::ChangedMeanwhile => (Stage::Read, "changed_meanwhile"),
            Self::NoMatchingKey(_) => (Stage::Read, "no_matching_key"),
            Self::DecryptionFailed(_) => (Stage::Read, "decryption_failed"),
            Self::EmptyFile => (Stage::Decode, "empty_file"),
            Self::OnlyZeros | Self::UnknownFormat => (Stage::Decode, "unknown_format"),
            Self::UnsupportedFormat(_) => (Stage::Decode, "unsupported_format"),
            Self::NoPicture => (Stage::Decode, "no_picture"),
            Self::UnsupportedSyntax(_) => (Stage::Decode, "unsupported_syntax"),
            Self::UnsupportedPixels(_) => (Stage::Decode, "unsupported_pixels"),
            Self::FramesUnknown(_) => (Stage::Decode, "frames_unknown"),
            Self::Truncated => (Stage::Decode, "truncated"),
            Self::TooManyPixels(_) => (Stage::Decode, "too_many_pixels"),
            Self::DecodeFailed(_) => (Stage::Decode, "decode_failed"),
            Self::ScrubUnsupported => (Stage::Decode, "scrub_unsupported"),
            Self::ScrubNeedsKey => (Stage::Decode, "scrub_needs_key"),
            Self::BurnedIn => (Stage::Decode, "burned_in_text"),
            Self::StillFound { .. } | Self::NotTheSamePicture => (Stage::Decode, "scrub_unverified"),
            Self::FacesNotChecked(_) => (Stage::Decode, "faces_not_checked"),
            Self::FacesNotCovered => (Stage::Decode, "faces_not_covered"),
            Self::InferenceFailed(_) => (Stage::Model, "inference_failed"),
            Self::UnexpectedOutput { .. } => (Stage::Model, "unexpected_output"),
            Self::NotANumber => (Stage::Model, "not_a_number"),
            Self::NotGrey => (Stage::Decode, "not_grey"),
            Self::ResizeFailed(_) => (Stage::Model, "resize_failed"),
            Self::EncodeFailed { .. } => (Stage::Write, "encode_failed"),
            Self::NameUnusable(_) => (Stage::Write, "name_unusable"),
            Self::RecordUnreadable(_) => (Stage::Write, "record_unreadable"),
            Self::TargetLocked(_) => (Stage::Write, "target_locked"),
            Self::TargetTaken => (Stage::Write, "target_taken"),
            Self::Internal(stage) => (*stage, "internal_error"),
        }
    }
}

/// What to do about a photo of this format.
fn way_to_read(format: &str) -> &'static str {
    match format {
        "HEIC" => {
            "convert it, for example with `heif-convert a.heic a.png` (libheif-examples) or ImageMagick, or build derm-seg with \
             --features heic"
        }
        "AVIF" => "convert it, for example with `avifdec a.avif a.png` (libavif-bin) or ImageMagick",
        "JPEG XL" => "convert it, for example with `djxl a.jxl a.png` (libjxl-tools)",
        _ => "convert it to JPEG, PNG or TIFF, for example with ImageMagick",
    }
}

/// A photo was processed, and there is something to know about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhotoWarning {
    #[error("the photo has transparent parts; they were put on white")]
    AlphaFlattened,
    #[error("the photo is in CMYK (YCCK); its colours are approximate")]
    YcckApproximate,
    #[error("the photo is in CMYK without a usable profile; its colours are approximate")]
    CmykApproximate,
    #[error("the colour profile could not be used; the pixels are taken as sRGB")]
    ColourProfileUnusable,
    #[error("the file holds several pictures; only the first was used")]
    FirstPictureOnly,
    #[error("{0}")]
    FacesNotChecked(PhotoError),
    #[error("the model was not sure about this photo: look at the mask before you use its figures")]
    Doubtful,
    #[error("results are written as {0}, because another photo's name differs only in case or the name is too long")]
    Renamed(String),
}

impl PhotoWarning {
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlphaFlattened => "alpha_flattened",
            Self::YcckApproximate | Self::CmykApproximate => "cmyk_approximate",
            Self::ColourProfileUnusable => "colour_profile_unusable",
            Self::FirstPictureOnly => "first_picture_only",
            Self::FacesNotChecked(_) => "faces_not_checked",
            Self::Doubtful => "doubtful",
            Self::Renamed(_) => "renamed",
        }
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
