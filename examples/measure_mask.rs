//! Measures mask images without a model: `measure_mask MASK[=PHOTO]...` prints one line of JSON a mask, in the order given.
//!
//! For `tests/oracle`, and for anyone who has masks and wants the figures. A mask is grey: 0, 1 and 2 are the classes,
//! above 128 is lesion. Without a photo the colours are those of a grey card.

use std::error::Error;

use derm_seg::domain::mask::{BACKGROUND, LESION, LabelMap, SKIN};
use derm_seg::domain::photo::Photo;
use derm_seg::measure::measure;

fn main() -> Result<(), Box<dyn Error>> {
    for argument in std::env::args().skip(1) {
        let (mask, photo) = argument.split_once('=').map_or((argument.as_str(), None), |(m, p)| (m, Some(p)));
        let grey = image::open(mask)?.into_luma8();
        let (width, height) = grey.dimensions();
        let class = |value| match value {
            SKIN | LESION => value,
            129.. => LESION,
            _ => BACKGROUND,
        };
        let labels = LabelMap { width, height, data: grey.into_raw().into_iter().map(class).collect() };
        let rgb = match photo {
            Some(path) => image::open(path)?.into_rgb8().into_raw(),
            None => vec![128; labels.data.len() * 3],
        };
        let has_skin_class = labels.data.contains(&SKIN);
        let measured = measure(&Photo { width, height, rgb }, &labels, has_skin_class, Some(&|_, _| 1.0));
        println!("{}", serde_json::to_string(&measured)?);
    }
    Ok(())
}
