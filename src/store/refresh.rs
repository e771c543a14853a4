//! The tables again, after the records of single photos were changed.

use std::io::{self, BufRead, BufReader};

use super::folder::OutputFolder;
use super::layout::{CROPS, DERIVED, RECORDS, RUN_FILE, file_name_of};
use super::tables::{RunFile, Tables};
use crate::disk::vault;
use crate::domain::crop::CropRule;
use crate::domain::record::Record;

/// Writes records.jsonl, summary.csv and the totals of run.json as the records say now. Gives back what was made of the
/// earlier ones and is still there.
///
/// `crops` is how crops are cut from now on, where that is new.
pub fn refresh_tables(folder: &OutputFolder, crops: Option<&CropRule>) -> io::Result<Vec<&'static str>> {
    let mut tables = Tables::create(folder.vault(), folder.root(), folder.settings())?;
    let mut without_lesion = 0;
    for line in BufReader::new(folder.vault().open(&folder.root().join(RECORDS))?).lines() {
        let row: Record = serde_json::from_str(&line?)?;
        let record = match row.done() {
            Some(done) => folder.read_record(file_name_of(done))?,
            None => row,
        };
        without_lesion += u64::from(record.done().is_some_and(|done| done.area.lesion_px == Some(0)));
        tables.add(&record)?;
    }
    tables.finish()?;
    let mut run: RunFile = serde_json::from_slice(&folder.read(RUN_FILE)?)?;
    run.totals.without_lesion = without_lesion;
    if let Some(rule) = crops {
        run.settings[CROPS] = serde_json::to_value(rule)?;
    }
    folder.write_run(&run)?;
    Ok(DERIVED.into_iter().filter(|name| vault::exists(&folder.root().join(name))).collect())
}
