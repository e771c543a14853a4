//! Photos among the members of archives, by the rules that hold for files in folders.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::names::Found;
use super::{Discovered, Filter, begins_like_a_photo, has_photo_name, hidden};
use crate::disk::vault::{Vault, clear_name};
use crate::domain::source::InArchive;
use crate::error::PhotoError;
use crate::input::archive::{Archive, Broken, Kind, Member, folder_of};
use crate::input::decode::SNIFF_BYTES;
use crate::store::sign_of_results;

/// What a member is to somebody who looks for photos.
pub enum Role {
    /// A folder, or a file that is hidden or filtered out.
    Nothing,
    /// A file that is no photo; whether it is an archive.
    Other(PathBuf, bool),
    Photo {
        place: PathBuf,
        problem: Option<PhotoError>,
    },
}

/// `folder` is the one that the archive stands for. `seen` are the paths that came before.
pub fn role(
    archive: &mut Archive,
    member: &Member,
    folder: &Path,
    filter: &Filter,
    closed: &dyn Fn(&Path) -> bool,
    seen: &mut HashSet<PathBuf>,
) -> Role {
    let refused = |problem| {
        let place = folder.join(format!("member-{}", member.number));
        Role::Photo { place, problem: Some(problem) }
    };
    let path = match (member.kind, &member.path) {
        (Kind::Folder, _) => return Role::Nothing,
        (Kind::Repeated, _) => return refused(PhotoError::NameRepeated),
        // Such a name is in no result and no log.
        (_, None) => return refused(PhotoError::MemberName),
        (_, Some(path)) => path,
    };
    if path.iter().any(hidden) || !filter.wants(path) {
        return Role::Nothing;
    }
    let place = folder.join(path);
    if member.kind == Kind::Other {
        return Role::Photo { place, problem: Some(PhotoError::MemberNotAFile) };
    }
    let is_photo =
        has_photo_name(path) || closed(&place) || begins_like_a_photo(&archive.start(SNIFF_BYTES).unwrap_or_default());
    if !is_photo {
        let is_archive = folder_of(path).is_some();
        return Role::Other(place, is_archive);
    }
    let problem = (!seen.insert(path.clone())).then_some(PhotoError::NameRepeated);
    Role::Photo { place, problem }
}

/// Adds the photos of an archive that the user named.
pub fn list(
    file: &Path,
    folder: &Path,
    filter: &Filter,
    vault: &Vault,
    closed: &dyn Fn(&Path) -> bool,
    found: &mut Discovered,
    photos: &mut Vec<Found>,
) {
    let mut results = Results::default();
    let (mut theirs, mut skipped, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    let mut walk = || -> Result<(), Broken> {
        let mut archive = Archive::open(file, vault)?;
        while let Some(member) = archive.next_member()? {
            results.note(&member);
            match role(&mut archive, &member, folder, filter, closed, &mut seen) {
                Role::Nothing => {}
                Role::Other(place, is_archive) => skipped.push((place, is_archive)),
                Role::Photo { place, problem } => {
                    let member = InArchive { number: member.number, bytes: member.bytes };
                    let member = Some((file.to_owned(), member));
                    theirs.push(Found { member, ..Found::file(place, problem) });
                }
            }
        }
        if archive.has_more_behind() {
            tracing::warn!("{}: what follows the end of the archive was not read", file.display());
        }
        Ok(())
    };
    if let Err(broken) = walk() {
        found.broken.push((file.to_owned(), broken));
    }
    // As in folders: masks and overlays of earlier runs are no photos.
    let results: Vec<PathBuf> = results.folders().map(|path| folder.join(path)).collect();
    let is_result = |place: &Path| results.iter().any(|results| place.starts_with(results));
    photos.extend(theirs.into_iter().filter(|photo| !is_result(&photo.place)));
    for (place, is_archive) in skipped.into_iter().filter(|(place, _)| !is_result(place)) {
        found.closed_archives += usize::from(is_archive);
        found.skipped.push(place);
    }
}

/// Folders of results inside the archive: those with both of the files by which they are known.
#[derive(Default)]
struct Results {
    signs: [HashSet<PathBuf>; 2],
}

impl Results {
    fn note(&mut self, member: &Member) {
        let Some(path) = &member.path else { return };
        let name = path.file_name().and_then(|name| name.to_str()).map(clear_name);
        if let (Some(sign), Some(folder)) = (name.and_then(sign_of_results), path.parent()) {
            self.signs[sign].insert(folder.to_owned());
        }
    }

    fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        self.signs[0].intersection(&self.signs[1]).filter(|folder| !folder.as_os_str().is_empty())
    }
}
