//! Photos in the order in which they are handed out. Files are opened by the worker that gets them. What is in an archive is read
//! here, by the worker whose turn it is: an archive has one beginning and one end, and is gone through once.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use super::Tools;
use super::open::Content;
use crate::domain::source::Source;
use crate::error::PhotoError;
use crate::input::archive::{Archive, Broken, Member};
use crate::input::discover::Arrivals;

/// Photos that are known, by their places in a list: first the files, then one archive after the other.
pub struct Feed<'a> {
    tools: Tools<'a>,
    files: VecDeque<usize>,
    archives: VecDeque<(PathBuf, Wanted)>,
    open: Option<(Archive, Wanted)>,
    /// Members that could not be reached.
    lost: VecDeque<(usize, PhotoError)>,
    left: usize,
}

/// Members by their number: their size when they were listed, and their place.
type Wanted = BTreeMap<u64, (u64, usize)>;

impl<'a> Feed<'a> {
    pub fn new<'s>(sources: impl IntoIterator<Item = &'s Source>, tools: Tools<'a>) -> Self {
        let mut files = VecDeque::new();
        let mut archives: BTreeMap<PathBuf, Wanted> = BTreeMap::new();
        let mut left = 0;
        for (place, source) in sources.into_iter().enumerate() {
            match source.member.filter(|_| source.problem.is_none() && !source.opted_out) {
                None => files.push_back(place),
                Some(member) => {
                    _ = archives.entry(source.path.clone()).or_default().insert(member.number, (member.bytes, place));
                }
            }
            left = place + 1;
        }
        Self { tools, files, archives: archives.into_iter().collect(), open: None, lost: VecDeque::new(), left }
    }

    fn step(&mut self) -> Option<(usize, Option<Content<'a>>)> {
        if let Some(place) = self.files.pop_front() {
            return Some((place, None));
        }
        loop {
            if let Some((place, error)) = self.lost.pop_front() {
                return Some((place, Some(Content::new(Err(error), None))));
            }
            let Some((archive, wanted)) = &mut self.open else {
                let (path, wanted) = self.archives.pop_front()?;
                match Archive::open(&path, self.tools.vault) {
                    Ok(archive) => self.open = Some((archive, wanted)),
                    Err(broken) => self.lose(wanted, &broken),
                }
                continue;
            };
            match archive.next_member() {
                Ok(Some(member)) => {
                    let Some((bytes, place)) = wanted.remove(&member.number) else { continue };
                    let content = match bytes == member.bytes {
                        true => take_out(archive, &member, self.tools),
                        false => Content::new(Err(PhotoError::ChangedMeanwhile), None),
                    };
                    if wanted.is_empty() {
                        self.open = None;
                    }
                    return Some((place, Some(content)));
                }
                ended => {
                    let broken = ended.err().unwrap_or(Broken::CutOff);
                    if let Some((_, wanted)) = self.open.take() {
                        self.lose(wanted, &broken);
                    }
                }
            }
        }
    }

    fn lose(&mut self, wanted: Wanted, broken: &Broken) {
        let why = PhotoError::MemberUnreadable(broken.to_string());
        self.lost.extend(wanted.into_values().map(|(_, place)| (place, why.clone())));
    }
}

impl<'a> Iterator for Feed<'a> {
    type Item = (usize, Option<Content<'a>>);

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.step();
        self.left -= usize::from(next.is_some());
        next
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

/// Photos that come over standard input, with what is in them; nothing is read of those that are not to be opened.
pub struct Flow<'a, 'b, 'c> {
    pub arrivals: &'b mut Arrivals<'c>,
    pub tools: Tools<'a>,
}

impl<'a> Iterator for Flow<'a, '_, '_> {
    type Item = (Source, Option<Content<'a>>);

    fn next(&mut self) -> Option<Self::Item> {
        let (source, member) = self.arrivals.next_photo()?;
        let is_opened = source.problem.is_none() && !source.opted_out;
        let content = is_opened.then(|| take_out(&mut self.arrivals.archive, &member, self.tools));
        Some((source, content))
    }
}

/// A large member waits for its turn, as a large file does.
fn take_out<'a>(archive: &mut Archive, member: &Member, tools: Tools<'a>) -> Content<'a> {
    let limit = tools.limits.max_file_bytes;
    if member.bytes > limit {
        return Content::new(Err(PhotoError::FileTooLarge { bytes: member.bytes, limit }), None);
    }
    let turn = tools.memory.turn_to_read(member.bytes);
    let bytes = archive.content().map_err(|broken| PhotoError::MemberUnreadable(broken.to_string()));
    Content::new(bytes, turn)
}
