//! One photo through all disturbances: the model looks at the good photo once, and at every bad one.

use serde::Serialize;

use super::disturb::disturb;
use super::kinds::{Kind, Series};
use crate::batch::{Content, PhotoPlan, Stop, Tools, ask_model, contained, footprint};
use crate::domain::geometry::Rect;
use crate::domain::mask::{BACKGROUND, IGNORE, LESION, LabelMap};
use crate::domain::photo::{Photo, resize};
use crate::domain::record::{Input, Size};
use crate::domain::source::Source;
use crate::error::{PhotoError, Stage};
use crate::evaluation::score::overlap::{Counts, EmptyPolicy};
use crate::inference::runtime::Engine;
use crate::input::decode;
use crate::measure::{Measurements, measure};

/// What a pixel of the reduced photo costs at the worst moment: three photos, masks, and what measuring needs.
const BYTES_A_PIXEL: u64 = 64;

/// What every photo goes through.
pub struct Trials<'a> {
    pub series: &'a [Series],
    /// Larger photos are reduced to this.
    pub long_side: u32,
    pub looks: &'a PhotoPlan,
    pub tools: Tools<'a>,
    pub stop: &'a Stop,
}

/// What was found of one photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    pub size: Size,
    /// Of the undisturbed photo.
    pub figures: Figures,
    pub trials: Vec<Trial>,
}

/// The photo as one disturbance left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    pub kind: Kind,
    pub strength: f64,
    /// Lesion of the disturbed photo against that of the undisturbed one, where both can be seen; None where neither has any.
    pub dice: Option<f64>,
    pub figures: Figures,
    /// New minus undisturbed, over the same part of the photo.
    pub change: Change,
    /// Whether the undisturbed photo has a lesion where it can be seen, and whether this one has.
    pub lesion: [bool; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    pub lesion_fraction_of_skin: Option<f64>,
    pub lesions: usize,
    /// a* of the lesions minus that of the skin around them.
    pub delta_a: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Change {
    pub lesion_fraction_of_skin: Option<f64>,
    pub lesions: i64,
    pub delta_a: Option<f64>,
}

impl Figures {
    fn of(measured: &Measurements) -> Self {
        Self {
            lesion_fraction_of_skin: measured.area.lesion_fraction_of_skin,
            lesions: measured.lesions.len(),
            delta_a: measured.colour.difference.map(|difference| difference.da),
        }
    }

    fn change_from(&self, base: &Self) -> Change {
        let minus = |new: Option<f64>, old: Option<f64>| Some(new? - old?);
        Change {
            lesion_fraction_of_skin: minus(self.lesion_fraction_of_skin, base.lesion_fraction_of_skin),
            lesions: self.lesions as i64 - base.lesions as i64,
            delta_a: minus(self.delta_a, base.delta_a),
        }
    }
}

impl Trials<'_> {
    /// None where a signal came before all was done.
    pub fn try_photo(
        &self,
        source: &Source,
        content: Option<Content>,
        engine: &mut dyn Engine,
    ) -> Result<Option<Tried>, PhotoError> {
        contained(&mut Stage::Read, |stage| self.all(source, content, engine, stage))
    }

    fn all(
        &self,
        source: &Source,
        content: Option<Content>,
        engine: &mut dyn Engine,
        stage: &mut Stage,
    ) -> Result<Option<Tried>, PhotoError> {
        let mut input = Input { path: source.name.clone(), ..Input::default() };
        let mut file = self.tools.read(source, content, &mut input)?;
        file.unlock()?;
        *stage = Stage::Decode;
        // By what is inside, so that an encrypted photo is disturbed as the clear one is.
        let content = blake3::hash(&file.bytes);
        let header = file.header(&mut input)?;
        let reduced = u64::from(self.long_side).pow(2);
        let (bytes, _share) = {
            let need = footprint(file.bytes.len(), header) + BYTES_A_PIXEL * reduced;
            file.enter(need)
        };
        let photo = reduced_to(decode::decode(&bytes, header, u32::MAX)?.photo, self.long_side)?;
        drop(bytes);
        *stage = Stage::Model;
        let seen = ask_model(&photo, None, self.looks, engine)?;
        let (base, has_skin_class) = (seen.labels.with_one_kind(), seen.has_skin_class);
        let measured = measure(&photo, &base, has_skin_class, None);
        let figures = Figures::of(&measured);
        let middle = [f64::from(photo.width) / 2.0, f64::from(photo.height) / 2.0];
        let centre = measured.lesions.first().map_or(middle, |largest| largest.centroid);
        let mut trials = Vec::new();
        for series in self.series {
            for &strength in &series.strengths {
                if self.stop.signal().is_some() {
                    return Ok(None);
                }
                *stage = Stage::Decode;
                let seed = seed(&content, series.kind, strength);
                let Some(bad) = disturb(&photo, series.kind, strength, centre, seed)? else { continue };
                *stage = Stage::Model;
                let found = ask_model(&bad.photo, None, self.looks, engine)?;
                *stage = Stage::Measure;
                let seen = bad.seen(&found.labels.with_one_kind(), photo.width, photo.height);
                let colours = if series.kind.recolours() { &bad.photo } else { &photo };
                let whole = seen.iter().all(Option::is_some);
                let now = LabelMap { data: seen.iter().map(|s| s.unwrap_or(BACKGROUND)).collect(), ..base.clone() };
                let then = visible(&base, &seen);
                let base_figures = match whole {
                    true => figures,
                    false => Figures::of(&measure(&photo, &then, has_skin_class, None)),
                };
                let now_figures = Figures::of(&measure(colours, &now, has_skin_class, None));
                let counts = Counts::of(&lesions_of(&now), &lesions_of(&then), LESION);
                trials.push(Trial {
                    kind: series.kind,
                    strength,
                    dice: counts.dice(EmptyPolicy::Null),
                    change: now_figures.change_from(&base_figures),
                    figures: now_figures,
                    lesion: [counts.tp + counts.fn_ > 0, counts.tp + counts.fp > 0],
                });
            }
        }
        let size = Size { width: photo.width, height: photo.height };
        Ok(Some(Tried { size, figures, trials }))
    }
}

/// The undisturbed mask where the disturbed photo shows it; background, which counts in no figure here, elsewhere.
fn visible(base: &LabelMap, seen: &[Option<u8>]) -> LabelMap {
    let data = base.data.iter().zip(seen).map(|(label, seen)| if seen.is_some() { *label } else { BACKGROUND });
    LabelMap { data: data.collect(), ..*base }
}

/// All kinds of lesion as one.
fn lesions_of(labels: &LabelMap) -> LabelMap {
    let class = |label: &u8| if (LESION..IGNORE).contains(label) { LESION } else { BACKGROUND };
    LabelMap { width: labels.width, height: labels.height, data: labels.data.iter().map(class).collect() }
}

/// At its own size, stored whole, or reduced to `long_side`.
fn reduced_to(photo: Photo, long_side: u32) -> Result<Photo, PhotoError> {
    let longest = photo.width.max(photo.height);
    if longest <= long_side && photo.reduction() == 1 {
        return Ok(photo);
    }
    let scale = (f64::from(long_side) / f64::from(longest)).min(1.0);
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let (width, height) = (side(photo.width), side(photo.height));
    let rgb = resize(&photo, Rect::whole(photo.width, photo.height), width, height)?;
    Ok(Photo { width, height, rgb })
}

/// The same photo meets the same chance, whatever it is called and wherever it lies.
fn seed(content: &blake3::Hash, kind: Kind, strength: f64) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(content.as_bytes()).update(kind.about().name.as_bytes()).update(&strength.to_le_bytes());
    let mut first = [0; 8];
    hasher.finalize_xof().fill(&mut first);
    u64::from_le_bytes(first)
}
