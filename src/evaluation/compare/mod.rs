//! Two runs over the same photos, photo by photo: masks, figures, statuses, settings and model.

pub(crate) mod limits;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use crate::batch::{MemoryGate, parallel_map};
use crate::disk::vault::Vault;
use crate::domain::changes::{Change, changes};
use crate::domain::record::{Done, FileRef, Record};
use crate::error::UsageError;
use crate::evaluation::eval::scores::Tool;
use crate::evaluation::score::difference::MaskDifference;
use crate::people::{LeftOut, OptOut};
use crate::store::MaskError;
use crate::store::results::{Index, Results};
use crate::store::review::{Reviewed, Selection};
use limits::{Held, Limit};

pub const COMPARE_SCHEMA: &str = "derm-seg/compare/1";

#[derive(Clone, Debug)]
pub struct ComparePlan {
    pub base: PathBuf,
    pub new: PathBuf,
    pub people: Arc<OptOut>,
    /// Which photos a review takes. It is of one run's masks and counts for both: the others differ, which is what is looked at.
    pub selection: Option<Selection>,
    pub limits: Vec<Limit>,
    pub vault: Vault,
    pub jobs: usize,
}

/// The content of `compare.json` (`docs/schemas/compare.json`).
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    pub schema: &'static str,
    pub tool: Tool,
    pub totals: Totals,
    /// Photos of either run that are in nothing else here; null where nobody is listed.
    pub opted_out: Option<LeftOut>,
    /// What --review left out; null without it.
    pub review: Option<Reviewed>,
    /// What differs between the two run.json, timings and totals aside: program, model, settings, runtime.
    pub run: Vec<Change>,
    pub limits: Vec<Held>,
    /// Photos that are not the same in both, the worst first.
    pub images: Vec<ImageChange>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub base: usize,
    pub new: usize,
    /// Photos of both runs that are alike in status, mask and every figure.
    pub same: usize,
    pub changed: usize,
    pub only_base: usize,
    pub only_new: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImageChange {
    pub image: String,
    pub kind: Kind,
    /// `done`, `excluded` or `failed`; null where the run does not have the photo.
    pub base_status: Option<&'static str>,
    pub new_status: Option<&'static str>,
    /// The photo's file is another one.
    pub input_changed: bool,
    /// Null where there are not two masks of one size.
    pub mask: Option<MaskDifference>,
    /// Largest relative change first.
    pub figures: Vec<Change>,
    pub message: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A mask is missing, unreadable or not the one that its record promises.
    Damaged,
    OnlyBase,
    OnlyNew,
    Status,
    /// The masks have different sizes.
    Size,
    Mask,
    /// The masks are the same.
    Figures,
}

/// Parts of a record that say nothing of the result, or that are compared in another way.
const NOT_FIGURES: [&str; 5] = ["schema", "input", "model", "mask", "status"];
const NOT_SETTINGS: [&str; 5] = ["schema", "timings", "overlay", "totals", "complete"];

pub fn compare(plan: &ComparePlan) -> Result<Comparison> {
    let selection = plan.selection.clone().map(Selection::of_any_result);
    let open = |root| Ok::<_, UsageError>(Results::open(root, &plan.people, &plan.vault)?.selected(selection.clone()));
    let (base, new) = (open(&plan.base)?, open(&plan.new)?);
    let (base_index, new_index) = (base.index()?, new.index()?);
    let mut photos: BTreeMap<&str, (Option<usize>, Option<usize>)> = BTreeMap::new();
    for (i, entry) in base_index.entries.iter().enumerate() {
        photos.entry(&entry.image).or_default().0 = Some(i);
    }
    for (i, entry) in new_index.entries.iter().enumerate() {
        photos.entry(&entry.image).or_default().1 = Some(i);
    }
    let photos: Vec<_> = photos.into_iter().collect();
    let memory = MemoryGate::for_jobs(plan.jobs);
    let answers = parallel_map(&photos, plan.jobs, |&(image, (b, n))| {
        let sides = Sides { base: (&base, &base_index), new: (&new, &new_index), memory: &memory };
        sides.compare(image, b, n)
    })?;
    let mut images: Vec<ImageChange> = answers.into_iter().flatten().collect();
    images.sort_by(|a, b| {
        b.severity().total_cmp(&a.severity()).then(a.kind.cmp(&b.kind)).then_with(|| a.image.cmp(&b.image))
    });

    let of_kind = |kind| images.iter().filter(|i| i.kind == kind).count();
    let (only_base, only_new) = (of_kind(Kind::OnlyBase), of_kind(Kind::OnlyNew));
    let totals = Totals {
        base: base_index.entries.len(),
        new: new_index.entries.len(),
        same: photos.len() - images.len(),
        changed: images.len() - only_base - only_new,
        only_base,
        only_new,
    };
    let run = changes(&base.run().unwrap_or(Value::Null), &new.run().unwrap_or(Value::Null), &NOT_SETTINGS);
    let limits = limits::check(&plan.limits, &images, &run);
    let mut theirs = [base_index.opted_out, new_index.opted_out].concat();
    theirs.sort();
    theirs.dedup();
    let opted_out = plan.people.left_out(&theirs);
    let review = selection.map(|selection| {
        let left: BTreeSet<&str> =
            [&base_index.left_by_review, &new_index.left_by_review].into_iter().flatten().map(String::as_str).collect();
        let is_there =
            |path: &str| left.contains(path) || photos.binary_search_by(|(photo, _)| (*photo).cmp(path)).is_ok();
        let lines_without_photos = selection.review.paths().filter(|path| !is_there(path)).count();
        Reviewed { left_out: left.len(), outdated: 0, lines_without_photos }
    });
    Ok(Comparison { schema: COMPARE_SCHEMA, tool: Tool::default(), totals, opted_out, review, run, limits, images })
}

struct Sides<'a> {
    base: (&'a Results, &'a Index),
    new: (&'a Results, &'a Index),
    memory: &'a MemoryGate,
}

/// Two masks, and one as it is being decoded.
const BYTES_A_PIXEL: u64 = 3;

impl Sides<'_> {
    /// `None` where nothing changed.
    fn compare(&self, image: &str, base: Option<usize>, new: Option<usize>) -> Option<ImageChange> {
        let mut change = ImageChange {
            image: image.to_owned(),
            kind: Kind::Status,
            base_status: None,
            new_status: None,
            input_changed: false,
            mask: None,
            figures: Vec::new(),
            message: None,
        };
        let read = |index: &Index, entry: Option<usize>| entry.map(|e| index.read(e)).transpose();
        let (base, new) = match (read(self.base.1, base), read(self.new.1, new)) {
            (Ok(base), Ok(new)) => (base, new),
            (Err(e), _) | (_, Err(e)) => return Some(change.damaged(e.to_string())),
        };
        change.base_status = base.as_ref().map(Record::status);
        change.new_status = new.as_ref().map(Record::status);
        let (base, new) = match (base, new) {
            (Some(base), Some(new)) => (base, new),
            (base, _) => {
                change.kind = if base.is_some() { Kind::OnlyBase } else { Kind::OnlyNew };
                return Some(change);
            }
        };
        change.input_changed = base.input().blake3 != new.input().blake3;
        let leaves = |record: &Record| serde_json::to_value(record).unwrap_or_default();
        change.figures = changes(&leaves(&base), &leaves(&new), &NOT_FIGURES);
        change.figures.sort_by(|a, b| b.relative.total_cmp(&a.relative).then_with(|| a.name.cmp(&b.name)));
        let (Some(b), Some(n)) = (base.done(), new.done()) else {
            if base.status() != new.status() {
                change.figures.clear(); // Every figure came or went: the status says it all.
                return Some(change);
            }
            let same = change.figures.is_empty() && !change.input_changed;
            return (!same).then_some(change);
        };
        let _share = self.memory.enter_picture((n.photo.width, n.photo.height), BYTES_A_PIXEL);
        match self.masks(b, n) {
            Err(e) => return Some(change.damaged(e.to_string())),
            Ok(difference) => change.mask = difference,
        }
        change.kind = match change.mask {
            None => Kind::Size,
            Some(d) if d.changed_px > 0 => Kind::Mask,
            Some(_) => Kind::Figures,
        };
        let same = change.kind == Kind::Figures && change.figures.is_empty() && !change.input_changed;
        (!same).then_some(change)
    }

    /// Masks that are the same file, as both records promise, need not be decoded.
    fn masks(&self, base: &Done, new: &Done) -> Result<Option<MaskDifference>, DamagedMask> {
        let bytes = (kept_promise(self.base.0, &base.mask)?, kept_promise(self.new.0, &new.mask)?);
        if bytes.0 == bytes.1 {
            return Ok(Some(MaskDifference::NONE));
        }
        let read = |results: &Results, photo: &Done| {
            results.mask(&photo.mask, photo.photo).map_err(|why| DamagedMask::new(&photo.mask, why))
        };
        Ok(MaskDifference::of(&read(self.base.0, base)?, &read(self.new.0, new)?))
    }
}

/// The mask file's bytes, if they are what the record says.
fn kept_promise(results: &Results, mask: &FileRef) -> Result<Vec<u8>, DamagedMask> {
    let bytes =
        results.vault.read(&results.root.join(&mask.path)).map_err(|e| DamagedMask::new(mask, MaskError::from(e)))?;
    match blake3::hash(&bytes).to_hex().as_str() == mask.blake3 {
        true => Ok(bytes),
        false => Err(DamagedMask::new(mask, MaskError::NotPromised)),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}")]
struct DamagedMask {
    path: String,
    why: MaskError,
}

impl DamagedMask {
    fn new(mask: &FileRef, why: MaskError) -> Self {
        Self { path: mask.path.clone(), why }
    }
}

impl ImageChange {
    fn damaged(mut self, message: String) -> Self {
        self.kind = Kind::Damaged;
        self.message = Some(message);
        self
    }

    fn status_changed(&self) -> bool {
        self.kind == Kind::Status && (self.base_status != self.new_status || !self.figures.is_empty())
    }

    /// 3 for what cannot be compared, then 1 to 2 by how far the masks are apart, then under 1 by the figures.
    fn severity(&self) -> f64 {
        let figures = self.figures.first().map_or(0.0, |f| f.relative.min(1.0));
        match (self.kind, &self.mask) {
            (Kind::Mask, Some(mask)) => 1.0 + (1.0 - mask.dice).max(mask.changed_fraction),
            (Kind::Figures, _) => figures,
            _ => 3.0,
        }
    }
}
