//! What earlier runs recorded of photos that are not among the inputs now: it stays until somebody asks for it to go.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, ErrorKind::NotFound};

use super::folder::OutputFolder;
use super::layout::{METRICS, RECORDS, files_below, photo_of};
use crate::disk::vault::Locked;
use crate::domain::record::Record;
use crate::domain::source::by_folders;

#[derive(Debug)]
pub struct Earlier {
    pub name: String,
    /// Where its files are, if it has any.
    pub file_name: Option<String>,
    /// Of a photo without results. Where there are results, the record is on the disk.
    pub record: Option<Record>,
}

/// `names` are those of the inputs, `file_names` where their results are. In the order of the tables.
pub fn find(folder: &OutputFolder, names: &HashSet<&str>, file_names: &HashSet<&str>) -> io::Result<Vec<Earlier>> {
    let mut found = with_results(folder, names, file_names)?;
    let known: HashSet<String> = found.iter().map(|earlier| earlier.name.clone()).collect();
    found.extend(without_results(folder, names)?.into_iter().filter(|earlier| !known.contains(&earlier.name)));
    found.sort_by(|a, b| by_folders(&a.name, &b.name));
    Ok(found)
}

fn with_results(folder: &OutputFolder, names: &HashSet<&str>, file_names: &HashSet<&str>) -> io::Result<Vec<Earlier>> {
    let metrics = folder.root().join(METRICS);
    let mut found = Vec::new();
    for file in files_below(&metrics)? {
        let Some(file_name) = photo_of(&metrics, &file, &[".json"]) else { continue };
        if file_names.contains(file_name.as_str()) {
            continue;
        }
        let name = match folder.read_record(&file_name) {
            Ok(record) => record.input().path.clone(),
            // It is somebody's, and nobody can tell whose.
            Err(e) if Locked::of(&e).is_some() => file_name.clone(),
            // No record, so no promise and nothing of ours.
            Err(_) => continue,
        };
        if !names.contains(name.as_str()) {
            found.push(Earlier { name, file_name: Some(file_name), record: None });
        }
    }
    Ok(found)
}

/// Rows of photos that failed or were left out; they stand in the table alone.
fn without_results(folder: &OutputFolder, names: &HashSet<&str>) -> io::Result<Vec<Earlier>> {
    let table = match folder.vault().open(&folder.root().join(RECORDS)) {
        Err(e) if e.kind() == NotFound || Locked::of(&e).is_some() => return Ok(Vec::new()),
        other => other?,
    };
    let mut found = Vec::new();
    for line in BufReader::new(table).lines() {
        // A damaged row has nothing to say; the table is written again.
        let Ok(record) = serde_json::from_str::<Record>(&line?) else { continue };
        let name = record.input().path.clone();
        if record.done().is_none() && !names.contains(name.as_str()) {
            found.push(Earlier { name, file_name: None, record: Some(record) });
        }
    }
    Ok(found)
}
