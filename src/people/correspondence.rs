//! Which code stands for which photo and which patient: the table that stays where it was made, apart from all results.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{OptOut, Pseudonyms};
use crate::disk;
use crate::disk::vault::{self, Vault};
use crate::error::UsageError;

/// The patients whom DICOM files name, under the key.
pub struct Patients {
    codes: Pseudonyms,
    /// Their numbers: of each photo by its code, and of each code of a patient.
    met: Mutex<BTreeMap<String, String>>,
}

impl Patients {
    pub fn new(codes: &Pseudonyms) -> Self {
        Self { codes: codes.clone(), met: Mutex::default() }
    }

    /// The code of a patient's number as the file of a photo has it; none where it has none.
    pub fn code(&self, photo: &str, number: &[u8]) -> Option<String> {
        let code = Some(self.codes.patient(number)).filter(|code| !code.is_empty())?;
        let number = String::from_utf8_lossy(number).into_owned();
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        met.insert(photo.to_owned(), number.clone());
        met.insert(code.clone(), number);
        Some(code)
    }

    /// A study's identifier as copies of it have it.
    pub fn study(&self, uid: &str) -> String {
        self.codes.uid(None, uid)
    }
}

/// What a code stands for.
#[derive(Default)]
struct Meaning {
    path: String,
    patient: String,
}

pub struct Correspondence {
    file: PathBuf,
    rows: BTreeMap<String, Meaning>,
}

impl Correspondence {
    /// Rows of earlier runs stay: other photos may have been coded with the same key.
    pub fn open(file: &Path, vault: &Vault) -> Result<Self, UsageError> {
        let cannot =
            |e: &dyn std::fmt::Display| UsageError(format!("the table {} cannot be read: {e}", file.display()));
        let mut rows = BTreeMap::new();
        if vault::exists(file) {
            let bytes = vault.read(file).map_err(|e| cannot(&disk::describe(&e)))?;
            for row in csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_slice()).records() {
                let row = row.map_err(|e| cannot(&e))?;
                let cell = |at| row.get(at).unwrap_or_default().to_owned();
                rows.insert(cell(0), Meaning { path: cell(1), patient: cell(2) });
            }
        }
        Ok(Self { file: file.to_owned(), rows })
    }

    pub fn photo(&mut self, code: &str, path: &str) {
        path.clone_into(&mut self.rows.entry(code.to_owned()).or_default().path);
    }

    pub fn forget_photo(&mut self, code: &str) {
        self.rows.remove(code);
    }

    pub fn patients(&mut self, patients: &Patients) {
        for (code, number) in &*patients.met.lock().unwrap_or_else(PoisonError::into_inner) {
            number.clone_into(&mut self.rows.entry(code.clone()).or_default().patient);
        }
    }

    /// For the user alone, encrypted where the vault does so.
    pub fn write(mut self, opt_out: &OptOut, vault: &Vault) -> io::Result<()> {
        self.rows.retain(|_, meaning| meaning.patient.is_empty() || !opt_out.excludes(&meaning.patient));
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["code", "path", "patient"])?;
        for (code, Meaning { path, patient }) in &self.rows {
            table.write_record([code, path, patient])?;
        }
        let bytes = table.into_inner().map_err(|e| io::Error::other(e.to_string()))?;
        disk::write(&vault.for_the_user_alone(), &self.file, &bytes)
    }
}
