//! Photos that come in a tar over standard input: each gets its name when it comes, because nobody knows what will follow.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::archives::{Role, role};
use super::names::{Found, Names, lexical, parts_below};
use super::{Filter, say_what_stays_closed};
use crate::domain::source::{InArchive, Source};
use crate::input::archive::{Archive, Broken, Member};
use crate::people::{OptOut, Pseudonyms};

/// What decides which members are photos, and how they are called.
pub struct Rules<'a> {
    pub filter: &'a Filter,
    pub opt_out: &'a OptOut,
    pub pseudonyms: Option<&'a Pseudonyms>,
}

pub struct Arrivals<'a> {
    pub archive: Archive,
    rules: Rules<'a>,
    /// The folder that the archive stands for; names do not tell it.
    folder: PathBuf,
    names: Names,
    codes: Names,
    seen: HashSet<PathBuf>,
    /// The names, before codes, of people's photos who opted out.
    pub opted_out: Vec<String>,
    /// Files that are no photos.
    pub skipped: u64,
    closed_archives: usize,
    /// Once it is over: whether all came.
    pub end: Option<Result<(), Broken>>,
}

impl<'a> Arrivals<'a> {
    pub fn new(archive: Archive, rules: Rules<'a>) -> Self {
        Self {
            archive,
            rules,
            folder: lexical(Path::new("photos")),
            names: Names::default(),
            codes: Names::default(),
            seen: HashSet::new(),
            opted_out: Vec::new(),
            skipped: 0,
            closed_archives: 0,
            end: None,
        }
    }

    /// The next photo; its content can be read as long as no other was asked for.
    pub fn next_photo(&mut self) -> Option<(Source, Member)> {
        while self.end.is_none() {
            match self.archive.next_member() {
                Ok(Some(member)) => {
                    if let Some(source) = self.judge(&member) {
                        return Some((source, member));
                    }
                }
                Ok(None) => {
                    say_what_stays_closed(self.closed_archives);
                    if self.archive.has_more_behind() {
                        tracing::warn!("what follows the end of the archive was not read");
                    }
                    self.end = Some(Ok(()));
                }
                Err(broken) => self.end = Some(Err(broken)),
            }
        }
        None
    }

    fn judge(&mut self, member: &Member) -> Option<Source> {
        let Self { archive, rules, folder, seen, .. } = self;
        let parts = |place: &Path| parts_below(folder, place).unwrap_or_default();
        let closed = |place: &Path| !rules.opt_out.is_empty() && rules.opt_out.excludes(&parts(place).join("/"));
        let (place, problem) = match role(archive, member, folder, rules.filter, &closed, seen) {
            Role::Nothing => return None,
            Role::Other(place, is_archive) => {
                tracing::info!("skipped, no photo: {}", place.file_name().unwrap_or_default().to_string_lossy());
                self.skipped += 1;
                self.closed_archives += usize::from(is_archive);
                return None;
            }
            Role::Photo { place, problem } => (place, problem),
        };
        let (parts, opted_out) = (parts(&place), closed(&place));
        let member = Some((PathBuf::new(), InArchive { number: member.number, bytes: member.bytes }));
        let mut source = self.names.source(&parts, Found { member, opted_out, ..Found::file(place, problem) });
        source.opted_out |= self.rules.opt_out.excludes(&source.name);
        if source.opted_out {
            self.opted_out.push(source.name.clone());
        }
        if let Some(pseudonyms) = self.rules.pseudonyms {
            self.codes.code(&mut source, pseudonyms);
        }
        Some(source)
    }
}
