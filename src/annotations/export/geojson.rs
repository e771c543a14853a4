//! GeoJSON in pixels of the photo, as image viewers such as QuPath read it: one feature for every piece of a class.

use serde_json::{Value, json};

use crate::annotations::polygons::{Polygon, kind_name, outlines};
use crate::domain::mask::{LabelMap, is_lesion};
use crate::domain::record::Done;
use crate::measure::components::components;

pub fn file(photo: &Done, labels: &LabelMap, classes: &[u8], kinds: &[String]) -> Value {
    let mut features = Vec::new();
    for &class in classes {
        for (index, component) in components(labels, class).iter().enumerate() {
            // Lesions of the record are in the same order; specks at the end have no figures.
            let name = kind_name(class, kinds);
            let mut of_class =
                photo.lesions.iter().filter(|lesion| lesion.class.as_deref().unwrap_or("lesion") == name);
            let figures = of_class.nth(index).filter(|_| is_lesion(class));
            let mut properties = json!({"objectType": "annotation", "name": name, "classification": {"name": name}});
            properties["area_px"] = json!(component.area);
            properties["figures"] = json!(figures);
            let geometry = geometry(&outlines(component));
            features.push(json!({"type": "Feature", "geometry": geometry, "properties": properties}));
        }
    }
    let (width, height) = (labels.width, labels.height);
    json!({"type": "FeatureCollection", "features": features, "image": {"path": photo.input.path, "width": width, "height": height}})
}

fn geometry(polygons: &[Polygon]) -> Value {
    let rings = |polygon: &Polygon| -> Value {
        let closed =
            |ring: &Vec<[i32; 2]>| -> Value { ring.iter().chain(ring.first()).copied().map(|p| json!(p)).collect() };
        std::iter::once(&polygon.outer).chain(&polygon.holes).map(closed).collect()
    };
    match polygons {
        [one] => json!({"type": "Polygon", "coordinates": rings(one)}),
        many => json!({"type": "MultiPolygon", "coordinates": many.iter().map(rings).collect::<Value>()}),
    }
}
