//! How much worse a photo may be before the model fails: the same model on photos that are disturbed in memory, held against
//! its own mask of the good photo. No reference masks are needed, and nothing is said of whether the good mask is right.

mod disturb;
pub(crate) mod kinds;
pub(crate) mod photo;

use serde::Serialize;

use crate::domain::record::{Failure, ModelId, Size};
use crate::evaluation::eval::scores::Tool;
use crate::evaluation::score::summary::{MetricSummary, RESAMPLES, summarise};
use crate::people::LeftOut;
use crate::store::harmless;
use kinds::{KINDS, Kind, Series};
use photo::{Change, Figures, Trial, Tried};

pub const STRESS_SCHEMA: &str = "derm-seg/stress/1";

/// The content of `stress.json` (`docs/schemas/stress.json`). Fields are added, never renamed.
#[derive(Clone, Debug, Serialize)]
pub struct Stress {
    pub schema: &'static str,
    pub tool: Tool,
    pub model: ModelId,
    pub conventions: Conventions,
    pub totals: Totals,
    /// Null where nobody is listed.
    pub opted_out: Option<LeftOut>,
    pub kinds: Vec<OfKind>,
    pub photos: Vec<PhotoRow>,
    pub failures: Vec<PhotoFailure>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Conventions {
    /// Median Dice under which the model no longer works.
    pub bound: f64,
    /// Larger photos are reduced to this.
    pub long_side: u32,
    pub dice: &'static str,
    pub interval: &'static str,
    pub seed: u64,
    pub resamples: usize,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Totals {
    pub tried: usize,
    pub failed: usize,
    /// Of those tried: photos in which the model finds no lesion undisturbed.
    pub without_lesion: usize,
}

/// One kind of disturbance over all photos.
#[derive(Clone, Debug, Serialize)]
pub struct OfKind {
    pub kind: &'static str,
    pub what: &'static str,
    pub unit: &'static str,
    /// The last strength before the median Dice falls under the bound; null where it does at the first, or nothing is known.
    pub works_to: Option<f64>,
    /// The first strength at which it is under the bound; null where none is.
    pub stops_at: Option<f64>,
    pub strengths: Vec<OfStrength>,
}

#[derive(Clone, Debug, Serialize)]
pub struct OfStrength {
    pub strength: f64,
    /// Photos that were disturbed like this.
    pub photos: usize,
    /// Over photos with a lesion in one of the two masks.
    pub dice: MetricSummary,
    /// Photos with a lesion in which none is found any more.
    pub lost: usize,
    /// Photos without a lesion in which one is found now.
    pub invented: usize,
    pub change: ChangeSummary,
}

#[derive(Clone, Debug, Serialize)]
pub struct ChangeSummary {
    pub lesion_fraction_of_skin: MetricSummary,
    pub lesions: MetricSummary,
    pub delta_a: MetricSummary,
}

#[derive(Clone, Debug, Serialize)]
pub struct PhotoRow {
    pub image: String,
    pub photo: Size,
    pub figures: Figures,
    pub trials: Vec<TrialRow>,
}

#[derive(Clone, Debug, Serialize)]
pub struct TrialRow {
    pub kind: &'static str,
    pub strength: f64,
    pub dice: Option<f64>,
    pub figures: Figures,
    pub change: Change,
}

#[derive(Clone, Debug, Serialize)]
pub struct PhotoFailure {
    pub image: String,
    pub failure: Failure,
}

/// What decides the summary.
pub struct Judging {
    pub bound: f64,
    pub long_side: u32,
    pub seed: u64,
}

impl Stress {
    pub fn of(
        model: ModelId,
        series: &[Series],
        judging: &Judging,
        tried: &[(String, Tried)],
        failures: Vec<PhotoFailure>,
        opted_out: Option<LeftOut>,
    ) -> Self {
        Self {
            schema: STRESS_SCHEMA,
            tool: Tool::default(),
            model,
            conventions: Conventions {
                bound: judging.bound,
                long_side: judging.long_side,
                dice: "lesion of the disturbed photo against lesion of the undisturbed one, by the same model; null where neither has one",
                interval: "95 % percentile bootstrap of the mean, by photo",
                seed: judging.seed,
                resamples: RESAMPLES,
            },
            totals: Totals {
                tried: tried.len(),
                failed: failures.len(),
                without_lesion: tried.iter().filter(|(_, t)| t.figures.lesions == 0).count(),
            },
            opted_out,
            kinds: series.iter().map(|series| of_kind(series, judging, tried)).collect(),
            photos: tried.iter().map(row).collect(),
            failures,
        }
    }
}

fn of_kind(series: &Series, judging: &Judging, tried: &[(String, Tried)]) -> OfKind {
    let about = series.kind.about();
    let of = |&strength: &f64| of_strength(series.kind, strength, judging.seed, tried);
    let strengths: Vec<OfStrength> = series.strengths.iter().map(of).collect();
    let fails = |s: &OfStrength| s.dice.median.is_some_and(|median| median < judging.bound);
    let known = || strengths.iter().filter(|s| s.dice.median.is_some());
    OfKind {
        kind: about.name,
        what: about.what,
        unit: about.unit,
        works_to: known().take_while(|s| !fails(s)).last().map(|s| s.strength),
        stops_at: strengths.iter().find(|s| fails(s)).map(|s| s.strength),
        strengths,
    }
}

fn of_strength(kind: Kind, strength: f64, seed: u64, tried: &[(String, Tried)]) -> OfStrength {
    let is_meant = |trial: &&Trial| trial.kind == kind && trial.strength == strength;
    let trials: Vec<&Trial> = tried.iter().filter_map(|(_, t)| t.trials.iter().find(is_meant)).collect();
    let summary =
        |of: &dyn Fn(&Trial) -> Option<f64>| summarise(&trials.iter().map(|t| of(t)).collect::<Vec<_>>(), None, seed);
    OfStrength {
        strength,
        photos: trials.len(),
        dice: summary(&|t| t.dice),
        lost: trials.iter().filter(|t| t.lesion == [true, false]).count(),
        invented: trials.iter().filter(|t| t.lesion == [false, true]).count(),
        change: ChangeSummary {
            lesion_fraction_of_skin: summary(&|t| t.change.lesion_fraction_of_skin),
            lesions: summary(&|t| Some(t.change.lesions as f64)),
            delta_a: summary(&|t| t.change.delta_a),
        },
    }
}

fn row((image, tried): &(String, Tried)) -> PhotoRow {
    let trial = |t: &Trial| TrialRow {
        kind: t.kind.about().name,
        strength: t.strength,
        dice: t.dice,
        figures: t.figures,
        change: t.change,
    };
    PhotoRow {
        image: image.clone(),
        photo: tried.size,
        figures: tried.figures,
        trials: tried.trials.iter().map(trial).collect(),
    }
}

/// Every kind at its usual strengths.
pub fn usual_series() -> Vec<Series> {
    KINDS.iter().map(Series::usual).collect()
}

/// `stress.csv`: one line for every photo, kind and strength; the photo itself is the line `undisturbed`.
pub fn csv(stress: &Stress) -> csv::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "image",
        "kind",
        "strength",
        "dice",
        "lesion_fraction_of_skin",
        "lesions",
        "delta_a",
        "change_lesion_fraction_of_skin",
        "change_lesions",
        "change_delta_a",
    ])?;
    let cell = |value: Option<f64>| value.map(|v| format!("{v:.6}")).unwrap_or_default();
    let figures = |f: &Figures| [cell(f.lesion_fraction_of_skin), f.lesions.to_string(), cell(f.delta_a)];
    for photo in &stress.photos {
        let name = harmless(photo.image.clone());
        let head = [name.clone(), "undisturbed".to_owned(), String::new(), String::new()];
        writer.write_record(head.into_iter().chain(figures(&photo.figures)).chain([(); 3].map(|()| String::new())))?;
        for t in &photo.trials {
            let head = [name.clone(), t.kind.to_owned(), t.strength.to_string(), cell(t.dice)];
            let change = [cell(t.change.lesion_fraction_of_skin), t.change.lesions.to_string(), cell(t.change.delta_a)];
            writer.write_record(head.into_iter().chain(figures(&t.figures)).chain(change))?;
        }
    }
    writer.into_inner().map_err(|e| e.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(dice: &[Option<f64>]) -> Tried {
        let figures = Figures { lesion_fraction_of_skin: Some(0.1), lesions: 1, delta_a: None };
        let change = Change { lesion_fraction_of_skin: Some(0.0), lesions: 0, delta_a: None };
        let trial = |(i, dice): (usize, &Option<f64>)| Trial {
            kind: Kind::Blur,
            strength: i as f64 + 1.0,
            dice: *dice,
            figures,
            change,
            lesion: [true, *dice != Some(0.0)],
        };
        let trials = dice.iter().enumerate().map(trial).collect();
        Tried { size: Size { width: 1, height: 1 }, figures, trials }
    }

    fn judged(photos: &[&[Option<f64>]]) -> OfKind {
        let tried: Vec<(String, Tried)> = photos.iter().map(|dice| (String::new(), tried(dice))).collect();
        let series = Series { kind: Kind::Blur, strengths: vec![1.0, 2.0, 3.0] };
        of_kind(&series, &Judging { bound: 0.8, long_side: 1024, seed: 1 }, &tried)
    }

    #[test]
    fn it_works_to_the_last_strength_before_the_first_failure() {
        let found = judged(&[&[Some(0.9), Some(0.8), Some(0.1)], &[Some(0.9), Some(0.8), Some(0.0)]]);
        assert_eq!((found.works_to, found.stops_at), (Some(2.0), Some(3.0)));
        assert_eq!((found.strengths[2].lost, found.strengths[2].dice.median), (1, Some(0.05)));
        // What is well again at a higher strength is luck.
        let found = judged(&[&[Some(0.7), Some(0.9), Some(0.9)]]);
        assert_eq!((found.works_to, found.stops_at), (None, Some(1.0)));
        let found = judged(&[&[Some(0.9), Some(0.9), Some(0.9)]]);
        assert_eq!((found.works_to, found.stops_at), (Some(3.0), None));
        assert_eq!((judged(&[&[None, None, None]]).works_to, judged(&[]).stops_at), (None, None));
    }
}
