//! Colour spaces: whatever a photo was saved in becomes 8-bit sRGB, which models are trained on and colour figures assume.

use std::sync::LazyLock;

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// What a file says of its colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Space {
    /// Nothing said, or sRGB said.
    Srgb,
    /// Cameras mark Adobe RGB by a word in the EXIF block instead of a profile.
    AdobeRgb,
    Icc(Vec<u8>),
}

/// Interleaved samples as they were decoded.
pub enum Samples {
    Grey(Vec<u8>),
    Rgb(Vec<u8>),
    /// 0 is no ink.
    Cmyk(Vec<u8>),
}

/// Said when the colours could not be converted as the file asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    ProfileUnusable,
    CmykApproximate,
}

static SRGB: LazyLock<ColorProfile> = LazyLock::new(ColorProfile::new_srgb);

/// Interleaved RGB in sRGB. Colours that cannot be converted are taken as they are, and the doubt is said.
pub fn to_srgb(samples: Samples, space: &Space) -> (Vec<u8>, Option<Doubt>) {
    let profile = match space {
        Space::Srgb => None,
        Space::AdobeRgb => Some(Ok(ColorProfile::new_adobe_rgb())),
        Space::Icc(bytes) => Some(ColorProfile::new_from_slice(bytes)),
    };
    let (layout, wanted, channels, data) = match samples {
        Samples::Grey(data) => (Layout::Gray, DataColorSpace::Gray, 1, data),
        Samples::Rgb(data) => (Layout::Rgb, DataColorSpace::Rgb, 3, data),
        // The library's four-channel layout serves CMYK as well.
        Samples::Cmyk(data) => (Layout::Rgba, DataColorSpace::Cmyk, 4, data),
    };
    let fallback = (channels == 4).then_some(Doubt::CmykApproximate);
    match profile {
        None => (plain(data, channels), fallback),
        // An RGB profile on a grey photo says nothing about grey: equal values are neutral in every RGB space.
        Some(Ok(profile)) if channels == 1 && profile.color_space == DataColorSpace::Rgb => (plain(data, 1), None),
        Some(Ok(profile)) if profile.color_space == wanted => match convert(&data, channels, layout, &profile) {
            Some(converted) => (converted.unwrap_or_else(|| plain(data, channels)), None),
            None => (plain(data, channels), Some(fallback.unwrap_or(Doubt::ProfileUnusable))),
        },
        Some(_) => (plain(data, channels), Some(fallback.unwrap_or(Doubt::ProfileUnusable))),
    }
}

/// None where the profile cannot be used; `Some(None)` where it changes nothing that could be seen.
fn convert(data: &[u8], channels: usize, layout: Layout, profile: &ColorProfile) -> Option<Option<Vec<u8>>> {
    let transform = profile.create_transform_8bit(layout, &SRGB, Layout::Rgb, TransformOptions::default()).ok()?;
    if channels == 3 {
        let probe: Vec<u8> =
            (0..6 * 6 * 6).flat_map(|i| [i % 6 * 51, i / 6 % 6 * 51, i / 36 * 51].map(|v| v as u8)).collect();
        let mut seen = vec![0; probe.len()];
        transform.transform(&probe, &mut seen).ok()?;
        if probe.iter().zip(&seen).all(|(a, b)| a.abs_diff(*b) <= 1) {
            return Some(None);
        }
    }
    let mut out = vec![0u8; data.len() / channels * 3];
    // In rows of a bounded size, so that the library's own buffers stay small.
    const ROW: usize = 4096;
    for (source, target) in data.chunks(ROW * channels).zip(out.chunks_mut(ROW * 3)) {
        transform.transform(source, target).ok()?;
    }
    Some(Some(out))
}

fn plain(data: Vec<u8>, channels: usize) -> Vec<u8> {
    match channels {
        1 => data.iter().flat_map(|&v| [v; 3]).collect(),
        3 => data,
        _ => data
            .chunks_exact(4)
            .flat_map(|p| {
                let light = u16::from(255 - p[3]);
                [p[0], p[1], p[2]].map(|ink| (u16::from(255 - ink) * light / 255) as u8)
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_gamut_red_gets_more_saturated_in_srgb() {
        let profile = ColorProfile::new_display_p3().encode().unwrap();
        let (rgb, doubt) = to_srgb(Samples::Rgb(vec![200, 80, 60]), &Space::Icc(profile));
        assert_eq!(doubt, None);
        // Computed with the published Display P3 and sRGB primaries.
        assert!(rgb[0].abs_diff(216) <= 1 && rgb[1].abs_diff(69) <= 1 && rgb[2].abs_diff(50) <= 1, "{rgb:?}");
    }

    #[test]
    fn an_srgb_profile_changes_nothing() {
        let profile = ColorProfile::new_srgb().encode().unwrap();
        let pixels: Vec<u8> = (0..=255).flat_map(|v| [v, 255 - v, v / 2]).collect();
        assert_eq!(to_srgb(Samples::Rgb(pixels.clone()), &Space::Icc(profile)), (pixels, None));
    }

    #[test]
    fn a_broken_profile_is_said_and_the_pixels_stay() {
        let (rgb, doubt) = to_srgb(Samples::Rgb(vec![1, 2, 3]), &Space::Icc(b"not a profile".to_vec()));
        assert_eq!((rgb, doubt), (vec![1, 2, 3], Some(Doubt::ProfileUnusable)));
    }

    #[test]
    fn ink_without_a_profile_is_approximate() {
        let (rgb, doubt) = to_srgb(Samples::Cmyk(vec![0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255]), &Space::Srgb);
        assert_eq!(rgb, [255, 255, 255, 255, 0, 0, 0, 0, 0]);
        assert_eq!(doubt, Some(Doubt::CmykApproximate));
    }
}
