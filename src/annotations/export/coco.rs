//! One COCO file of all photos. It is written photo by photo: half a million of them need no memory but for their names.

use std::io::Write;

use anyhow::Result;
use serde_json::{Value, json};

use super::{ExportPlan, ExportSummary, each_photo};
use crate::annotations::polygons::{coco_segmentation, kind_name};
use crate::disk::LongFile;
use crate::domain::mask::{LESION, LabelMap, SKIN};
use crate::measure::components::components;

pub fn write(plan: &ExportPlan, summary: &mut ExportSummary) -> Result<()> {
    let kinds = plan.results.kinds();
    let category = |class: u8| json!({"id": class, "name": kind_name(class, kinds), "supercategory": "skin"});
    let info = json!({"description": "Made by derm-seg from a model's masks. Research use only."});
    let classes = LESION..LESION + kinds.len() as u8;
    let categories: Vec<Value> = [SKIN].into_iter().chain(classes).map(category).collect();
    let categories = json!(categories);
    let mut file = LongFile::create(&plan.results.vault, &plan.dest)?;
    write!(file, r#"{{"info":{info},"licenses":[],"categories":{categories},"annotations":["#)?;
    let mut images: Vec<String> = Vec::new();
    let mut id = 0;
    let annotations_of = |_, _: &_, labels: &_| Ok(annotations(labels, &plan.classes()));
    each_photo(plan, summary, annotations_of, |photo, annotations| {
        let (width, height) = (photo.photo.width, photo.photo.height);
        let image = images.len() + 1;
        images.push(json!({"id": image, "file_name": photo.input.path, "width": width, "height": height}).to_string());
        for mut annotation in annotations {
            let comma = if id > 0 { "," } else { "" };
            id += 1;
            annotation["id"] = json!(id);
            annotation["image_id"] = json!(image);
            write!(file, "{comma}{annotation}")?;
        }
        Ok(())
    })?;
    write!(file, r#"],"images":[{}]}}"#, images.join(","))?;
    summary.files = 1;
    Ok(file.finish()?)
}

fn annotations(labels: &LabelMap, classes: &[u8]) -> Vec<Value> {
    let of_class = |class| {
        components(labels, class).into_iter().map(move |component| {
            json!({
                "category_id": class,
                "segmentation": coco_segmentation(&component, labels.width, labels.height),
                "area": component.area,
                "bbox": component.bbox,
                "iscrowd": 0,
            })
        })
    };
    classes.iter().copied().flat_map(of_class).collect()
}
