//! Photos in other colour spaces than sRGB: the profile to embed, and the same colours written in that space.
//!
//! The conversion is written out from the published primaries, so that it checks the program's and does not repeat it.

use derm_seg::domain::photo::Photo;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    DisplayP3,
    AdobeRgb,
}

impl Space {
    pub fn profile(self) -> Vec<u8> {
        let profile = match self {
            Space::DisplayP3 => moxcms::ColorProfile::new_display_p3(),
            Space::AdobeRgb => moxcms::ColorProfile::new_adobe_rgb(),
        };
        profile.encode().unwrap()
    }

    /// The pixels that show in this space what the photo shows in sRGB.
    pub fn encode_from_srgb(self, photo: &Photo) -> Photo {
        let rgb = photo.rgb.chunks_exact(3).flat_map(|p| self.pixel([p[0], p[1], p[2]])).collect();
        Photo { rgb, ..*photo }
    }

    fn pixel(self, srgb: [u8; 3]) -> [u8; 3] {
        let linear = srgb.map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        let matrix = match self {
            Space::DisplayP3 => {
                [[0.8224620, 0.1775380, 0.0], [0.0331942, 0.9668058, 0.0], [0.0170827, 0.0723974, 0.9105199]]
            }
            Space::AdobeRgb => [[0.7151256, 0.2848744, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0411619, 0.9588381]],
        };
        matrix.map(|row| {
            let value = row[0] * linear[0] + row[1] * linear[1] + row[2] * linear[2];
            let coded = match self {
                Space::DisplayP3 if value <= 0.0031308 => value * 12.92,
                Space::DisplayP3 => 1.055 * value.powf(1.0 / 2.4) - 0.055,
                Space::AdobeRgb => value.powf(256.0 / 563.0),
            };
            (coded * 255.0).round().clamp(0.0, 255.0) as u8
        })
    }
}
