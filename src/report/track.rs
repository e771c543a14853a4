//! Change over time: the page of strips and curves that `track` writes, and its part of the report.

use std::fmt::Write;

use anyhow::{Result, anyhow};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use serde_json::Value;

use super::curves::{Curve, curves};
use super::outline::path;
use super::plots::escape;
use super::tables::{Table, list, section};
use super::words::{Language, Words, count};
use crate::track::json::{LesionJson, PhotoJson, SeriesJson};
use crate::track::series::Followed;
use crate::track::strip::Frame;

const PAGE: &str = include_str!("page/track.html");
const STYLE: &str = include_str!("page/track.css");
const QUALITY: u8 = 80;
/// In the order of the legend.
const STATES: [&str; 9] =
    ["first", "stable", "growing", "shrinking", "new", "resolved", "merged", "split", "not_comparable"];

/// One file with all series. It holds copies of the photos, small and without their metadata.
pub fn track_page(followed: &[Followed], language: Language) -> Result<String> {
    let words = Words::of(language);
    let mut body = String::new();
    for Followed { told, frames } in followed {
        let name = escape(&name_of(&told.subject, told.site.as_deref()));
        write!(body, "<section><h2>{name}</h2><div class=\"strip\">")?;
        for (photo, frame) in told.photos.iter().zip(frames) {
            body.push_str(&figure(photo, frame.as_ref(), &words)?);
        }
        body.push_str("</div>");
        body.push_str(&plots(told, &words));
        body.push_str("</section>\n");
    }
    let legend = STATES.iter().fold(String::new(), |mut out, state| {
        let _ = write!(out, "<span class=\"{state}\">{}</span>", escape(words.say(&format!("track.{state}"))));
        out
    });
    let parts =
        [("lang", words.language.to_owned()), ("style", STYLE.to_owned()), ("legend", legend), ("series", body)];
    Ok(words.page(PAGE, &parts))
}

fn name_of(subject: &str, site: Option<&str>) -> String {
    site.map_or_else(|| subject.to_owned(), |site| format!("{subject}, {site}"))
}

fn figure(photo: &PhotoJson, frame: Option<&Frame>, words: &Words) -> Result<String> {
    let day = photo.date.clone().unwrap_or_else(|| words.fill("track.day", &[("n", &photo.day.to_string())]));
    let mut out = format!("<figure{}>", if photo.comparable { "" } else { " class=\"refused\"" });
    match frame {
        None => write!(out, "<p class=\"lost\">{}</p>", reason(photo.reason, words))?,
        Some(frame) => out.push_str(&picture(photo, frame)?),
    }
    write!(out, "<figcaption><b>{}</b> {}", escape(&day), escape(&photo.path))?;
    if photo.reason.is_some() {
        write!(out, "<br>{}: {}", escape(words.say("track.not_comparable")), reason(photo.reason, words))?;
    }
    if let Some(alignment) = &photo.alignment {
        let error = format!("{:.1}", 100.0 * alignment.area_error);
        let points = alignment.points.to_string();
        let told = words.fill("track.aligned", &[("points", &points), ("error", &error)]);
        write!(out, "<br>{}", escape(&told))?;
    }
    if let Some(share) = &photo.skin_share {
        let [change, error] = [share.change, share.alignment_error].map(|v| format!("{:.2}", 100.0 * v + 0.0));
        write!(out, "<br>{}", escape(&words.fill("track.share", &[("change", &change), ("error", &error)])))?;
    }
    if let Some((colour, da, dei)) = photo.colour.as_ref().and_then(|c| Some((c, c.da_change?, c.dei_change?))) {
        let light = colour.light.and_then(|light| light.da).unwrap_or(0.0);
        let [da, dei, light] = [da, dei, light].map(|v| format!("{:.1}", v + 0.0));
        let told = words.fill("track.colour", &[("da", &da), ("dei", &dei), ("light", &light)]);
        write!(out, "<br>{}", escape(&told))?;
    }
    if !photo.lesions.is_empty() {
        let lesions = photo.lesions.iter().map(|lesion| said(lesion, words)).collect::<String>();
        write!(out, "<ul>{lesions}</ul>")?;
    }
    out.push_str("</figcaption></figure>");
    Ok(out)
}

fn said(lesion: &LesionJson, words: &Words) -> String {
    let state = words.say(&format!("track.{}", lesion.state));
    let change = lesion.area_change.zip(lesion.alignment_error).map(|(change, error)| {
        let error = 100.0 * (error + lesion.scale_error.unwrap_or(0.0));
        format!(" {:+.0} ± {error:.0} %", 100.0 * change)
    });
    let why = lesion.reason.map(|why| format!(" ({})", reason(Some(why), words)));
    let number = lesion.lesion;
    format!(
        "<li class=\"{}\">{number} {}{}{}</li>",
        lesion.state,
        escape(state),
        change.unwrap_or_default(),
        why.unwrap_or_default()
    )
}

fn reason(code: Option<&str>, words: &Words) -> String {
    let code = code.unwrap_or_default();
    escape(words.find(&format!("track.why.{code}")).unwrap_or(code))
}

fn picture(photo: &PhotoJson, frame: &Frame) -> Result<String> {
    let Frame { width, height, rgb, lesions, .. } = frame;
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .write_image(rgb, *width, *height, ExtendedColorType::Rgb8)
        .map_err(|e| anyhow!("{}: its picture could not be made: {e}", photo.path))?;
    let mut out = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\"><image width=\"{width}\" height=\"{height}\" \
         href=\"data:image/jpeg;base64,{}\"/>",
        escape(&photo.path),
        BASE64_STANDARD.encode(jpeg)
    );
    for lesion in &photo.lesions {
        let outline = path(lesions, u8::try_from(lesion.lesion).unwrap_or(u8::MAX));
        if let Some(start) = outline.strip_prefix('M') {
            let state = lesion.state;
            write!(out, "<path class=\"casing\" d=\"{outline}\"/><path class=\"{state}\" d=\"{outline}\"/>")?;
            let (x, y) = first_point(start);
            write!(out, "<text x=\"{}\" y=\"{}\">{}</text>", x + 3, (y - 4).max(12), lesion.lesion)?;
        }
    }
    out.push_str("</svg>");
    Ok(out)
}

/// Where an outline begins.
fn first_point(path: &str) -> (i64, i64) {
    let mut numbers = path.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Area of each lesion, and its share of the skin, by day.
fn plots(told: &SeriesJson, words: &Words) -> String {
    let days = |of: &dyn Fn(&PhotoJson) -> Option<(f64, f64)>| -> Vec<[f64; 3]> {
        let point = |photo: &PhotoJson| of(photo).map(|(value, error)| [photo.day as f64, value, error]);
        told.photos.iter().filter_map(point).collect()
    };
    let most = told.photos.iter().flat_map(|photo| &photo.lesions).map(|lesion| lesion.lesion).max().unwrap_or(0);
    let area = |number: usize, photo: &PhotoJson| {
        let lesion = photo.lesions.iter().find(|lesion| lesion.lesion == number)?;
        let first = lesion.area_change.is_none() && lesion.reason.is_none();
        let change = if first { 0.0 } else { lesion.area_change? };
        let error = lesion.alignment_error.unwrap_or(0.0) + lesion.scale_error.unwrap_or(0.0);
        Some((100.0 * (1.0 + change), 100.0 * error))
    };
    let lesions: Vec<Curve> = (1..=most)
        .map(|number| Curve { name: number.to_string(), points: days(&|photo| area(number, photo)) })
        .filter(|curve| curve.points.len() > 1)
        .collect();
    let share = |photo: &PhotoJson| {
        let share = photo.skin_share.as_ref()?;
        Some((100.0 * share.change, 100.0 * share.alignment_error))
    };
    let mut shares = days(&share);
    if !shares.is_empty() {
        shares.insert(0, [told.photos[0].day as f64, 0.0, 0.0]);
    }
    let shares = Curve { name: String::new(), points: shares };
    let drawn = [
        curves(&lesions, words.say("track.area_axis"), words.say("track.day_axis")),
        curves(&[shares], words.say("track.share_axis"), words.say("track.day_axis")),
    ];
    drawn.into_iter().flatten().fold(String::new(), |out, svg| format!("{out}<div class=\"plot\">{svg}</div>"))
}

/// The part of the report: a line for each series, with what became of its lesions until its last comparable photo.
pub fn track_section(track: &Value, words: &Words) -> String {
    let heads = ["series", "photos", "refused", "last", "share_change", "states"];
    let mut table = Table::new(words, "track", &heads);
    for series in list(&track["series"]) {
        let photos = list(&series["photos"]);
        let last = photos.iter().rev().find(|photo| photo["alignment"].is_object());
        let refused = photos.iter().filter(|photo| photo["comparable"] == false).count() as u64;
        let share = last.and_then(|photo| photo["skin_share"]["change"].as_f64());
        let error = last.and_then(|photo| photo["skin_share"]["alignment_error"].as_f64());
        let share = share.zip(error).map(|(v, e)| format!("{:+.2} ± {:.2}", 100.0 * v, 100.0 * e));
        let states: Vec<String> = last
            .into_iter()
            .flat_map(|photo| list(&photo["lesions"]))
            .map(|lesion| {
                let state = words.find(&format!("track.{}", lesion["state"].as_str().unwrap_or_default()));
                let change = lesion["area_change"].as_f64().filter(|_| lesion["alignment_error"].is_number());
                let change = change.map(|c| format!(" {:+.0} %", 100.0 * c)).unwrap_or_default();
                format!("{} {}{change}", lesion["lesion"], state.unwrap_or_default())
            })
            .collect();
        table.row(&[
            name_of(series["subject"].as_str().unwrap_or_default(), series["site"].as_str()),
            count(photos.len() as u64),
            count(refused),
            last.map_or("–".to_owned(), |photo| photo["day"].to_string()),
            share.unwrap_or_else(|| "–".to_owned()),
            states.join(", "),
        ]);
    }
    section("track", words, &table.finish(words))
}
