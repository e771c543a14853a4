//! `derm-seg table`: records and a clinical table → tables by photo, person and group.

pub(in crate::commands) mod args;
mod plan;

use std::io::Write;

use anyhow::Result;

use crate::commands::shared::Global;
use crate::commands::shared::print::{print_count, stdout, write_together};
use crate::domain::words::counted;
use crate::evaluation::cohort::{Cohort, FILES, cohort};
use crate::exit;
use args::TableArgs;
use plan::plan;

/// Returns the exit code.
pub fn run(args: TableArgs, global: &Global) -> Result<u8> {
    let plan = plan(args)?;
    let cohort = cohort(&plan.cohort)?;
    let vault = &plan.cohort.results.vault;
    let shown = plan.output.display();
    let files = cohort.files()?;
    let named: Vec<(&str, &[u8])> = FILES.into_iter().zip(files.iter().map(Vec::as_slice)).collect();
    write_together(vault, &plan.output, &named)?;
    if !global.quiet {
        print(&cohort)?;
        if let Some(reviewed) = plan.cohort.results.reviewed()? {
            writeln!(stdout(), "{reviewed}")?;
        }
        writeln!(stdout(), "{} are in {shown}", FILES.join(", "))?;
    }
    Ok(exit::OK)
}

fn print(cohort: &Cohort) -> Result<()> {
    let mut out = stdout();
    let people = cohort.people.map(|people| format!(" of {}", counted(people, "subject"))).unwrap_or_default();
    let groups = cohort.groups.len() - 1;
    let measured = cohort.groups[0].photos;
    writeln!(out, "{} with a mask{people}, {}", counted(measured, "photo"), counted(groups, "group"))?;
    let without = (cohort.photos_without_line, "photo");
    print_count(&mut out, "without a line in the table, so in no group", without, "")?;
    let unused = (cohort.lines_without_photo, "line");
    print_count(&mut out, "of the table, fitting no photo", unused, "; check the spelling of their paths")?;
    if !cohort.no_groups.is_empty() {
        writeln!(out, "no groups made of: {}", cohort.no_groups.join(", "))?;
    }
    Ok(())
}
