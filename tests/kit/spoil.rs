//! Files that are broken in the ways that files break, and some that mean harm.

use derm_seg::domain::photo::Photo;

use super::files::{self, Jpeg};
use super::noise::Rng;
use super::pngs::{self, Colour, Png};

/// Name for messages, file name's ending, content.
pub type Spoilt = (&'static str, &'static str, Vec<u8>);

/// One of each kind; none can be segmented.
pub fn each_kind(photo: &Photo) -> Vec<Spoilt> {
    let jpeg = Jpeg::camera().write(photo);
    let png = Png::rgb8(photo).bytes();
    vec![
        ("no bytes", "jpg", Vec::new()),
        ("text named as a photo", "jpg", b"This is a note, not a photo.\n".repeat(40)),
        ("JPEG cut in its header", "jpg", jpeg[..120].to_vec()),
        ("PNG cut in half", "png", png[..png.len() / 2].to_vec()),
        ("PNG with a wrong checksum in its header", "png", flipped(&png, 20)),
        ("only zeros", "jpg", vec![0; 5000]),
        ("a PNG of 65535 by 65535 in a few bytes", "png", png_bomb()),
        ("a JPEG that claims 65500 by 65500", "jpg", jpeg_claiming(&jpeg, 65500, 65500)),
        ("a JPEG that claims no width", "jpg", jpeg_claiming(&jpeg, 0, 0)),
        ("a BMP of two thousand million pixels", "bmp", bmp_claiming(photo, 0x7fff_ffff, 0x7fff_ffff)),
        ("a WebP cut short", "webp", cut(&files::webp(photo), 40)),
        ("a TIFF without its pages", "tif", files::tiff(&[photo], false)[..8].to_vec()),
        ("a web page", "jpg", b"<!doctype html><html><body>404 Not Found</body></html>".to_vec()),
        ("a ZIP archive", "jpg", [b"PK\x03\x04\x14\0\0\0\x08\0".as_slice(), &[7; 300]].concat()),
    ]
}

/// Cut short by `percent` of its length.
pub fn cut(file: &[u8], percent: usize) -> Vec<u8> {
    file[..file.len() * (100 - percent) / 100].to_vec()
}

fn flipped(file: &[u8], at: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at] ^= 0xff;
    file
}

/// A few random bytes changed, removed or repeated: the same seed spoils the same way.
pub fn corrupted(file: &[u8], seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let mut file = file.to_vec();
    for _ in 0..1 + rng.below(12) {
        // Headers decide more than pixels do, so half of the hits go there.
        let reach = if rng.chance(0.5) { file.len().min(600) } else { file.len() };
        let at = rng.below(reach.max(1));
        match rng.below(5) {
            0 => file[at] ^= 1 << rng.below(8),
            1 => file[at] = rng.pick(&[0, 0xff, 0x7f, 0x80]),
            2 => file.truncate((at + 64).min(file.len())),
            3 => {
                let piece: Vec<u8> = file[at..(at + 1 + rng.below(32)).min(file.len())].to_vec();
                file.splice(at..at, piece);
            }
            _ => {
                let end = (at + 1 + rng.below(16)).min(file.len());
                file.drain(at..end);
            }
        }
        if file.is_empty() {
            break;
        }
    }
    file
}

/// All zero rows compress a thousandfold, so a small file claims four thousand million pixels.
fn png_bomb() -> Vec<u8> {
    let mut file = pngs::header(65535, 65535, 8, Colour::Grey, false);
    file.extend(pngs::chunk(b"IDAT", &pngs::deflate(&vec![0; 1 << 20])));
    file.extend(pngs::chunk(b"IEND", &[]));
    file
}

/// Other sizes in the frame header.
pub fn jpeg_claiming(jpeg: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut file = jpeg.to_vec();
    let at = file.windows(2).position(|w| matches!(w, [0xff, 0xc0..=0xc2])).unwrap();
    file[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    file[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    file
}

fn bmp_claiming(photo: &Photo, width: u32, height: u32) -> Vec<u8> {
    let mut file = files::bmp(photo);
    file[18..22].copy_from_slice(&width.to_le_bytes());
    file[22..26].copy_from_slice(&height.to_le_bytes());
    file
}
