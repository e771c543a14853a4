//! Which reference belongs to which prediction, by name. Names are paths inside their folders, with `/`.
//!
//! A reference of `sub/a.jpg` may be `sub/a.jpg.png`, `sub/a_segmentation.png`, `sub/a_mask.png` or `sub/a.png` (any picture
//! extension), in this order; then the same without the folders, where that leaves no doubt.

use std::collections::{BTreeMap, BTreeSet};

pub const SUFFIXES: [&str; 2] = ["_segmentation", "_mask"];
const EXTENSIONS: [&str; 12] =
    ["png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp", "gif", "dcm", "heic", "heif", "json"];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairing {
    /// Prediction and reference, in the order of the predictions.
    pub pairs: Vec<(usize, usize)>,
    /// Predictions without a reference.
    pub lone_predictions: Vec<usize>,
    /// References without a prediction.
    pub lone_truths: Vec<usize>,
    /// Names that fit more than one: predictions and references that share them.
    pub doubtful: Vec<(Vec<usize>, Vec<usize>)>,
}

/// `suffixes` are tried besides the usual ones.
pub fn pair(predictions: &[String], truths: &[String], suffixes: &[String]) -> Pairing {
    let suffixes: Vec<&str> = suffixes.iter().map(String::as_str).chain(SUFFIXES).collect();
    let predictions: Vec<Name> = predictions.iter().map(|p| Name::new(p, &suffixes)).collect();
    let truths: Vec<Name> = truths.iter().map(|t| Name::new(t, &suffixes)).collect();
    let mut open: (BTreeSet<usize>, BTreeSet<usize>) = ((0..predictions.len()).collect(), (0..truths.len()).collect());
    let mut found = Pairing::default();

    // What a prediction and a reference must have in common, the surest first.
    let rounds: [(KeyOf, KeyOf); 3] = [
        (|p| Some(&p.whole), |t| t.repeated.as_deref()),
        (|p| Some(p.base()), |t| t.marked.as_deref()),
        (|p| Some(p.base()), |t| Some(&t.stem)),
    ];
    for with_folder in [true, false] {
        let label = |name: &Name, key: KeyOf| {
            let folder = if with_folder { name.folder.clone() } else { String::new() };
            key(name).map(|key| (folder, key.to_owned()))
        };
        for (key_of_prediction, key_of_truth) in rounds {
            let mut groups: BTreeMap<(String, String), (Vec<usize>, Vec<usize>)> = BTreeMap::new();
            // With their folders, those that are still alone; without, all: a name that repeats in several folders, as photos
            // of patients do, says nothing by itself, also if the others have found theirs.
            for p in (0..predictions.len()).filter(|p| !with_folder || open.0.contains(p)) {
                if let Some(k) = label(&predictions[p], key_of_prediction) {
                    groups.entry(k).or_default().0.push(p);
                }
            }
            for t in (0..truths.len()).filter(|t| !with_folder || open.1.contains(t)) {
                if let Some(k) = label(&truths[t], key_of_truth) {
                    groups.entry(k).or_default().1.push(t);
                }
            }
            for (ps, ts) in groups.into_values().filter(|(ps, ts)| !ps.is_empty() && !ts.is_empty()) {
                match (ps.as_slice(), ts.as_slice()) {
                    (&[p], &[t]) if open.0.contains(&p) && open.1.contains(&t) => found.pairs.push((p, t)),
                    _ if with_folder => found.doubtful.push((ps.clone(), ts.clone())),
                    _ => continue,
                }
                ps.iter().for_each(|p| _ = open.0.remove(p));
                ts.iter().for_each(|t| _ = open.1.remove(t));
            }
        }
    }
    found.pairs.sort_unstable();
    found.lone_predictions = open.0.into_iter().collect();
    found.lone_truths = open.1.into_iter().collect();
    found
}

/// The names by which a table may call an image, the surest first: its path, its file, the file's stem, the stem unmarked.
pub fn aliases(path: &str) -> Vec<String> {
    let name = Name::new(path, &SUFFIXES);
    let folder = if name.folder.is_empty() { String::new() } else { format!("{}/", name.folder) };
    let of = [path.to_owned(), format!("{folder}{}", name.whole), format!("{folder}{}", name.stem)];
    of.into_iter().chain([name.whole.clone(), name.stem.clone(), name.base().to_owned()]).collect()
}

/// Where a file is, and its stem, with and without a suffix that marks references.
pub fn folder_and_stems(path: &str, suffixes: &[String]) -> (String, Vec<String>) {
    let suffixes: Vec<&str> = suffixes.iter().map(String::as_str).chain(SUFFIXES).collect();
    let name = Name::new(path, &suffixes);
    (name.folder, [Some(name.stem), name.marked].into_iter().flatten().collect())
}

type KeyOf = fn(&Name) -> Option<&str>;

struct Name {
    folder: String,
    /// The photo's own name: `a.jpg` of `a.jpg` and of `a.jpg.png`.
    whole: String,
    /// The photo's own name where the file adds an extension to it: `a.jpg` of `a.jpg.png`, nothing of `a.png`.
    repeated: Option<String>,
    /// Without any picture extension.
    stem: String,
    /// The stem without a suffix that marks references, where there is one.
    marked: Option<String>,
}

impl Name {
    fn new(path: &str, suffixes: &[&str]) -> Self {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let once = without_extension(file);
        let stem = without_extension(once);
        let repeated = (once != stem).then(|| once.to_owned());
        let marked = suffixes
            .iter()
            .filter_map(|suffix| {
                let cut = stem.len().checked_sub(suffix.len()).filter(|&cut| cut > 0 && stem.is_char_boundary(cut))?;
                stem[cut..].eq_ignore_ascii_case(suffix).then(|| &stem[..cut])
            })
            .min_by_key(|base| base.len());
        Name {
            folder: folder.to_owned(),
            whole: repeated.clone().unwrap_or_else(|| file.to_owned()),
            repeated,
            stem: stem.to_owned(),
            marked: marked.map(str::to_owned),
        }
    }

    fn base(&self) -> &str {
        self.marked.as_deref().unwrap_or(&self.stem)
    }
}

fn without_extension(file: &str) -> &str {
    match file.rsplit_once('.') {
        Some((stem, ext)) if !stem.is_empty() && EXTENSIONS.contains(&ext.to_lowercase().as_str()) => stem,
        _ => file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&s| s.to_owned()).collect()
    }

    fn paired(predictions: &[&str], truths: &[&str]) -> Vec<(String, String)> {
        let pairing = pair(&names(predictions), &names(truths), &[]);
        pairing.pairs.iter().map(|&(p, t)| (predictions[p].to_owned(), truths[t].to_owned())).collect()
    }

    #[test]
    fn every_rule_finds_its_reference() {
        for truth in ["a.jpg.png", "a.png", "a_segmentation.png", "a_Mask.BMP", "a.tif"] {
            assert_eq!(paired(&["a.jpg"], &[truth]), [("a.jpg".to_owned(), truth.to_owned())]);
        }
        let lesion = pair(&names(&["IMD002.bmp"]), &names(&["IMD002_lesion.bmp"]), &names(&["_lesion"]));
        assert_eq!(lesion.pairs, [(0, 0)]);
    }

    #[test]
    fn mask_folders_pair_with_each_other() {
        assert_eq!(paired(&["a.jpg.png"], &["a_mask.png"]).len(), 1);
        assert_eq!(paired(&["a_mask.png", "b_mask.png"], &["b_mask.png", "a_mask.png"]).len(), 2);
        assert_eq!(paired(&["a_mask.png"], &["a_segmentation.png"]).len(), 1);
        assert_eq!(paired(&["a.v2.png"], &["a.v2.tif"]).len(), 1);
    }

    #[test]
    fn the_surest_rule_wins() {
        let two_photos = ["a.jpg", "a.png"];
        let truths = ["a.jpg.png", "a.png.png"];
        assert_eq!(
            paired(&two_photos, &truths),
            [("a.jpg".into(), "a.jpg.png".into()), ("a.png".into(), "a.png.png".into())]
        );
        // The photos lie beside their masks: they are no references, and are told of.
        let beside = pair(&names(&["a.jpg"]), &names(&["a.jpg", "a_segmentation.png"]), &[]);
        assert_eq!((beside.pairs, beside.lone_truths), (vec![(0, 1)], vec![0]));
    }

    #[test]
    fn folders_decide_first_and_are_left_out_only_without_doubt() {
        assert_eq!(paired(&["x/a.jpg", "y/a.jpg"], &["y/a.png", "x/a.png"]).len(), 2);
        assert_eq!(paired(&["x/a.jpg"], &["deep/er/a_mask.png"]).len(), 1);
        // Another patient's photo of the same name is another photo.
        assert_eq!(paired(&["x/a.jpg", "y/a.jpg"], &["x/a.png", "z/a.png"]), [("x/a.jpg".into(), "x/a.png".into())]);
        let twice = pair(&names(&["x/a.jpg", "y/a.jpg"]), &names(&["a.png"]), &[]);
        assert_eq!((twice.pairs.len(), twice.lone_predictions.len(), twice.lone_truths.len()), (0, 2, 1));
    }

    #[test]
    fn what_fits_twice_is_paired_with_nothing() {
        let one_truth = pair(&names(&["a.jpg", "a.png"]), &names(&["a.bmp"]), &[]);
        assert_eq!((one_truth.pairs.len(), one_truth.doubtful), (0, vec![(vec![0, 1], vec![0])]));
        let two_truths = pair(&names(&["a.jpg"]), &names(&["a_mask.png", "a_segmentation.png"]), &[]);
        assert_eq!((two_truths.pairs.len(), two_truths.doubtful), (0, vec![(vec![0], vec![0, 1])]));
    }

    #[test]
    fn the_lonely_are_told() {
        let p = pair(&names(&["a.jpg", "b.jpg"]), &names(&["b.png", "c.png"]), &[]);
        assert_eq!((p.pairs, p.lone_predictions, p.lone_truths), (vec![(1, 0)], vec![0], vec![1]));
    }
}
