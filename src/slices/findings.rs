//! Lesions of neighbouring slices that overlap are one finding: where it lies, how far it reaches, what volume it has.

use super::stack::{Doubt, Slice, Stack};
use crate::domain::mask::{Kinds, LabelMap};
use crate::domain::plane::{Vector, dot};
use crate::domain::sets::Sets;
use crate::measure::components::Component;
use crate::measure::{is_speck, pieces};

/// A lesion of one slice.
struct Piece {
    slice: usize,
    /// As the record numbers it.
    id: u32,
    class: u8,
    area_px: u64,
    /// Of its pixels.
    centre: [f64; 2],
    bbox: [u32; 4],
    touches_border: bool,
}

/// Lengths in millimetres; places in the patient's coordinates.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub class: Option<String>,
    /// The lesions that it is made of, by the number of their slice in the stack.
    pub lesions: Vec<(usize, u32)>,
    /// Null where it is not known how far slices lie apart.
    pub volume_mm3: Option<f64>,
    pub place_mm: Vector,
    /// Along rows, along columns, and from slice to slice.
    pub extent_mm: [Option<f64>; 3],
    pub largest_area_mm2: f64,
    /// The slice with that area.
    pub largest_in: usize,
    /// It is in the first or last slice, beside a gap, or at the border of a slice.
    pub may_go_on: bool,
}

/// What a stack holds.
pub struct Found {
    /// The largest first; none where the slices cannot be joined.
    pub findings: Option<Vec<Finding>>,
    /// Slices without a readable mask, by their number, and why.
    pub unread: Vec<(usize, String)>,
}

/// The findings of a stack, with the masks that `read` gives.
pub fn findings<E: std::fmt::Display>(
    stack: &Stack,
    kinds: &Kinds,
    read: impl Fn(&Slice) -> Result<LabelMap, E>,
) -> Found {
    let mut unread = Vec::new();
    if stack.doubts.contains(&Doubt::SamePlace) {
        return Found { findings: None, unread };
    }
    let (mut all, mut contacts): (Vec<Piece>, Vec<(usize, usize)>) = (Vec::new(), Vec::new());
    // The slice before, with the number of the piece at each pixel from 1 on; 0 where none is.
    let mut before: Option<Vec<u32>> = None;
    for (number, slice) in stack.slices.iter().enumerate() {
        let labels = match read(slice) {
            Ok(labels) => labels,
            Err(why) => {
                unread.push((number, why.to_string()));
                before = None;
                continue;
            }
        };
        let frame = labels.data.len() as u64;
        let described = pieces(&labels, kinds).into_iter().filter(|(_, piece)| !is_speck(piece, frame));
        let mut map = vec![0; labels.data.len()];
        let above = before.take().filter(|_| stack.goes_on(number - 1));
        for ((class, component), id) in described.zip(1..) {
            let index = all.len();
            component.runs.iter().for_each(|run| {
                let row = run.y as usize * labels.width as usize;
                map[row + run.start as usize..row + run.end as usize].fill(index as u32 + 1);
            });
            if let Some(above) = &above {
                let under = under(&component, slice, &stack.slices[number - 1], above);
                contacts.extend(under.filter(|other| all[*other].class == class).map(|other| (other, index)));
            }
            all.push(Piece::of(&component, number, id, class, &labels));
        }
        before = Some(map);
    }
    let mut sets = Sets::new(all.len());
    contacts.into_iter().for_each(|(a, b)| sets.join(a, b));
    let mut groups: Vec<Vec<&Piece>> = all.iter().map(|_| Vec::new()).collect();
    all.iter().enumerate().for_each(|(i, piece)| groups[sets.root(i)].push(piece));
    let goes_on = |a: usize| stack.goes_on(a) && !unread.iter().any(|(slice, _)| *slice == a || *slice == a + 1);
    let is_inner = |slice: usize| slice > 0 && goes_on(slice - 1) && goes_on(slice);
    let finding = |group: &Vec<&Piece>| of_pieces(group, stack, kinds, &is_inner);
    let mut findings: Vec<Finding> = groups.iter().filter(|group| !group.is_empty()).map(finding).collect();
    let size = |finding: &Finding| finding.volume_mm3.unwrap_or(finding.largest_area_mm2);
    findings.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| a.lesions.cmp(&b.lesions)));
    Found { findings: Some(findings), unread }
}

/// Numbers of the pieces of the slice before that lie at the same places, also several times.
fn under(component: &Component, slice: &Slice, other: &Slice, map: &[u32]) -> impl Iterator<Item = usize> {
    let shift: Vector = std::array::from_fn(|i| slice.plane.corner[i] - other.plane.corner[i]);
    let [dx, dy] = [0, 1].map(|i| (dot(shift, slice.plane.axes[i]) / slice.plane.pixel[i]).round() as i64);
    let (width, height) = (i64::from(other.size.width), i64::from(other.size.height));
    let pixels = component.runs.iter().flat_map(|run| (run.start..run.end).map(|x| (x, run.y)));
    let moved = pixels.map(move |(x, y)| (i64::from(x) + dx, i64::from(y) + dy));
    let inside = moved.filter(move |(x, y)| (0..width).contains(x) && (0..height).contains(y));
    inside.filter_map(move |(x, y)| (map[(y * width + x) as usize] as usize).checked_sub(1))
}

impl Piece {
    fn of(component: &Component, slice: usize, id: u32, class: u8, labels: &LabelMap) -> Self {
        let (mut x_sum, mut y_sum) = (0.0, 0.0);
        for run in &component.runs {
            let (pixels, middle) = (run.pixels() as f64, f64::from(run.start + run.end - 1) / 2.0);
            x_sum += pixels * middle;
            y_sum += pixels * f64::from(run.y);
        }
        let area = component.area as f64;
        let [x, y, width, height] = component.bbox;
        Self {
            slice,
            id,
            class,
            area_px: component.area,
            centre: [x_sum / area, y_sum / area],
            bbox: component.bbox,
            touches_border: x == 0 || y == 0 || x + width == labels.width || y + height == labels.height,
        }
    }
}

/// `group` is in the order of the slices.
fn of_pieces(group: &[&Piece], stack: &Stack, kinds: &Kinds, is_inner: &dyn Fn(usize) -> bool) -> Finding {
    let plane = |piece: &Piece| &stack.slices[piece.slice].plane;
    let thicknesses = stack.thicknesses();
    let thickness = |slice: usize| thicknesses.as_ref().map(|all| all[slice]);
    let area = |piece: &Piece| piece.area_px as f64 * plane(piece).pixel[0] * plane(piece).pixel[1];
    let mut place = [0.0; 3];
    let mut whole = 0.0;
    for piece in group {
        let weight = area(piece) * thickness(piece.slice).unwrap_or(1.0);
        let centre = plane(piece).place(piece.centre[0], piece.centre[1]);
        (0..3).for_each(|i| place[i] += weight * centre[i]);
        whole += weight;
    }
    let across = |axis: usize| {
        let edges = |piece: &Piece| {
            let (start, side) = (f64::from(piece.bbox[axis]) - 0.5, f64::from(piece.bbox[axis + 2]));
            let zero = dot(plane(piece).corner, plane(piece).axes[axis]);
            [start, start + side].map(|edge| zero + edge * plane(piece).pixel[axis])
        };
        let least = group.iter().map(|piece| edges(piece)[0]).fold(f64::INFINITY, f64::min);
        let most = group.iter().map(|piece| edges(piece)[1]).fold(f64::NEG_INFINITY, f64::max);
        most - least
    };
    let (first, last) = (group[0].slice, group[group.len() - 1].slice);
    let depth = |slice: usize| stack.slices[slice].plane.depth();
    let along = thickness(first).zip(thickness(last)).map(|(a, b)| depth(last) - depth(first) + (a + b) / 2.0);
    let on_slice =
        |slice: usize| group.iter().filter(|piece| piece.slice == slice).map(|piece| area(piece)).sum::<f64>();
    let largest = (first..=last).map(|slice| (slice, on_slice(slice)));
    let (largest_in, largest_area_mm2) =
        largest.fold((first, 0.0), |most, one| if one.1 > most.1 { one } else { most });
    Finding {
        class: kinds.name(group[0].class).map(str::to_owned),
        lesions: group.iter().map(|piece| (piece.slice, piece.id)).collect(),
        volume_mm3: thicknesses.is_some().then_some(whole),
        place_mm: place.map(|sum| sum / whole),
        extent_mm: [Some(across(0)), Some(across(1)), along],
        largest_area_mm2,
        largest_in,
        may_go_on: group.iter().any(|piece| piece.touches_border || !is_inner(piece.slice)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plane::Plane;
    use crate::domain::record::{FileRef, Size};
    use crate::slices::stack::stacks;

    const SIZE: Size = Size { width: 20, height: 10 };

    fn slice(path: &str, corner: Vector) -> Slice {
        let plane = Plane { corner, axes: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], pixel: [2.0, 1.0] };
        Slice { path: path.into(), mask: FileRef { path: String::new(), blake3: String::new() }, size: SIZE, plane }
    }

    /// Rectangles of a class.
    fn mask(boxes: &[([u32; 4], u8)]) -> LabelMap {
        let mut labels = LabelMap::filled(SIZE.width, SIZE.height, 0);
        for ([x, y, width, height], class) in boxes {
            (*y..y + height).for_each(|row| labels.paint(row, *x, x + width, *class));
        }
        labels
    }

    fn kinds() -> Kinds {
        Kinds { names: vec!["solid".into(), "faint".into()], has_skin_class: false }
    }

    fn found(slices: Vec<Slice>, masks: &[(&str, LabelMap)]) -> (Stack, Found) {
        let mut all = stacks(slices);
        let stack = all.remove(0);
        let read = |slice: &Slice| {
            masks.iter().find(|(path, _)| *path == slice.path).map(|(_, mask)| mask.clone()).ok_or("no mask")
        };
        let found = findings(&stack, &kinds(), read);
        (stack, found)
    }

    #[test]
    fn what_overlaps_in_millimetres_and_is_of_one_kind_is_one_finding() {
        // The second slice begins three pixels further right: the same place is at a smaller x there.
        let slices = vec![slice("b", [6.0, 0.0, 5.0]), slice("a", [0.0, 0.0, 0.0]), slice("c", [0.0, 0.0, 10.0])];
        let masks = [
            ("a", mask(&[([4, 2, 3, 3], 2), ([12, 2, 3, 3], 3)])),
            ("b", mask(&[([1, 2, 3, 3], 2), ([9, 2, 3, 3], 2)])),
            ("c", mask(&[([15, 2, 2, 4], 2)])),
        ];
        let (stack, found) = found(slices, &masks);
        assert_eq!((stack.spacing, stack.doubts.as_slice()), (Some(5.0), &[][..]));
        let findings = found.findings.unwrap();
        let lesions: Vec<_> = findings.iter().map(|f| (f.class.as_deref(), f.lesions.clone())).collect();
        assert_eq!(
            lesions,
            [
                (Some("solid"), vec![(0, 1), (1, 1)]),
                (Some("faint"), vec![(0, 2)]),
                (Some("solid"), vec![(1, 2)]),
                (Some("solid"), vec![(2, 1)]),
            ]
        );
        let first = &findings[0];
        assert_eq!(first.volume_mm3, Some(2.0 * 9.0 * 2.0 * 5.0));
        assert_eq!(first.extent_mm, [Some(6.0), Some(3.0), Some(10.0)]);
        assert_eq!(first.place_mm, [10.0, 3.0, 2.5]);
        assert!(first.may_go_on && !findings[2].may_go_on);
        assert_eq!((findings[3].largest_area_mm2, findings[3].largest_in), (16.0, 2));
    }

    #[test]
    fn a_gap_parts_and_uneven_slices_have_their_own_thickness() {
        let at = |path: &str, z: f64| slice(path, [0.0, 0.0, z]);
        let slices = vec![at("a", 0.0), at("b", 5.0), at("c", 10.0), at("e", 20.0), at("f", 26.0)];
        let one = || mask(&[([5, 2, 2, 2], 2)]);
        let masks = ["a", "b", "c", "e", "f"].map(|path| (path, one()));
        let (stack, found) = found(slices, &masks);
        assert_eq!(stack.doubts, [Doubt::UnequalSpacing, Doubt::Gap]);
        assert_eq!((stack.gaps[0].after, stack.gaps[0].mm), (2, 10.0));
        assert_eq!(stack.thicknesses().unwrap(), [5.0, 5.0, 5.0, 5.5, 5.5]);
        let findings = found.findings.unwrap();
        let volumes: Vec<f64> = findings.iter().map(|f| f.volume_mm3.unwrap()).collect();
        assert_eq!(volumes, [8.0 * 15.0, 8.0 * 11.0]);
        assert_eq!(findings[1].extent_mm[2], Some(11.5));
    }

    #[test]
    fn what_cannot_be_known_is_not_guessed() {
        let at = |path: &str, z: f64| slice(path, [0.0, 0.0, z]);
        let (stack, twice) = found(vec![at("a", 0.0), at("b", 0.001), at("c", 5.0)], &[]);
        assert!(stack.doubts == [Doubt::SamePlace] && twice.findings.is_none() && stack.spacing.is_none());
        let (stack, alone) = found(vec![at("a", 0.0)], &[("a", mask(&[([5, 2, 2, 2], 2)]))]);
        let alone = &alone.findings.unwrap()[0];
        assert_eq!(
            (stack.doubts.as_slice(), alone.volume_mm3, alone.extent_mm[2]),
            (&[Doubt::OneSlice][..], None, None)
        );
        // A slice without a mask parts as a missing one does.
        let slices = vec![at("a", 0.0), at("b", 5.0), at("c", 10.0)];
        let one = || mask(&[([5, 2, 2, 2], 2)]);
        let (_, parted) = found(slices, &[("a", one()), ("c", one())]);
        assert_eq!(parted.unread.iter().map(|(slice, _)| *slice).collect::<Vec<_>>(), [1]);
        assert_eq!(parted.findings.unwrap().len(), 2);
    }
}
