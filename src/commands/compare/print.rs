//! A comparison as a table for a terminal.

use std::fmt::{self, Write};

use crate::evaluation::compare::{Comparison, ImageChange, Kind};

const MOST_IMAGES: usize = 20;
const MOST_FIGURES: usize = 3;

pub fn table(comparison: &Comparison) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write_table(&mut out, comparison);
    out
}

fn write_table(out: &mut String, c: &Comparison) -> fmt::Result {
    let t = &c.totals;
    writeln!(
        out,
        "{} photos in the base, {} in the new run: {} the same, {} changed",
        t.base, t.new, t.same, t.changed
    )?;
    if t.only_base + t.only_new > 0 {
        writeln!(out, "{} only in the base, {} only in the new run", t.only_base, t.only_new)?;
    }
    if let Some(left_out) = c.opted_out {
        writeln!(out, "{left_out}")?;
    }
    if let Some(reviewed) = c.review {
        writeln!(out, "{reviewed}")?;
    }
    if !c.run.is_empty() {
        writeln!(out, "\nthe runs differ in")?;
    }
    for change in &c.run {
        writeln!(out, "  {}: {} -> {}", change.name, change.base, change.new)?;
    }
    if !c.images.is_empty() {
        writeln!(out, "\nworst first\n  {:>8} {:>10}  photo", "Dice", "pixels")?;
    }
    for image in c.images.iter().take(MOST_IMAGES) {
        image_line(out, image)?;
    }
    if c.images.len() > MOST_IMAGES {
        writeln!(out, "  ... and {} more in compare.json", c.images.len() - MOST_IMAGES)?;
    }
    writeln!(out, "\nlimits")?;
    c.limits.iter().try_for_each(|held| writeln!(out, "  {}", held.sentence()))
}

fn image_line(out: &mut String, image: &ImageChange) -> fmt::Result {
    let (dice, pixels) = match &image.mask {
        Some(mask) => (format!("{:.4}", mask.dice), format!("{:.4} %", 100.0 * mask.changed_fraction)),
        None => ("-".to_owned(), "-".to_owned()),
    };
    write!(out, "  {dice:>8} {pixels:>10}  {}", image.image)?;
    let status = |s: Option<&'static str>| s.unwrap_or("absent");
    match image.kind {
        Kind::Damaged => write!(out, "  damaged: {}", image.message.as_deref().unwrap_or_default())?,
        Kind::OnlyBase | Kind::OnlyNew => {
            write!(out, "  {} -> {}", status(image.base_status), status(image.new_status))?;
        }
        Kind::Status if image.base_status != image.new_status => {
            write!(out, "  {} -> {}", status(image.base_status), status(image.new_status))?;
        }
        Kind::Size => write!(out, "  the masks have different sizes")?,
        Kind::Status | Kind::Mask | Kind::Figures => {
            for f in image.figures.iter().take(MOST_FIGURES) {
                write!(out, "  {} {} -> {}", f.name, f.base, f.new)?;
            }
        }
    }
    writeln!(out, "{}", if image.input_changed { "  (another input file)" } else { "" })
}
