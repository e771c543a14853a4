//! Slices in their order: those of one folder, or the frames of one file, with the same orientation, size and spacing.

use crate::domain::frame;
use crate::domain::plane::{Plane, SAME_PLACE};
use crate::domain::record::{Done, FileRef, Size};

/// Distances that differ from the usual one by more than this share are unequal ...
const UNEQUAL: f64 = 0.01;
/// ... and a slice is missing where one is so many times as long.
const GAP: f64 = 1.5;

#[derive(Clone, Debug)]
pub struct Slice {
    pub path: String,
    pub mask: FileRef,
    pub size: Size,
    pub plane: Plane,
}

impl Slice {
    /// Nothing for a photo that does not say where it lies.
    pub fn of(done: &Done) -> Option<Self> {
        let plane = Plane::of(done.input.dicom.as_ref()?)?;
        Some(Self { path: done.input.path.clone(), mask: done.mask.clone(), size: done.photo, plane })
    }
}

/// A place where a slice is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// The slice before it, by its number in the stack.
    pub after: usize,
    pub mm: f64,
}

/// What there is to know before the findings of a stack are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    Mixed,
    OneSlice,
    SamePlace,
    UnequalSpacing,
    Gap,
    MaskUnreadable,
}

impl Doubt {
    pub fn code(self) -> &'static str {
        match self {
            Doubt::Mixed => "mixed",
            Doubt::OneSlice => "one_slice",
            Doubt::SamePlace => "same_place",
            Doubt::UnequalSpacing => "unequal_spacing",
            Doubt::Gap => "gap",
            Doubt::MaskUnreadable => "mask_unreadable",
        }
    }
}

/// Slices that lie behind each other, in their order.
#[derive(Clone, Debug)]
pub struct Stack {
    /// The folder of the slices, or the file of the frames.
    pub folder: String,
    /// Among those of the folder, from 1 on.
    pub part: usize,
    pub slices: Vec<Slice>,
    pub doubts: Vec<Doubt>,
    /// The usual distance from slice to slice; none for one slice, and where two are at the same place.
    pub spacing: Option<f64>,
    pub gaps: Vec<Gap>,
}

/// All slices of a run, as stacks in the order of their folders.
pub fn stacks(slices: Vec<Slice>) -> Vec<Stack> {
    let mut found: Vec<Stack> = Vec::new();
    for slice in slices {
        let folder = folder_of(&slice.path);
        let fits = |stack: &&mut Stack| {
            let first = &stack.slices[0];
            stack.folder == folder && first.size == slice.size && first.plane.is_beside(&slice.plane)
        };
        match found.iter_mut().rev().find(fits) {
            Some(stack) => stack.slices.push(slice),
            None => {
                let part = found.iter().filter(|stack| stack.folder == folder).count() + 1;
                found.push(Stack {
                    folder: folder.to_owned(),
                    part,
                    slices: vec![slice],
                    doubts: Vec::new(),
                    spacing: None,
                    gaps: Vec::new(),
                });
            }
        }
    }
    found.sort_by(|a, b| (&a.folder, a.part).cmp(&(&b.folder, b.part)));
    let mixed: Vec<String> = found.iter().filter(|stack| stack.part > 1).map(|stack| stack.folder.clone()).collect();
    for stack in &mut found {
        if mixed.contains(&stack.folder) {
            stack.doubts.push(Doubt::Mixed);
        }
        stack.put_in_order();
    }
    found
}

/// Frames belong to their file, other slices to their folder.
fn folder_of(path: &str) -> &str {
    frame::file_of(path).unwrap_or_else(|| path.rsplit_once('/').map_or(".", |(folder, _)| folder))
}

impl Stack {
    fn put_in_order(&mut self) {
        self.slices.sort_by(|a, b| a.plane.depth().total_cmp(&b.plane.depth()).then_with(|| a.path.cmp(&b.path)));
        let distances = self.distances();
        let mut ordered = distances.clone();
        ordered.sort_by(f64::total_cmp);
        // The lower of two in the middle: a missing slice makes a distance longer, never shorter.
        let middle = ordered.len().saturating_sub(1) / 2;
        let Some(&usual) = ordered.get(middle) else { return self.doubts.push(Doubt::OneSlice) };
        if ordered[0] < SAME_PLACE {
            return self.doubts.push(Doubt::SamePlace);
        }
        let is_gap = |mm: f64| mm >= GAP * usual;
        self.gaps = distances
            .iter()
            .enumerate()
            .filter(|(_, mm)| is_gap(**mm))
            .map(|(i, mm)| Gap { after: i, mm: *mm })
            .collect();
        if distances.iter().any(|mm| !is_gap(*mm) && (mm - usual).abs() > UNEQUAL * usual) {
            self.doubts.push(Doubt::UnequalSpacing);
        }
        if !self.gaps.is_empty() {
            self.doubts.push(Doubt::Gap);
        }
        self.spacing = Some(usual);
    }

    /// From each slice to the next.
    fn distances(&self) -> Vec<f64> {
        self.slices.windows(2).map(|pair| pair[1].plane.depth() - pair[0].plane.depth()).collect()
    }

    /// Whether lesions of this slice and of the next one can be one finding.
    pub fn goes_on(&self, slice: usize) -> bool {
        slice + 1 < self.slices.len() && self.gaps.iter().all(|gap| gap.after != slice)
    }

    /// How much of the patient each slice stands for: half of the way to its neighbours on both sides, or half of the usual way
    /// where there is none. None where that is not known.
    pub fn thicknesses(&self) -> Option<Vec<f64>> {
        let usual = self.spacing?;
        let distances = self.distances();
        let half = |slice: usize| if self.goes_on(slice) { distances[slice] / 2.0 } else { usual / 2.0 };
        Some((0..self.slices.len()).map(|i| half(i) + if i == 0 { usual / 2.0 } else { half(i - 1) }).collect())
    }
}
