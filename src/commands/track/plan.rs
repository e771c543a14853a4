//! `track`: arguments to a plan.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::args::{Dates, TrackArgs};
use crate::commands::shared::people::{self, People};
use crate::commands::shared::sources::sources;
use crate::commands::shared::{at_rest, review};
use crate::domain::days::{date_of, day_of};
use crate::domain::record::Record;
use crate::domain::source::Source;
use crate::error::UsageError;
use crate::people::Pseudonyms;
use crate::people::subjects::{Subjects, SubjectsPlan};
use crate::report::Language;
use crate::store::results::Results;
use crate::store::review::{Review, Selection};
use crate::track::series::{Series, Shot};

const SITES: [&str; 4] = ["site", "body_site", "region", "location"];
const DATES: [&str; 4] = ["date", "day", "visit_date", "visit_day"];

/// Days of a study, or of a spreadsheet, which counts them from 1900. What is more is a date without its lines: 20240531.
const MOST_DAYS: RangeInclusive<i64> = -100_000..=100_000;

pub struct TrackPlan {
    pub results: Results,
    /// With two photos or more.
    pub series: Vec<Series>,
    /// Photos that are in no series, by cause.
    pub left_out: LeftOut,
    pub sources: HashMap<String, Source>,
    /// `days`, `kept` or `shifted`.
    pub dates: &'static str,
    pub photo_size: u32,
    pub language: Language,
    pub output: PathBuf,
    pub json: bool,
    pub jobs: usize,
}

pub fn plan(args: TrackArgs) -> Result<TrackPlan, UsageError> {
    let vault = at_rest::vault(&args.results.at_rest)?;
    let columns = SubjectsPlan {
        image_column: args.image_column.clone(),
        subject_column: args.subject_column.clone(),
        ..SubjectsPlan::default()
    };
    let whom = people::of_results(&args.results.people, columns, &vault)?;
    let People { key: codes, table: Some(table), opt_out: people } = whom else {
        return Err(UsageError(
            "Give the table of the photos with --subjects FILE: a line for each photo, with the columns path, subject and date."
                .into(),
        ));
    };
    table.require_people()?;
    let shown = table.file.display().to_string();
    let marks = review::selection(&args.review, &vault)?;
    let rulers = marks.as_ref().map(|selection| Selection::of_everything(selection.review.clone()).review);
    let results = Results::open(&args.out, &people, &vault)?.selected(marks);
    let is_coded = results.carries_codes();
    let sources = sources(&args.photos, &args.out, &people, is_coded, codes.as_ref())?;
    let lines = Lines::new(&args, &table, &shown)?;
    let mut left_out = LeftOut::new();
    let shots = lines.shots(&results, codes.as_ref().filter(|_| is_coded), rulers.as_deref(), &mut left_out)?;
    let series = lines.series(shots, &mut left_out);
    if series.is_empty() {
        return Err(UsageError(format!(
            "No person and place has two photos in these results: look at the columns of people, sites and dates in {shown}, and at the paths."
        )));
    }
    Ok(TrackPlan {
        series,
        left_out,
        sources,
        dates: match (args.dates, args.shift_days) {
            (_, Some(_)) => "shifted",
            (Dates::Keep, None) => "kept",
            (Dates::Days, None) => "days",
        },
        photo_size: args.photo_size,
        language: args.lang.language(),
        output: args.output.unwrap_or_else(|| args.out.clone()),
        json: args.json,
        jobs: args.results.jobs.count(),
        results,
    })
}

type LeftOut = BTreeMap<&'static str, usize>;
/// Photos of a person, or of a place on the body where there is a column of places.
type Shots = BTreeMap<(String, Option<String>), Vec<Shot>>;

/// The columns that say when and where a photo was taken, and at what scale.
struct Lines<'a> {
    table: &'a Subjects,
    shown: &'a str,
    site: Option<usize>,
    date: usize,
    are_dates: bool,
    marker: Option<(usize, f64)>,
    /// By how many days written dates are moved; none where only days are written.
    written: Option<i64>,
}

impl<'a> Lines<'a> {
    fn new(args: &TrackArgs, table: &'a Subjects, shown: &'a str) -> Result<Self, UsageError> {
        let find = |name: &str| table.columns.iter().position(|column| column.eq_ignore_ascii_case(name));
        let named = |name: &Option<String>, option: &str, usual: &[&str]| match name {
            None => Ok(usual.iter().find_map(|name| find(name))),
            Some(name) => find(name).map(Some).ok_or_else(|| {
                UsageError(format!("{option} {name}: the table has the columns {}", table.columns.join(", ")))
            }),
        };
        let Some(date) = named(&args.date_column, "--date-column", &DATES)? else {
            return Err(UsageError(format!(
                "{shown} has no column date or day; if it is called otherwise, name it with --date-column."
            )));
        };
        let marker = match args.marker_mm {
            None => None,
            Some(mm) if mm.is_finite() && mm > 0.0 => Some((
                find("marker_px")
                    .ok_or_else(|| UsageError(format!("--marker-mm needs a column marker_px in {shown}")))?,
                mm,
            )),
            Some(mm) => return Err(UsageError(format!("--marker-mm {mm}: write a length over 0"))),
        };
        let keeps = args.dates == Dates::Keep;
        let mut lines = Self {
            site: named(&args.site_column, "--site-column", &SITES)?,
            written: args.shift_days.map(i64::from).or(keeps.then_some(0)),
            are_dates: false,
            table,
            shown,
            date,
            marker,
        };
        let cells = || lines.table.photos().filter_map(|(_, photo)| lines.table.value(photo, date));
        lines.are_dates = cells().next().is_some_and(|cell| day_of(&cell).is_some());
        if lines.written.is_some() && !lines.are_dates {
            return Err(UsageError(format!("{shown} has days and no dates: leave out --dates keep and --shift-days")));
        }
        Ok(lines)
    }

    /// The photos of the results that have a line with a person and a date. Where results carry codes, people do so, too.
    fn shots(
        &self,
        results: &Results,
        codes: Option<&Pseudonyms>,
        rulers: Option<&Review>,
        left_out: &mut LeftOut,
    ) -> Result<Shots, UsageError> {
        let mut shots = Shots::new();
        for record in results.records()? {
            let record = record?;
            let Some(subject) = self.table.subject(&record.input().path) else {
                *left_out.entry("without_subject").or_default() += 1;
                continue;
            };
            let subject = codes.map_or_else(|| subject.to_owned(), |codes| codes.code(subject));
            let site = self.cell(&record, self.site);
            let Some(shot) = self.shot(record, rulers)? else {
                *left_out.entry("without_date").or_default() += 1;
                continue;
            };
            shots.entry((subject, site)).or_default().push(shot);
        }
        Ok(shots)
    }

    /// Two photos or more in their order, with the days since the first.
    fn series(&self, shots: Shots, left_out: &mut LeftOut) -> Vec<Series> {
        let mut series = Vec::new();
        for ((subject, site), mut shots) in shots {
            if shots.len() < 2 {
                *left_out.entry("alone").or_default() += 1;
                continue;
            }
            shots.sort_by(|a, b| (a.day, &a.path).cmp(&(b.day, &b.path)));
            // Also where the table has days: they may be dates as a spreadsheet counts them.
            let first = shots[0].day;
            shots.iter_mut().for_each(|shot| shot.day -= first);
            series.push(Series { subject, site, shots });
        }
        series
    }

    fn cell(&self, record: &Record, column: Option<usize>) -> Option<String> {
        self.table.value(&record.input().path, column?)
    }

    /// Nothing for a photo without a date.
    fn shot(&self, record: Record, rulers: Option<&Review>) -> Result<Option<Shot>, UsageError> {
        let path = record.input().path.clone();
        let Some(text) = self.cell(&record, Some(self.date)) else { return Ok(None) };
        let wrong = |what: &str| UsageError(format!("{}, {path}: `{text}` is {what}", self.shown));
        let day = match self.are_dates {
            true => day_of(&text).ok_or_else(|| wrong("not a date: write 2024-05-31"))?,
            false => {
                let day = text.parse().ok().filter(|day: &i64| MOST_DAYS.contains(day));
                day.ok_or_else(|| wrong("not a day: write a whole number, or a date such as 2024-05-31"))?
            }
        };
        let number = |column: usize| -> Result<Option<f64>, UsageError> {
            let Some(cell) = self.cell(&record, Some(column)) else { return Ok(None) };
            match cell.parse::<f64>() {
                Ok(value) if value.is_finite() && value > 0.0 => Ok(Some(value)),
                _ => {
                    Err(UsageError(format!("{}, {path}: `{cell}` is not a length: write a number over 0", self.shown)))
                }
            }
        };
        let marker = match self.marker {
            Some((column, mm)) => number(column)?.map(|px| mm / px),
            None => None,
        };
        let ruler = rulers.and_then(|rulers| rulers.remark(&record)).and_then(|remark| remark.mm_per_px);
        let of_file = record.done().and_then(|done| done.area.mm_per_px);
        let mm_per_px = ruler.or(self.table.mm_per_px(&path)).or(marker).or(of_file);
        let date = self.written.map(|days| date_of(day + days));
        let done = record.done().cloned().map(Box::new);
        Ok(Some(Shot { path, day, date, mm_per_px, done }))
    }
}
