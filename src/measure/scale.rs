//! Millimetres: what follows for the figures of a photo when it is known how long a pixel is.

use crate::domain::record::{Done, LesionMm, Scale, as_written};

/// Adds the figures in millimetres; those in pixels stay. They follow from what is written, so that they are the same whether the
/// scale was known from the beginning or told later.
pub fn in_millimetres(done: &mut Done, scale: Scale) {
    let length = |px: f64| as_written(as_written(px) * scale.mm_per_px);
    let area = |px: u64| as_written(px as f64 * scale.mm_per_px * scale.mm_per_px);
    done.area.mm_per_px = Some(scale.mm_per_px);
    done.area.scale_source = Some(scale.source);
    done.area.lesion_mm2 = done.area.lesion_px.map(area);
    for lesion in &mut done.lesions {
        lesion.mm = Some(LesionMm {
            area_mm2: area(lesion.area_px),
            perimeter_mm: length(lesion.perimeter_px),
            equivalent_diameter_mm: length(lesion.equivalent_diameter_px),
            major_axis_mm: length(lesion.major_axis_px),
            minor_axis_mm: length(lesion.minor_axis_px),
            feret_diameter_mm: length(lesion.feret_diameter_px),
        });
    }
}
