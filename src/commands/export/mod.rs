//! `derm-seg export`.

pub(in crate::commands) mod args;
mod plan;

use std::io::Write;

use anyhow::Result;
use serde_json::json;

use crate::annotations::export::export;
use crate::commands::shared::Global;
use crate::domain::words::counted;
use crate::exit;
use args::ExportArgs;
use plan::plan;

/// Returns the exit code.
pub fn run(args: ExportArgs, global: &Global) -> Result<u8> {
    let as_json = args.json;
    let plan = plan(args)?;
    let summary = export(&plan)?;
    let mut out = crate::commands::shared::print::stdout();
    if as_json {
        let failed: Vec<_> = summary.failed.iter().map(|(path, why)| json!({"path": path, "message": why})).collect();
        let told = json!({
            "schema": "derm-seg/export/1", "photos": summary.photos, "without_mask": summary.without_mask,
            "lesions": summary.lesions, "files": summary.files, "failed": failed, "opted_out": summary.left_out,
            "review": summary.reviewed,
        });
        writeln!(out, "{told:#}")?;
    } else {
        for (path, why) in &summary.failed {
            writeln!(out, "failed: {path}: {why}")?;
        }
        if !global.quiet {
            let dest = if plan.format.is_one_file() { plan.results.vault.place(&plan.dest) } else { plan.dest };
            writeln!(
                out,
                "{} with {} exported, {} without a mask, {} failed\n{}: {}",
                counted(summary.photos, "photo"),
                counted(summary.lesions, "lesion"),
                summary.without_mask,
                summary.failed.len(),
                counted(summary.files, "file"),
                dest.display()
            )?;
            if let Some(left_out) = summary.left_out {
                writeln!(out, "{left_out}")?;
            }
            if let Some(reviewed) = summary.reviewed {
                writeln!(out, "{reviewed}")?;
            }
        }
    }
    Ok(if summary.failed.is_empty() { exit::OK } else { exit::SOME_FAILED })
}
