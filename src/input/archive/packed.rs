//! What packs a tar: gzip and Zstandard. What swells beyond measure when it is unpacked is stopped.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::Broken;

/// Photos are packed already: even blank ones do not come near this.
pub const RATIO: u64 = 200;
/// Small archives may swell more.
const SLACK: u64 = 256 << 20;

/// More than photos ever need of so much packed.
pub fn swells(packed: u64, unpacked: u64) -> bool {
    unpacked > packed.saturating_mul(RATIO).saturating_add(SLACK)
}

/// The input unpacked, or itself where its first bytes say that it is not packed.
pub fn unpacked<R: Read + Send + 'static>(start: &[u8], input: R) -> Result<io::Result<Box<dyn Read + Send>>, R> {
    let count = Arc::new(AtomicU64::new(0));
    match *start {
        [0x1f, 0x8b, ..] => {
            let counted = BufReader::new(Counted { input, count: Arc::clone(&count) });
            Ok(Ok(Box::new(Watched { input: MultiGzDecoder::new(counted), packed: count, unpacked: 0 })))
        }
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let counted = Counted { input, count: Arc::clone(&count) };
            let watched = |input| -> Box<dyn Read + Send> { Box::new(Watched { input, packed: count, unpacked: 0 }) };
            Ok(zstd::stream::read::Decoder::new(counted).map(watched))
        }
        _ => Err(input),
    }
}

struct Counted<R> {
    input: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

struct Watched<R> {
    input: R,
    packed: Arc<AtomicU64>,
    unpacked: u64,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.unpacked += read as u64;
        match swells(self.packed.load(Ordering::Relaxed), self.unpacked) {
            true => Err(io::Error::other(Broken::Swells)),
            false => Ok(read),
        }
    }
}
