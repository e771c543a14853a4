use super::*;
use crate::domain::mask::LabelMap;
use crate::measure::components::components;
use crate::measure::testing::{disc, mask, noise};
use serde_json::json;

fn samples() -> Vec<LabelMap> {
    let mut all: Vec<LabelMap> = (0..12).map(|seed| noise(5 + seed as u32 * 4, 31, seed)).collect();
    all.push(disc(90, 70, 40.0, 30.0, 25.0));
    all.push(LabelMap::filled(9, 4, LESION));
    all.push(LabelMap::filled(9, 4, BACKGROUND));
    all.push(mask(&["#"]));
    // Skin around a lesion that fills its hole, with background in the lesion and skin in that.
    all.push(mask(&["sssssss", "s#####s", "s#...#s", "s#.s.#s", "s#...#s", "s#####s", "sssssss"]));
    // Pockets that close at corners only.
    all.push(mask(&["######", "#....#", "#.##.#", "#.#...", "######"]));
    all.push(mask(&[".#.", "#.#", ".#."]));
    all
}

fn as_floats(ring: &Ring) -> Vec<[f64; 2]> {
    ring.iter().map(|p| p.map(f64::from)).collect()
}

#[test]
fn one_pixel_is_a_square_that_runs_clockwise() {
    let map = mask(&["...", "..#"]);
    let polygons = outlines(&components(&map, LESION)[0]);
    assert_eq!(polygons, [Polygon { outer: vec![[3, 1], [3, 2], [2, 2], [2, 1]], holes: vec![] }]);
}

#[test]
fn a_ring_has_a_hole_and_a_corner_contact_cuts() {
    let ring = outlines(&components(&mask(&["###", "#.#", "###"]), LESION)[0]);
    assert_eq!((ring.len(), ring[0].holes.len(), ring[0].holes[0].len()), (1, 1, 4));
    let diagonal = outlines(&components(&mask(&["#.", ".#"]), LESION)[0]);
    assert_eq!((diagonal.len(), diagonal[0].holes.len(), diagonal[1].outer.len()), (2, 0, 4));
    // The pocket touches the outside at a corner: it is a hole that touches the outline.
    let pocket = outlines(&components(&mask(&["####", "#..#", "#.#.", "####"]), LESION)[0]);
    assert_eq!((pocket.len(), pocket[0].holes.len()), (1, 1));
}

#[test]
fn filling_the_outlines_gives_the_mask_and_every_ring_is_simple() {
    for map in samples() {
        let mut again = LabelMap::filled(map.width, map.height, BACKGROUND);
        for class in [SKIN, LESION] {
            for component in components(&map, class) {
                let mut area = 0;
                for polygon in outlines(&component) {
                    let rings: Vec<_> = std::iter::once(&polygon.outer).chain(&polygon.holes).collect();
                    for ring in &rings {
                        let mut points = ring.to_vec();
                        points.sort_unstable();
                        points.dedup();
                        assert_eq!(points.len(), ring.len());
                        area += trace::doubled_area(ring);
                    }
                    let rings: Vec<_> = rings.into_iter().map(as_floats).collect();
                    fill(&rings, (map.width, map.height), |y, start, end| again.paint(y, start, end, class));
                }
                assert_eq!(area, 2 * component.area as i64);
            }
        }
        assert_eq!(again, map);
    }
}

#[test]
fn polygons_may_be_slanted_reach_out_of_the_frame_and_cross_themselves() {
    let painted = |ring: &[[f64; 2]], size| {
        let mut rows = Vec::new();
        fill(&[ring.to_vec()], size, |y, start, end| rows.push((y, start, end)));
        rows
    };
    assert_eq!(painted(&[[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]], (4, 4)), [(0, 0, 3), (1, 0, 2), (2, 0, 1)]);
    assert_eq!(painted(&[[-5.0, -5.0], [50.0, -5.0], [50.0, 50.0], [-5.0, 50.0]], (2, 2)), [(0, 0, 2), (1, 0, 2)]);
    assert_eq!(painted(&[[0.0, 0.0], [4.0, 4.0], [4.0, 0.0], [0.0, 4.0]], (4, 4)).len(), 6);
    assert!(painted(&[[0.1, 0.1], [0.2, 0.1], [0.2, 0.3]], (4, 4)).is_empty());
    assert!(painted(&[], (4, 4)).is_empty());
}

#[test]
fn runs_read_back_and_have_the_known_text() {
    // Three columns of two: the second column and the first pixel of the third.
    let piece = &components(&mask(&[".##", ".#."]), LESION)[0];
    let rle = Rle::of(piece, 3, 2);
    assert_eq!(rle.counts, [2, 3, 1]);
    assert_eq!(rle.to_text(), "231");
    for map in samples() {
        for component in components(&map, LESION) {
            let rle = Rle::of(&component, map.width, map.height);
            assert_eq!(Rle::from_text(&rle.to_text(), map.width, map.height).unwrap(), rle);
            let mut count = 0;
            rle.pixels(|x, y| {
                count += 1;
                assert_eq!(map.at(x, y), LESION);
            });
            assert_eq!(count, component.area);
        }
    }
}

#[test]
fn broken_runs_are_refused() {
    assert!(Rle::from_text("23 ", 3, 2).is_err());
    assert!(Rle::from_text("o", 3, 2).is_err());
    assert!(Rle::from_text("oooooooooooooooooooo", 3, 2).is_err());
    assert!(Rle::from_counts(vec![5, 2], 3, 2).is_err());
    assert!(Rle::from_counts(vec![u64::MAX, 2], 3, 2).is_err());
}

#[test]
fn a_coco_file_reads_back_to_the_same_masks() {
    let maps = samples();
    let mut annotations = Vec::new();
    for (id, map) in maps.iter().enumerate() {
        for class in [SKIN, LESION] {
            annotations.extend(components(map, class).iter().map(|component| {
                json!({"image_id": id, "category_id": class, "segmentation": coco_segmentation(component, map.width, map.height)})
            }));
        }
    }
    let images: Vec<_> = maps
        .iter()
        .enumerate()
        .map(|(id, map)| json!({"id": id, "file_name": format!("{id}.jpg"), "width": map.width, "height": map.height}))
        .collect();
    let categories = json!([{"id": 1, "name": "normal_skin"}, {"id": 2, "name": "lesion"}]);
    let file = json!({"images": images, "annotations": annotations, "categories": categories}).to_string();
    let set = CocoSet::read(file.as_bytes(), &known_class).unwrap();
    assert_eq!(set.names().nth(3), Some("3.jpg"));
    for (index, map) in maps.iter().enumerate() {
        assert_eq!(&set.mask(index).unwrap(), map);
    }
}

#[test]
fn coco_files_say_what_is_wrong_with_them() {
    let file = |category: &str, segmentation: serde_json::Value| {
        let json = json!({
            "images": [{"id": 7, "file_name": "a.jpg", "width": 3, "height": 2}],
            "categories": [{"id": 1, "name": category}],
            "annotations": [{"image_id": 7, "category_id": 1, "segmentation": segmentation}],
        });
        CocoSet::read(json.to_string().as_bytes(), &known_class).and_then(|set| set.mask(0))
    };
    assert_eq!(file("lesion", json!({"size": [2, 3], "counts": [2, 3, 1]})).unwrap().data, [0, 2, 2, 0, 2, 0]);
    assert!(file("wart", json!([[0, 0, 1, 0, 1, 1]])).unwrap_err().to_string().contains("\"wart\""));
    assert!(file("lesion", json!([[0, 0, 1, 0]])).unwrap_err().to_string().contains("no area"));
    assert!(file("lesion", json!({"size": [3, 2], "counts": [2, 3, 1]})).unwrap_err().to_string().contains("3 x 2"));
    assert!(CocoSet::read(b"[]", &known_class).is_err());
}

#[test]
fn a_labelme_file_reads_back_to_the_same_mask() {
    for map in samples() {
        let file =
            json!({"imageWidth": map.width, "imageHeight": map.height, "shapes": labelme_shapes(&map, &[SKIN, LESION], &[], None)}).to_string();
        assert_eq!(read_labelme(file.as_bytes(), &known_class).unwrap(), map);
    }
}

#[test]
fn a_lesion_that_fills_its_hole_needs_no_shape_for_the_hole() {
    let shapes = labelme_shapes(&mask(&["sss", "s#s", "sss"]), &[SKIN, LESION], &[], None);
    let labels: Vec<_> = shapes.iter().map(|shape| shape["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["normal_skin", "lesion"]);
}

#[test]
fn other_labelme_shapes() {
    let read = |shape: serde_json::Value| {
        let file = json!({"imageWidth": 4, "imageHeight": 3, "shapes": [shape]}).to_string();
        read_labelme(file.as_bytes(), &known_class)
    };
    let rectangle = read(json!({"label": "lesion", "points": [[3, 2], [1, 0]], "shape_type": "rectangle"})).unwrap();
    assert_eq!(rectangle.data, [0, 2, 2, 0, 0, 2, 2, 0, 0, 0, 0, 0]);
    let circle = read(json!({"label": "lesion", "points": [[1.5, 1.5], [2.6, 1.5]], "shape_type": "circle"})).unwrap();
    assert_eq!(circle.data, [0, 2, 0, 0, 2, 2, 2, 0, 0, 2, 0, 0]);
    assert!(
        read(json!({"label": "lesion", "points": [[1, 1]], "shape_type": "point"}))
            .unwrap_err()
            .to_string()
            .contains("point")
    );
    assert!(
        read(json!({"label": "eczema", "points": [[0, 0], [1, 0], [1, 1]]}))
            .unwrap_err()
            .to_string()
            .contains("eczema")
    );
    assert!(read_labelme(b"{}", &known_class).is_err());
}

#[test]
fn names_that_people_use() {
    for (name, class) in
        [("Lesion", Some(LESION)), ("normal skin", Some(SKIN)), ("_background_", Some(BACKGROUND)), ("nevus", None)]
    {
        assert_eq!(known_class(name), class);
    }
    for class in [BACKGROUND, SKIN, LESION, IGNORE] {
        assert_eq!(known_class(class_name(class)), Some(class));
    }
}

#[test]
fn runs_that_add_up_to_more_than_a_number_holds_are_refused() {
    // Each number is added to the one before the last.
    let text = "ooooooooooo?".repeat(40);
    assert!(Rle::from_text(&text, 40, 30).unwrap_err().to_string().contains("cannot be"));
}
