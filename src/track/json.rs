//! What is written of all series: `track.json` and `track.csv`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::align::Alignment;

pub const SCHEMA: &str = "derm-seg/track/1";

/// One place of one person's skin.
#[derive(Debug, Serialize)]
pub struct SeriesJson {
    pub subject: String,
    pub site: Option<String>,
    /// By day.
    pub photos: Vec<PhotoJson>,
}

#[derive(Debug, Serialize)]
pub struct PhotoJson {
    pub path: String,
    /// Days since the first photo of the series.
    pub day: i64,
    /// Where dates are kept.
    pub date: Option<String>,
    pub comparable: bool,
    /// Why it is not comparable.
    pub reason: Option<&'static str>,
    /// Null for the first photo.
    pub alignment: Option<AlignmentJson>,
    pub scale: ScaleJson,
    /// Null where it is not known in both photos.
    pub skin_share: Option<ShareJson>,
    pub colour: Option<ColourJson>,
    pub lesions: Vec<LesionJson>,
}

/// Lengths in pixels of the first photo.
#[derive(Debug, Serialize)]
pub struct AlignmentJson {
    /// a, b, c, d, e, f: a place (x, y) of this photo is at (ax + by + c, dx + ey + f) of the first.
    pub to_first: [f64; 6],
    pub zoom: f64,
    pub turn_deg: f64,
    pub points: usize,
    pub residual_px: f64,
    /// Half of a 95 % interval of places.
    pub place_error_px: f64,
    /// The same of areas, relative.
    pub area_error: f64,
    pub overlap: f64,
    pub likeness: f64,
}

impl From<&Alignment> for AlignmentJson {
    fn from(from: &Alignment) -> Self {
        let map = from.to_first;
        Self {
            to_first: [map.a, map.b, map.c, map.d, map.e, map.f],
            zoom: map.area_factor().sqrt(),
            turn_deg: map.turn(),
            points: from.points,
            residual_px: from.residual,
            place_error_px: 1.96 * from.error,
            area_error: 1.96 * from.area_error,
            overlap: from.overlap,
            likeness: from.likeness,
        }
    }
}

/// What areas are compared by.
#[derive(Debug, Serialize)]
pub struct ScaleJson {
    /// `stated` where both photos have a scale, else `alignment`.
    pub source: &'static str,
    pub mm_per_px: Option<f64>,
    /// By how much areas differ between the two ways, relative; null where only one is known.
    pub disagreement: Option<f64>,
}

/// Of the visible skin that both photos show.
#[derive(Debug, Serialize)]
pub struct ShareJson {
    pub first: f64,
    pub this: f64,
    pub change: f64,
    /// By how much the change depends on where exactly the edge of the common field is.
    pub alignment_error: f64,
}

/// Lesion minus the skin around it, in what both photos show.
#[derive(Debug, Serialize)]
pub struct ColourJson {
    pub comparable: bool,
    pub reason: Option<&'static str>,
    pub da_change: Option<f64>,
    pub dei_change: Option<f64>,
    /// By how much the same normal skin differs between the photos: light and camera.
    pub light: Option<LightJson>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct LightJson {
    pub l: f64,
    pub a: f64,
    pub erythema_index: f64,
    /// What this light alone would do to da*; dEI does not depend on it.
    pub da: Option<f64>,
}

#[derive(Debug, Serialize)]
pub struct LesionJson {
    /// Its number in the series.
    pub lesion: usize,
    pub state: &'static str,
    pub reason: Option<&'static str>,
    /// The photo it is compared with: where it was first seen.
    pub since: String,
    /// Numbers of its pieces in this photo's record.
    pub pieces: Vec<u32>,
    /// Lesions of the series that are one with it in this photo.
    #[serde(rename = "with")]
    pub others: Vec<usize>,
    pub area_px: Option<u64>,
    pub area_first_px: Option<f64>,
    pub area_mm2: Option<f64>,
    pub area_change: Option<f64>,
    /// Half of a 95 % interval of the change, from the alignment.
    pub alignment_error: Option<f64>,
    /// What the change would differ by with the other scale.
    pub scale_error: Option<f64>,
    /// Within these errors it might as well be called otherwise.
    pub borderline: bool,
}

/// How the dates of the table come into the results.
pub struct AllSeries<'a> {
    pub series: &'a [SeriesJson],
    pub dates: &'static str,
    /// Lines that could not be taken, by cause.
    pub left_out: BTreeMap<&'static str, usize>,
}

impl AllSeries<'_> {
    pub fn totals(&self) -> Value {
        let photos = || self.series.iter().flat_map(|series| &series.photos);
        let mut states: BTreeMap<&str, usize> = BTreeMap::new();
        photos().flat_map(|photo| &photo.lesions).for_each(|lesion| *states.entry(lesion.state).or_default() += 1);
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        photos().filter_map(|photo| photo.reason).for_each(|reason| *reasons.entry(reason).or_default() += 1);
        json!({
            "series": self.series.len(),
            "photos": photos().count(),
            "comparable": photos().filter(|photo| photo.comparable).count(),
            "not_comparable": reasons,
            "lesions": states,
            "left_out": self.left_out,
        })
    }

    pub fn json(&self) -> serde_json::Result<Vec<u8>> {
        let mut value = json!({
            "schema": SCHEMA,
            "tool_version": env!("CARGO_PKG_VERSION"),
            "dates": self.dates,
            "change_that_counts": super::lesions::CHANGE,
            "totals": self.totals(),
            "series": self.series,
        });
        crate::domain::record::round(&mut value);
        let mut bytes = serde_json::to_vec_pretty(&value)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// A line for each lesion of each photo; one without a lesion where a photo has none.
    pub fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(COLUMNS)?;
        for (series, photo) in self.series.iter().flat_map(|s| s.photos.iter().map(move |photo| (s, photo))) {
            let lesions: Vec<Option<&LesionJson>> = match photo.lesions.is_empty() {
                true => vec![None],
                false => photo.lesions.iter().map(Some).collect(),
            };
            for lesion in lesions {
                table.write_record(line(series, photo, lesion).map(crate::store::harmless))?;
            }
        }
        table.into_inner().map_err(|e| e.into_error().into())
    }
}

const COLUMNS: [&str; 31] = [
    "subject",
    "site",
    "path",
    "day",
    "date",
    "comparable",
    "reason",
    "lesion",
    "state",
    "state_reason",
    "since",
    "pieces",
    "with",
    "area_px",
    "area_first_px",
    "area_mm2",
    "area_change",
    "area_change_alignment_error",
    "area_change_scale_error",
    "borderline",
    "skin_share_change",
    "skin_share_change_alignment_error",
    "da_change",
    "dei_change",
    "light_da",
    "light_a",
    "light_erythema_index",
    "points",
    "place_error_px",
    "overlap",
    "scale_source",
];

fn line(series: &SeriesJson, photo: &PhotoJson, lesion: Option<&LesionJson>) -> [String; 31] {
    let number = |value: Option<f64>| value.map(|v| format!("{:.6}", v + 0.0)).unwrap_or_default();
    let list = |all: Vec<String>| all.join(" ");
    let (alignment, colour, share) = (photo.alignment.as_ref(), photo.colour.as_ref(), photo.skin_share.as_ref());
    let light = colour.and_then(|c| c.light);
    [
        series.subject.clone(),
        series.site.clone().unwrap_or_default(),
        photo.path.clone(),
        photo.day.to_string(),
        photo.date.clone().unwrap_or_default(),
        photo.comparable.to_string(),
        photo.reason.unwrap_or_default().to_owned(),
        lesion.map(|l| l.lesion.to_string()).unwrap_or_default(),
        lesion.map_or("", |l| l.state).to_owned(),
        lesion.and_then(|l| l.reason).unwrap_or_default().to_owned(),
        lesion.map(|l| l.since.clone()).unwrap_or_default(),
        lesion.map(|l| list(l.pieces.iter().map(u32::to_string).collect())).unwrap_or_default(),
        lesion.map(|l| list(l.others.iter().map(usize::to_string).collect())).unwrap_or_default(),
        lesion.and_then(|l| l.area_px).map(|px| px.to_string()).unwrap_or_default(),
        number(lesion.and_then(|l| l.area_first_px)),
        number(lesion.and_then(|l| l.area_mm2)),
        number(lesion.and_then(|l| l.area_change)),
        number(lesion.and_then(|l| l.alignment_error)),
        number(lesion.and_then(|l| l.scale_error)),
        lesion.map(|l| l.borderline.to_string()).unwrap_or_default(),
        number(share.map(|s| s.change)),
        number(share.map(|s| s.alignment_error)),
        number(colour.and_then(|c| c.da_change)),
        number(colour.and_then(|c| c.dei_change)),
        number(light.and_then(|l| l.da)),
        number(light.map(|l| l.a)),
        number(light.map(|l| l.erythema_index)),
        alignment.map(|a| a.points.to_string()).unwrap_or_default(),
        number(alignment.map(|a| a.place_error_px)),
        number(alignment.map(|a| a.overlap)),
        photo.scale.source.to_owned(),
    ]
}
